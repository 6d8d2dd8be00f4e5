/** The picture and its controls. In a window they stand under it; full screen they come when called and leave. */

import { Maximize, Minimize, PictureInPicture2, Radio } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PublicShow } from "../api";
import { playTime } from "../clock";
import type { Say } from "../i18n";
import type { Machine } from "../rtc/machine";
import { Button, LangSwitch, ShowBadge, Wordmark } from "../ui/parts";
import { keep } from "../ui/token";
import { useIdle, useKeys, useLasting, useView } from "./hooks";
import { QualityMenu } from "./menu";
import type { Playback, View } from "./playback";
import { Screen } from "./screen";
import { Captions, Sound } from "./sound";
import { reach, SKIP_S, Timeline } from "./timeline";
import type { Wish } from "./ways";

/** A loss shorter than this is not worth a button. */
const PATIENCE_MS = 4000;

interface Props {
  show: PublicShow | null;
  playback: Playback;
  machine: Machine | null;
  /** The stream of states is down. */
  lost: boolean;
  again: () => void;
  /** Where the viewer's choice of way is kept. */
  wishKey: string;
  t: Say;
}

type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

export function Theatre({ show, playback, machine, lost, again, wishKey, t }: Props) {
  const house = useRef<HTMLDivElement>(null);
  const [{ muted, volume }, sound] = useState({ muted: true, volume: 1 });
  const [full, setFull] = useState(false);
  const idle = useIdle();
  const view = useView(playback);
  const replay = playback.replaying;
  // At first nothing has come yet, and that is not worth a word until a try has failed.
  const away = view.shown ? view.stalled && !view.paused : machine?.phase === "waiting" || machine?.phase === "shaky";
  const long = useLasting(away || lost, PATIENCE_MS);

  const fullScreen = (): void => {
    const apple = playback.screen as AppleVideo | null;
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (house.current?.requestFullscreen) void house.current.requestFullscreen().catch(() => setFull(false));
    else apple?.webkitEnterFullscreen?.();
  };
  const popOut = (): void => {
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
    else playback.screen?.requestPictureInPicture().catch(() => setFull(false));
  };
  const wish = (it: Wish): void => {
    keep(wishKey, it);
    playback.wish(it);
  };
  useEffect(() => {
    const changed = (): void => setFull(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  useKeys({
    m: () => sound((it) => ({ ...it, muted: !it.muted })),
    f: fullScreen,
    j: () => playback.skip(-SKIP_S),
    l: () => playback.skip(SKIP_S),
    ArrowLeft: () => playback.skip(-SKIP_S),
    ArrowRight: () => playback.skip(SKIP_S),
    k: () => (view.live ? undefined : playback.pause()),
  });

  const note = away ? t(view.shown ? "watch.back_soon" : "watch.joining") : "";
  return (
    <div class="watch" ref={house} data-idle={idle} data-full={full} data-canvas={show?.canvas ?? "16:9"} data-way={view.way}>
      <header class="watch-top">
        <Wordmark />
        <LangSwitch />
      </header>
      <main class="watch-stage" onDblClick={fullScreen}>
        <Screen
          playback={playback}
          view={view}
          muted={muted}
          volume={volume}
          label={show?.title ?? t("watch.picture")}
          onSilenced={() => sound((it) => ({ ...it, muted: true }))}
          t={t}
        >
          <div class="lamp" />
          <span class="unseen">{t("watch.joining")}</span>
        </Screen>
        <div class="watch-note" role="status">
          {note ? (
            <div class="note">
              {note}
              {long && !replay ? (
                <Button kind="quiet small" onClick={again}>
                  {t("try_now")}
                </Button>
              ) : null}
            </div>
          ) : null}
        </div>
      </main>
      <div class="watch-bar">
        <Timeline playback={playback} view={view} show={show} t={t} />
        <div class="watch-about">
          {show ? (
            <>
              <Where show={show} playback={playback} view={view} t={t} />
              <div class="watch-name">
                <h1 class="clip-text">{show.title}</h1>
                <p class="watch-way small soft figures" role="status">
                  {wayWords(show, playback, view, t)}
                </p>
              </div>
            </>
          ) : (
            <div class="bone line" />
          )}
        </div>
        <div class="watch-controls">
          <Sound muted={muted} volume={volume} onChange={sound} t={t} />
          <Captions video={playback.screen} t={t} />
          <QualityMenu wish={view.wish} replay={replay} onPick={wish} t={t} />
          {document.pictureInPictureEnabled ? (
            <Button kind="icon watch-pop" label={t("watch.pop_out")} onClick={popOut}>
              <PictureInPicture2 size={20} aria-hidden="true" />
            </Button>
          ) : null}
          <Button kind="icon" label={t(full ? "watch.leave_full" : "watch.full")} onClick={fullScreen}>
            {full ? <Minimize size={20} aria-hidden="true" /> : <Maximize size={20} aria-hidden="true" />}
          </Button>
          <span class="watch-lang">
            <LangSwitch />
          </span>
        </div>
        {show?.description ? <p class="watch-description">{show.description}</p> : null}
      </div>
    </div>
  );
}

/** Live is red, a word and a shape; behind it is the way back. */
function Where({ show, playback, view, t }: { show: PublicShow; playback: Playback; view: View; t: Say }) {
  if (playback.replaying) return <span class="badge">{t("watch.replaying")}</span>;
  if (view.live) return <ShowBadge state={show.state} />;
  return (
    <Button kind="small watch-go" onClick={() => playback.live()}>
      <Radio size={16} aria-hidden="true" />
      {t("watch.go_live")}
    </Button>
  );
}

/** Which way plays, in honest words. */
function wayWords(show: PublicShow, playback: Playback, view: View, t: Say): string {
  if (!view.shown) return "";
  if (view.way === "audio") return t("watch.way.audio");
  if (playback.replaying) return "";
  if (!view.live) {
    const { length, at } = reach(view, show);
    return t("watch.behind", { time: playTime((length - at) * 1000) });
  }
  if (view.way === "webrtc") return t("watch.way.webrtc");
  return t("watch.way.hls", { n: Math.max(1, Math.round(view.behindMs / 1000)) });
}
