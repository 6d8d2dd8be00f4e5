/** Backstage and on air: the others face to face, oneself among them, and where one stands. */

import { Camera, CameraOff, LogOut, Mic, MicOff, Settings2, UserRound, Volume2 } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Fault, Other, Role, StageView } from "../api";
import { useWords } from "../i18n";
import { Player, type Publisher } from "../rtc/link";
import type { Link } from "../sse";
import { type Levels, Meter } from "../ui/meter";
import { Button, FaultNote, LangSwitch } from "../ui/parts";
import { Picture, useMachine, usePlayer } from "../ui/video";
import { type Devices, OFF, type Source } from "./devices";
import { METER_ID } from "./loudness";
import type { Memory } from "./memory";
import { Self } from "./self";
import { DeviceChoices } from "./setup";

interface Props {
  code: string;
  view: StageView;
  link: Link;
  again: () => void;
  publisher: Publisher;
  source: Source;
  devices: Devices;
  levels: Levels;
  memory: Memory;
  change: (some: Partial<Memory>) => void;
  nameFault: Fault | null;
  onNameFault: () => void;
  onLeave: () => void;
}

export function Room(props: Props) {
  const { view, memory, change, source } = props;
  const { t } = useWords();
  const machine = useMachine(props.publisher);
  const [devicesOpen, openDevices] = useState(false);
  const [silenced, setSilenced] = useState(false);
  const [loud, setLoud] = useState(0);
  const lastCamera = useRef("");
  const cameraOff = memory.camera === OFF || source.stream.getVideoTracks().length === 0;
  const phase = machine?.phase ?? "asking";
  const there = view.others.filter((it) => it.connection !== "away");
  const tiles = there.length + 1;
  return (
    <div class="room" data-on-air={view.me.role === "host" && phase === "flowing"}>
      <Banner {...props} phase={phase} fault={machine?.fault ?? null} />
      <main class="room-tiles" data-tiles={Math.min(tiles, 9)}>
        {there.map((other) => (
          <OtherTile
            key={other.id}
            other={other}
            slug={view.show.slug}
            code={props.code}
            onAir={view.show.state === "live"}
            loud={loud}
            onSilenced={() => setSilenced(true)}
          />
        ))}
        <figure class="tile self">
          <Self stream={source.stream} name={view.me.name} />
          <figcaption>
            {memory.quiet || view.me.muted ? <MicOff size={16} aria-label={t("stage.mic_off")} /> : null}
            <span class="clip-text">{t("stage.you_named", { name: view.me.name })}</span>
            <Meter levels={props.levels} id={METER_ID} label={t("stage.level")} />
          </figcaption>
        </figure>
      </main>
      {devicesOpen ? (
        <div class="room-devices">
          <DeviceChoices source={source} devices={props.devices} wish={memory} onWish={change} />
        </div>
      ) : null}
      <footer class="room-bar">
        <FaultNote fault={props.nameFault} onClose={props.onNameFault} />
        <p class="small soft" role="status" hidden={!view.me.muted}>
          {view.me.muted ? t("stage.director_muted") : ""}
        </p>
        {silenced ? (
          <Button
            kind="spot"
            onClick={() => {
              setSilenced(false);
              setLoud((n) => n + 1);
            }}
          >
            <Volume2 size={20} aria-hidden="true" />
            {t("watch.unmute")}
          </Button>
        ) : null}
        <div class="room-buttons">
          <Button kind={memory.quiet ? "off" : ""} aria-pressed={memory.quiet} onClick={() => change({ quiet: !memory.quiet })}>
            {memory.quiet ? <MicOff size={20} aria-hidden="true" /> : <Mic size={20} aria-hidden="true" />}
            <span>{t(memory.quiet ? "stage.unmute_me" : "stage.mute_me")}</span>
          </Button>
          <Button
            kind={cameraOff ? "off" : ""}
            aria-pressed={cameraOff}
            onClick={() => {
              if (!cameraOff) lastCamera.current = memory.camera;
              change({ camera: cameraOff ? lastCamera.current : OFF });
            }}
          >
            {cameraOff ? <CameraOff size={20} aria-hidden="true" /> : <Camera size={20} aria-hidden="true" />}
            <span>{t(cameraOff ? "stage.show_me" : "stage.hide_me")}</span>
          </Button>
          <Button kind={devicesOpen ? "on icon" : "icon"} label={t("stage.devices")} aria-expanded={devicesOpen} onClick={() => openDevices(!devicesOpen)}>
            <Settings2 size={20} aria-hidden="true" />
          </Button>
          <Button label={t("stage.leave")} onClick={props.onLeave}>
            <LogOut size={20} aria-hidden="true" />
            <span>{t("stage.leave")}</span>
          </Button>
        </div>
      </footer>
    </div>
  );
}

function Banner({ view, link, again, phase, fault }: Props & { phase: string; fault: Fault | null }) {
  const { t } = useWords();
  const role: Role = view.me.role;
  const broken = phase === "waiting" || phase === "shaky" || phase === "refused" || link === "lost";
  const held = phase === "flowing" || phase === "shaky";
  const onAir = role === "host" && view.show.state === "live" && held;
  const paused = role === "host" && view.show.state === "paused";
  const where = onAir ? "on_air" : role === "host" ? "on_stage" : role;
  const text = phase === "refused"
    ? t("stage.refused", { code: fault?.code ?? "" })
    : broken
      ? t("stage.lost")
      : phase !== "flowing"
        ? t("stage.joining")
        : t(paused ? "where.paused.text" : view.show.state === "over" ? "stage.over.text" : `where.${where}.text`);
  return (
    <header class="banner" data-where={where}>
      <div class="banner-where" role="status" aria-live="assertive">
        <span class={`badge ${onAir ? "live" : ""}`}>
          <span class="shape" aria-hidden="true" />
          {t(`where.${where}`)}
        </span>
        <span class="banner-text">{text}</span>
      </div>
      {broken ? (
        <Button kind="small" onClick={again}>
          {t("try_now")}
        </Button>
      ) : null}
      <LangSwitch />
    </header>
  );
}

interface TileProps {
  other: Other;
  slug: string;
  code: string;
  /** The show is live: who is on stage is on air. */
  onAir: boolean;
  /** Counts the presses of "turn on the sound". */
  loud: number;
  onSilenced: () => void;
}

function OtherTile({ other, slug, code, onAir, loud, onSilenced }: TileProps) {
  const { t } = useWords();
  const [muted, setMuted] = useState(false);
  const player = usePlayer(
    () => new Player(`/whep/${encodeURIComponent(slug)}?performer=${other.id}`, code, other.video),
    other.id,
    other.connection === "connected",
  );
  useEffect(() => player?.expects(other.video), [player, other.video]);
  useEffect(() => setMuted(false), [loud]);
  const machine = useMachine(player);
  const away = other.connection !== "connected" || machine?.phase === "waiting" || machine?.phase === "shaky";
  return (
    <figure class="tile" data-picture={other.video}>
      <Picture
        player={player}
        muted={muted}
        cover
        label={other.name}
        onSilenced={() => {
          setMuted(true);
          onSilenced();
        }}
      >
        <span class="initial" aria-hidden="true">
          {other.name.slice(0, 1)}
        </span>
      </Picture>
      {!other.video && !away ? (
        <div class="tile-dark">
          <UserRound size={28} aria-hidden="true" />
        </div>
      ) : null}
      {away ? <div class="note">{t("stage.other_lost", { name: other.name })}</div> : null}
      <figcaption>
        {other.muted || !other.audio ? <MicOff size={16} aria-label={t("stage.mic_off")} /> : null}
        <span class="clip-text">{other.name}</span>
      </figcaption>
      {other.role === "host" ? (
        <span class={`badge ${onAir ? "live" : ""}`}>
          <span class="shape" aria-hidden="true" />
          {t(onAir ? "where.on_air" : "where.on_stage")}
        </span>
      ) : null}
    </figure>
  );
}
