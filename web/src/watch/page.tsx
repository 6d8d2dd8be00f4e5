import "../tokens.css";
import "../base.css";
import "./watch.css";
import { Play } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { bearer, type Fault, faultFrom, type PublicShow } from "../api";
import { clock, when } from "../clock";
import { faultWords, useWords } from "../i18n";
import { Player } from "../rtc/link";
import { listen, type Link, type Stream } from "../sse";
import { Button, Countdown, mount, Scene, ShowBadge } from "../ui/parts";
import { kept, takeToken } from "../ui/token";
import { useMachine } from "../ui/video";
import { Elsewhere, NoSeat } from "./doors";
import { useLasting } from "./hooks";
import { Playback } from "./playback";
import { Seat } from "./seat";
import { newViewer, Sightings } from "./sightings";
import { aboutSeat, rest, type Sitting } from "./sitting";
import { SoundCheck } from "./soundcheck";
import { Theatre } from "./theatre";
import { wantsWebRtc, WISHES } from "./ways";

const slug = location.pathname.split("/")[2] ?? "";
const given = takeToken("t", `palco.seat.${slug}`);
/** The doors want a ticket, and no link brought another right. */
const seated = given === null && "seat" in document.documentElement.dataset;

// The picture is asked for before anything is drawn: whether there is a show is answered meanwhile.
const viewer = newViewer();
const seat = new Seat(`/api/v1/public/shows/${slug}/seat`, viewer, given);
const player = new Player(`/whep/${slug}`, given, true, viewer);
const playback = new Playback(player, `/hls/${slug}/index.m3u8`, seat.token, viewer);
const sightings = new Sightings(playback, `/api/v1/public/shows/${slug}/sightings`, seat.token, viewer);
const wishKey = `palco.way.${slug}`;
const wished = WISHES.find((it) => it === kept(wishKey));
if (wished) playback.wish(wished);
const startPlayer = (): void => {
  if (wantsWebRtc({ ...playback.ways, on: true })) player.start();
};
if (seated) sit();
else startPlayer();

/** Opens the seat first; the picture is asked for in the turn in which its grant comes. */
function sit(): void {
  let before: Sitting = rest;
  seat.onChange(() => {
    const { sitting } = seat;
    if (sitting.token !== before.token) {
      player.renew(sitting.token);
      if (sitting.token) playback.renewed();
    }
    const granted = sitting.phase === "open" && sitting.grantedAt !== before.grantedAt;
    before = sitting;
    if (!granted) return;
    // Later openings start with what the show's state says.
    if (sitting.openings === 1 && player.machine.phase === "rest") startPlayer();
    // What was refused with the old grant is asked for again.
    else if (player.machine.phase === "refused") player.again();
  });
  player.onChange(() => {
    const { phase, fault } = player.machine;
    if (phase === "refused" && fault) seat.told(fault);
  });
  seat.open();
}

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

/** A stream that is back sooner was never gone. */
const LOST_MS = 1500;

function useSitting(): Sitting {
  const [sitting, set] = useState(seat.sitting);
  useEffect(() => {
    set(seat.sitting);
    return seat.onChange(() => set(seat.sitting));
  }, []);
  return sitting;
}

/** `opening`: which opening of the seat; each listens anew. */
function useShow(opening: number): { show: PublicShow | null; link: Link; fault: Fault | null; stream: Stream | null } {
  const [show, setShow] = useState<PublicShow | null>(null);
  const [link, setLink] = useState<Link>("joining");
  const [fault, setFault] = useState<Fault | null>(null);
  const [stream, setStream] = useState<Stream | null>(null);
  useEffect(() => {
    if (seated && opening === 0) return;
    const it = listen(`/api/v1/public/shows/${slug}/events`, seat.token, {
      event: (name, data) => {
        if (name === "show") setShow(data as PublicShow);
      },
      link: setLink,
      refused: (fault) => {
        if (!seat.told(fault)) setFault(fault);
      },
    });
    setStream(it);
    return it.close;
  }, [opening]);
  return { show, link, fault, stream };
}

function Page() {
  const { t } = useWords();
  const sitting = useSitting();
  const inside = !seated || sitting.phase === "open";
  const { show, link, fault, stream } = useShow(sitting.openings);
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
    const behind = inside && state === "over" && playback.ways.rewound && playback.way === "hls";
    if (behind) startReplay();
    else if (state || !inside) playback.show(inside && (state === "live" || state === "paused"));
    if (state !== "over" || !inside) setReplaying(false);
    if (!inside) return;
    if (state === "scheduled") waited.current = true;
    else if (state && waited.current) {
      waited.current = false;
      sightings.begins();
    }
  }, [state, inside]);

  // A door that is closed is closed for every way; what WebRTC alone cannot do, another way may.
  const no = machine?.phase === "refused" ? machine.fault : null;
  // Of the seat `sitting` speaks; that a ticket is not for the replay is said when the show is over.
  const spoken = seated && no !== null && (aboutSeat(no) || no.code === "no_replay");
  const refusal = fault ?? (no && !spoken && ([401, 403, 404].includes(no.status) || playback.hopeless) ? no : null);
  const again = (): void => {
    stream?.now();
    player.again();
  };
  if (sitting.phase === "asking" || sitting.phase === "taken") return <Elsewhere key={sitting.phase} sitting={sitting} claim={seat.claim} />;
  if (sitting.phase === "refused" && sitting.fault) return <NoSeat fault={sitting.fault} slug={slug} />;
  if (sitting.phase === "opening" && sitting.fault && sitting.tries > 1) return <Scene title={t("watch.joining")} text={`${faultWords(sitting.fault).text} ${faultWords(sitting.fault).hint ?? ""}`} says="status" />;
  if (refusal) return <Refused fault={refusal} />;
  if (show && state === "scheduled") return <Early show={show} lost={link === "lost"} again={again} />;
  if (show && state === "over" && !replaying) return <Over show={show} replay={startReplay} />;
  return <Theatre show={show} playback={playback} machine={machine} lost={link === "lost"} again={again} wishKey={wishKey} t={t} />;
}

function Early({ show, lost: now, again }: { show: PublicShow; lost: boolean; again: () => void }) {
  const { t, lang } = useWords();
  // A stream whose grant was renewed begins anew, and that is no loss.
  const lost = useLasting(now, LOST_MS);
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
      <SoundCheck />
    </Scene>
  );
}

/** Whether this ticket is for the replay too: not all are. Until that is known, the button is there. */
function useReplay(offered: boolean): boolean {
  const [refused, refuse] = useState(false);
  useEffect(() => {
    if (!offered || !seated) return;
    const abort = new AbortController();
    fetch(`/hls/${slug}/index.m3u8`, { headers: { "palco-viewer": viewer, ...bearer(seat.token()) }, cache: "no-store", signal: abort.signal })
      .then(async (response) => {
        if (!response.ok && faultFrom(response.status, await response.text()).code === "no_replay") refuse(true);
      })
      .catch(() => undefined);
    return () => abort.abort();
  }, [offered]);
  return offered && !refused;
}

function Over({ show, replay }: { show: PublicShow; replay: () => void }) {
  const { t } = useWords();
  const may = useReplay(show.replay);
  return (
    <Scene title={t("watch.over")} kicker={<p>{show.title}</p>} text={t(show.replay_gone ? "watch.over.gone" : "watch.over.text")}>
      {seated ? <p>{t("seat.rate")}</p> : null}
      {show.replay && !may ? <p class="small">{t("seat.no_replay")}</p> : null}
      <div class="actions">
        {may ? (
          <Button kind="spot" onClick={replay}>
            <Play size={20} aria-hidden="true" />
            {t("watch.replay")}
          </Button>
        ) : null}
        <a class={`button${may ? "" : " spot"}`} href="/">
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
