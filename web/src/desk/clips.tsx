/** Clips: in by upload, into the mix by one press. */

import { FileVideo, Image, Music, Pause, Play, Repeat, Square, Trash2, Upload as UploadIcon, X } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Clip, Playback, StageState } from "../api";
import { bytes, clock, playTime } from "../clock";
import { faultWords, useWords } from "../i18n";
import { type Levels, Meter } from "../ui/meter";
import { Button, Confirm, FaultNote, Slider } from "../ui/parts";
import { useDesk, useThrottle } from "./actions";
import { kindOf, position } from "./model";
import { type Upload, useUploads } from "./upload";

const ACCEPT = "video/*,audio/*,image/*,.mkv,.mov,.avi,.ts,.flv,.webm,.ogg";

export function Clips({ state, levels }: { state: StageState; levels: Levels }) {
  const { t } = useWords();
  const desk = useDesk();
  const uploads = useUploads(desk);
  const [over, setOver] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined): void => [...(files ?? [])].forEach((file) => uploads.send(file));
  const empty = state.clips.length === 0 && uploads.all.length === 0;
  return (
    <section
      class="panel desk-clips"
      aria-label={t("desk.clips")}
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <div class="panel-head">
        <h2>{t("desk.clips")}</h2>
        <span class="grow" />
        <input
          ref={field}
          class="unseen"
          type="file"
          multiple
          accept={ACCEPT}
          tabIndex={-1}
          aria-label={t("clip.upload")}
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
        <Button kind="small" onClick={() => field.current?.click()}>
          <UploadIcon size={16} aria-hidden="true" />
          {t("clip.upload")}
        </Button>
      </div>
      {empty ? <p class="soft small clips-empty">{t("clip.none")}</p> : null}
      <ul class="clips">
        {uploads.all.map((it) => (
          <UploadCard key={`up ${it.id}`} it={it} onDismiss={() => uploads.dismiss(it.id)} />
        ))}
        {state.clips.map((it) => (
          <ClipCard key={it.id} clip={it} playback={state.playback?.clip === it.id ? state.playback : null} levels={levels} />
        ))}
      </ul>
    </section>
  );
}

function UploadCard({ it, onDismiss }: { it: Upload; onDismiss: () => void }) {
  const { t, lang } = useWords();
  const words = it.fault ? faultWords(it.fault) : null;
  const percent = new Intl.NumberFormat(lang, { style: "percent" }).format(it.share);
  return (
    <li class="clip" data-upload={it.fault ? "refused" : "sending"}>
      <div class="row">
        <b class="clip-text grow">{it.name}</b>
        <Button kind="icon small quiet" label={t(it.fault ? "close" : "clip.cancel")} onClick={it.fault ? onDismiss : it.cancel}>
          <X size={16} aria-hidden="true" />
        </Button>
      </div>
      {words ? (
        <p class="small" role="alert">
          {words.text} <span class="soft">{words.hint}</span>
        </p>
      ) : (
        <>
          <progress class="progress" value={it.share} max={1} aria-label={t("clip.uploading", { name: it.name })} />
          <span class="small soft figures" role="status">
            {it.share < 1 ? percent : t("clip.checking")}
          </span>
        </>
      )}
    </li>
  );
}

const ICONS = { film: FileVideo, picture: Image, sound: Music };

function ClipCard({ clip, playback, levels }: { clip: Clip; playback: Playback | null; levels: Levels }) {
  const { t, lang } = useWords();
  const desk = useDesk();
  const [removing, setRemoving] = useState(false);
  const key = `clip ${clip.id}`;
  const path = `/clips/${clip.id}`;
  const Icon = ICONS[kindOf(clip)];
  const post = (what: string, body: unknown = {}): void => void desk.act(key, "POST", `${path}/${what}`, body);
  const loaded = playback !== null && playback.state !== "failed";
  const playing = playback?.state === "playing";
  const facts = [
    clip.duration_ms === null ? null : playTime(clip.duration_ms),
    clip.width === null || clip.height === null ? null : `${clip.width}×${clip.height}`,
    bytes(clip.size, lang),
  ].filter((it) => it !== null);
  return (
    <li class="clip" data-state={playback?.state ?? "rest"} data-id={clip.id}>
      <div class="row">
        <Icon size={16} aria-hidden="true" class="clip-icon" />
        <div class="grow">
          <b class="clip-text clip-name" title={clip.name}>
            {clip.name}
          </b>
          <span class="small soft figures clip-text clip-name">{facts.join(" · ")}</span>
        </div>
        {loaded ? null : (
          <Button kind="icon quiet" label={t("clip.delete.what", { name: clip.name })} busy={desk.busy(`${key} delete`)} onClick={() => setRemoving(true)}>
            <Trash2 size={16} aria-hidden="true" />
          </Button>
        )}
        <Button
          kind={`icon ${playing ? "on" : ""}`}
          label={t(playing ? "clip.pause" : loaded ? "clip.resume" : "clip.play", { name: clip.name })}
          busy={desk.busy(key)}
          onClick={() => post(playing ? "pause" : "play")}
        >
          {playing ? <Pause size={20} aria-hidden="true" /> : <Play size={20} aria-hidden="true" />}
        </Button>
      </div>
      {loaded && playback ? <Transport clip={clip} playback={playback} levels={levels} post={post} /> : null}
      {playback?.state === "failed" ? <p class="small clip-failed">{playback.error ?? t("clip.failed")}</p> : null}
      <FaultNote
        fault={desk.fault(key) ?? desk.fault(`${key} delete`)}
        onClose={() => {
          desk.dismiss(key);
          desk.dismiss(`${key} delete`);
        }}
      />
      <Confirm
        open={removing}
        title={t("clip.delete.sure", { name: clip.name })}
        text={t("clip.delete.means")}
        yes={t("clip.delete")}
        no={t("cancel")}
        onNo={() => setRemoving(false)}
        onYes={() => {
          setRemoving(false);
          void desk.act(`${key} delete`, "DELETE", path);
        }}
      />
    </li>
  );
}

function Transport(props: { clip: Clip; playback: Playback; levels: Levels; post: (what: string, body?: unknown) => void }) {
  const { clip, playback, levels, post } = props;
  const { t, lang } = useWords();
  const desk = useDesk();
  const [, tick] = useState(0);
  useEffect(() => {
    if (playback.state !== "playing") return;
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, [playback.state]);
  const seek = useThrottle((value: number) => post("seek", { position_ms: Math.round(value) }), 200);
  const set = (body: unknown): void => void desk.act(`clip ${clip.id}`, "PATCH", `/clips/${clip.id}/playback`, body);
  const volume = useThrottle((value: number) => set({ volume: value }), 120);
  const at = position(playback, clock.now());
  const duration = playback.duration_ms ?? clip.duration_ms;
  const percent = (value: number): string => new Intl.NumberFormat(lang, { style: "percent" }).format(value);
  return (
    <div class="transport">
      {duration !== null && duration > 0 ? (
        <div class="row">
          <span class="small figures soft">{playTime(at)}</span>
          <Slider label={t("clip.position", { name: clip.name })} value={at} max={duration} step={100} text={playTime(at)} onMove={seek} />
          <span class="small figures soft">{playTime(duration)}</span>
        </div>
      ) : null}
      {clip.sound ? (
        <div class="row">
          <span class="small soft">{t("volume")}</span>
          <Slider label={t("volume.of", { name: clip.name })} value={playback.volume} max={2} step={0.05} text={percent(playback.volume)} onMove={volume} />
        </div>
      ) : null}
      <div class="row">
        <Button kind="small" onClick={() => post("stop")}>
          <Square size={16} aria-hidden="true" />
          {t("clip.stop")}
        </Button>
        <Button
          kind={`small ${playback.looped ? "on" : "quiet"}`}
          aria-pressed={playback.looped}
          onClick={() => set({ looped: !playback.looped })}
        >
          <Repeat size={16} aria-hidden="true" />
          {t("clip.loop")}
        </Button>
        <span class="grow" />
        <span class="clip-meter">
          <Meter levels={levels} id={clip.id} label={t("person.level", { name: clip.name })} />
        </span>
      </div>
    </div>
  );
}
