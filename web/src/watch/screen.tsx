/** The stage: WebRTC's element and the playlist's, one above the other; which is seen is `playback`'s to say. */

import { AudioLines } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Say } from "../i18n";
import { Picture } from "../ui/video";
import type { Playback, View } from "./playback";

interface Props {
  playback: Playback;
  view: View;
  muted: boolean;
  volume: number;
  label: string;
  onSilenced: () => void;
  t: Say;
  children: ComponentChildren;
}

export function Screen({ playback, view, muted, volume, label, onSilenced, t, children }: Props) {
  const hls = useRef<HTMLVideoElement>(null);
  const still = useRef<HTMLCanvasElement>(null);
  const onHls = view.way !== "webrtc";
  useEffect(() => {
    playback.silenced = onSilenced;
    playback.stillElement(still.current);
    playback.hlsElement(hls.current);
    return () => playback.hlsElement(null);
  }, [playback]);
  useEffect(() => {
    const it = hls.current;
    if (!it) return;
    // Only what is seen is heard.
    it.muted = muted || !onHls;
    it.volume = volume;
  }, [muted, volume, onHls]);
  return (
    <>
      <Picture
        player={playback.player}
        muted={muted || onHls}
        volume={volume}
        label={onHls ? "" : label}
        onSilenced={onSilenced}
        video={playback.rtcElement}
      >
        {children}
      </Picture>
      <div class="picture watch-hls" data-on={onHls}>
        <video ref={hls} playsInline muted aria-label={onHls ? label : ""} aria-hidden={!onHls} />
        <canvas ref={still} hidden aria-hidden="true" />
      </div>
      {view.way === "audio" ? (
        <div class="watch-sound">
          <AudioLines size={48} aria-hidden="true" />
          <p>{t("watch.way.audio")}</p>
          <p class="small soft">{t(view.wish === "audio" ? "watch.sound.wished" : "watch.sound.thin")}</p>
        </div>
      ) : null}
    </>
  );
}
