import "../tokens.css";
import "../base.css";
import "./watch.css";
import { Play } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Fault, PublicShow } from "../api";
import { clock, when } from "../clock";
import { faultWords, useWords } from "../i18n";
import { Player } from "../rtc/link";
import { listen, type Link, type Stream } from "../sse";
import { Button, Countdown, mount, Scene, ShowBadge } from "../ui/parts";
import { kept, takeToken } from "../ui/token";
import { useMachine } from "../ui/video";
import { Playback } from "./playback";
import { newViewer, Sightings } from "./sightings";
import { Theatre } from "./theatre";
import { wantsWebRtc, WISHES } from "./ways";

const slug = location.pathname.split("/")[2] ?? "";
const token = takeToken("t", `palco.seat.${slug}`);

// The picture is asked for before anything is drawn: whether there is a show is answered meanwhile.
const viewer = newViewer();
const player = new Player(`/whep/${slug}`, token, true, viewer);
const playback = new Playback(player, `/hls/${slug}/index.m3u8`, token, viewer);
const sightings = new Sightings(playback, `/api/v1/public/shows/${slug}/sightings`, token, viewer);
const wishKey = `palco.way.${slug}`;
const wished = WISHES.find((it) => it === kept(wishKey));
if (wished) playback.wish(wished);
if (wantsWebRtc({ ...playback.ways, on: true })) player.start();

/** Read-only facts for tests and support; nothing on the page reads them. */
const facts = {
  get pc() {
    return player.pc;
  },
  get phase() {
    return player.machine.phase;
  },
  /** Sessions opened so far: 1 is no reconnection. */
  get opened() {
    return player.facts.opened;
  },
  /** From the start of this script to the first picture on screen. */
  get firstFrameMs() {
    return player.facts.firstPictureMs;
  },
  /** What is on screen: `webrtc`, `hls` or `audio`. */
  get way() {
    return playback.way;
  },
  /** How far behind the newest picture the one on screen is; over WebRTC 0. */
  get behindMs() {
    return playback.view.behindMs;
  },
};
Object.defineProperty(window, "palco", { value: facts });

function useShow(): { show: PublicShow | null; link: Link; fault: Fault | null; stream: Stream | null } {
  const [show, setShow] = useState<PublicShow | null>(null);
  const [link, setLink] = useState<Link>("joining");
  const [fault, setFault] = useState<Fault | null>(null);
  const [stream, setStream] = useState<Stream | null>(null);
  useEffect(() => {
    const it = listen(`/api/v1/public/shows/${slug}/events`, token, {
      event: (name, data) => {
        if (name === "show") setShow(data as PublicShow);
      },
      link: setLink,
      refused: setFault,
    });
    setStream(it);
    return it.close;
  }, []);
  return { show, link, fault, stream };
}

function Page() {
  const { t } = useWords();
  const { show, link, fault, stream } = useShow();
  const machine = useMachine(player);
  const state = show?.state;
  const [replaying, setReplaying] = useState(false);
  const waited = useRef(false);

  useEffect(() => {
    if (show) document.title = `${show.title} · Palco`;
  }, [show?.title]);
  const startReplay = (): void => {
    playback.replay();
    setReplaying(true);
  };
  useEffect(() => {
    // Whoever is behind when the show ends has not seen the end yet.
    const behind = state === "over" && playback.ways.rewound && playback.way === "hls";
    if (behind) startReplay();
    else if (state) playback.show(state === "live" || state === "paused");
    if (state !== "over") setReplaying(false);
    if (state === "scheduled") waited.current = true;
    else if (state && waited.current) {
      waited.current = false;
      sightings.begins();
    }
  }, [state]);

  // A door that is closed is closed for every way; what WebRTC alone cannot do, another way may.
  const no = machine?.phase === "refused" ? machine.fault : null;
  const refusal = fault ?? (no && ([401, 403, 404].includes(no.status) || playback.hopeless) ? no : null);
  const again = (): void => {
    stream?.now();
    player.again();
  };
  if (refusal) return <Refused fault={refusal} />;
  if (show && state === "scheduled") return <Early show={show} lost={link === "lost"} again={again} />;
  if (show && state === "over" && !replaying) return <Over show={show} replay={startReplay} />;
  return <Theatre show={show} playback={playback} machine={machine} lost={link === "lost"} again={again} wishKey={wishKey} t={t} />;
}

function Early({ show, lost, again }: { show: PublicShow; lost: boolean; again: () => void }) {
  const { t, lang } = useWords();
  const [, draw] = useState(0);
  const starts = show.starts_at;
  const wait = starts ? Date.parse(starts) - clock.now() : null;
  useEffect(() => {
    if (wait === null || wait <= 0) return;
    // Beyond 24 days a timer would overflow; nobody waits that long on one page.
    const timer = setTimeout(() => draw((n) => n + 1), Math.min(wait + 50, 86_400_000));
    return () => clearTimeout(timer);
  });
  return (
    <Scene title={show.title} kicker={<ShowBadge state="scheduled" />} text={show.description}>
      {starts && wait !== null && wait > 0 ? (
        <>
          <Countdown to={starts} />
          <p>
            <time dateTime={starts}>{when(starts, lang)}</time>
          </p>
        </>
      ) : (
        <p class="soft">{t(starts ? "watch.any_moment" : "watch.not_yet")}</p>
      )}
      <p class="small soft" role="status">
        {t(lost ? "link.lost" : "watch.opens_itself")}
      </p>
      {lost ? (
        <Button kind="small" onClick={again}>
          {t("try_now")}
        </Button>
      ) : null}
    </Scene>
  );
}

function Over({ show, replay }: { show: PublicShow; replay: () => void }) {
  const { t } = useWords();
  return (
    <Scene title={t("watch.over")} kicker={<p>{show.title}</p>} text={t(show.replay_gone ? "watch.over.gone" : "watch.over.text")}>
      <div class="actions">
        {show.replay ? (
          <Button kind="spot" onClick={replay}>
            <Play size={20} aria-hidden="true" />
            {t("watch.replay")}
          </Button>
        ) : null}
        <a class={`button${show.replay ? "" : " spot"}`} href="/">
          {t("watch.whats_next")}
        </a>
      </div>
    </Scene>
  );
}

function Refused({ fault }: { fault: Fault }) {
  const { t } = useWords();
  const words = faultWords(fault);
  const reload = <Button onClick={() => location.reload()}>{t("try_again")}</Button>;
  const home = (
    <a class="button spot" href="/">
      {t("watch.see_shows")}
    </a>
  );
  if (fault.status === 401 || fault.status === 403) {
    return (
      <Scene title={t("watch.closed")} text={`${words.text} ${t("watch.closed.how")}`}>
        <div class="actions">
          {home}
          {reload}
        </div>
      </Scene>
    );
  }
  if (fault.status === 404) {
    return (
      <Scene title={t("watch.nowhere")} text={t("watch.nowhere.text")}>
        <div class="actions">{home}</div>
      </Scene>
    );
  }
  return (
    <Scene title={t("broken")} text={`${words.text} ${words.hint ?? ""}`} code={fault.code}>
      <div class="actions">
        {reload}
        {home}
      </div>
    </Scene>
  );
}

mount(<Page />);
