/** The picture and its few controls. In a window they stand under it; full screen they come when called and leave. */

import { Maximize, Minimize, PictureInPicture2, Volume2, VolumeX } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { PublicShow } from "../api";
import type { Say } from "../i18n";
import type { Player } from "../rtc/link";
import type { Machine } from "../rtc/machine";
import { Button, LangSwitch, ShowBadge, Wordmark } from "../ui/parts";
import { Picture } from "../ui/video";

/** "Nothing covers the stage for more than 3 s." */
const FADE_MS = 2500;
/** A loss shorter than this is not worth a button. */
const PATIENCE_MS = 4000;

interface Props {
  show: PublicShow | null;
  player: Player;
  machine: Machine | null;
  /** The stream of states is down. */
  lost: boolean;
  again: () => void;
  t: Say;
}

function useIdle(): boolean {
  const [idle, set] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const awake = (): void => {
      set(false);
      clearTimeout(timer);
      timer = setTimeout(() => set(true), FADE_MS);
    };
    const kinds = ["pointermove", "pointerdown", "keydown", "focusin"] as const;
    for (const kind of kinds) window.addEventListener(kind, awake);
    awake();
    return () => {
      clearTimeout(timer);
      for (const kind of kinds) window.removeEventListener(kind, awake);
    };
  }, []);
  return idle;
}

/** Whether something has lasted longer than `ms`. */
function useLasting(what: boolean, ms: number): boolean {
  const [long, set] = useState(false);
  useEffect(() => {
    set(false);
    if (!what) return;
    const timer = setTimeout(() => set(true), ms);
    return () => clearTimeout(timer);
  }, [what]);
  return what && long;
}

type AppleVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

export function Theatre({ show, player, machine, lost, again, t }: Props) {
  const house = useRef<HTMLDivElement>(null);
  const video = useRef<HTMLVideoElement | null>(null);
  const [muted, setMuted] = useState(true);
  const [full, setFull] = useState(false);
  const idle = useIdle();
  const phase = machine?.phase ?? "asking";
  const away = phase === "waiting" || phase === "shaky" || ((phase === "asking" || phase === "joining") && machine?.flowed === true);
  const long = useLasting(away || lost, PATIENCE_MS);

  const fullScreen = (): void => {
    const apple = video.current as AppleVideo | null;
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (house.current?.requestFullscreen) void house.current.requestFullscreen().catch(() => setFull(false));
    else apple?.webkitEnterFullscreen?.();
  };
  const popOut = (): void => {
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
    else video.current?.requestPictureInPicture().catch(() => setFull(false));
  };
  useEffect(() => {
    const changed = (): void => setFull(document.fullscreenElement !== null);
    const key = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "m") setMuted((is) => !is);
      if (event.key === "f") fullScreen();
    };
    document.addEventListener("fullscreenchange", changed);
    window.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("fullscreenchange", changed);
      window.removeEventListener("keydown", key);
    };
  }, []);

  const first = machine?.flowed !== true;
  const note = away ? t(first ? "watch.joining" : "watch.back_soon") : "";
  return (
    <div class="watch" ref={house} data-idle={idle} data-full={full} data-canvas={show?.canvas ?? "16:9"}>
      <header class="watch-top">
        <Wordmark />
        <LangSwitch />
      </header>
      <main class="watch-stage" onDblClick={fullScreen}>
        <Picture player={player} muted={muted} label={show?.title ?? t("watch.picture")} onSilenced={() => setMuted(true)} video={(it) => (video.current = it)}>
          <div class="lamp" />
          <span class="unseen">{t("watch.joining")}</span>
        </Picture>
        <div class="watch-note" role="status">
          {note ? (
            <div class="note">
              {note}
              {long ? (
                <Button kind="quiet small" onClick={again}>
                  {t("try_now")}
                </Button>
              ) : null}
            </div>
          ) : null}
        </div>
      </main>
      <div class="watch-bar">
        <div class="watch-about">
          {show ? (
            <>
              <ShowBadge state={show.state} />
              <h1 class="clip-text">{show.title}</h1>
            </>
          ) : (
            <div class="bone line" />
          )}
        </div>
        <div class="watch-controls">
          {muted ? (
            <Button kind="spot big" onClick={() => setMuted(false)}>
              <VolumeX size={20} aria-hidden="true" />
              {t("watch.unmute")}
            </Button>
          ) : (
            <Button kind="icon" label={t("watch.mute")} onClick={() => setMuted(true)}>
              <Volume2 size={20} aria-hidden="true" />
            </Button>
          )}
          {document.pictureInPictureEnabled ? (
            <Button kind="icon quiet watch-pop" label={t("watch.pop_out")} onClick={popOut}>
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
