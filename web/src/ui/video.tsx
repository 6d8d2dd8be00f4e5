/** A picture that comes over the network and keeps its last frame while the next is fetched. */

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Player } from "../rtc/link";
import type { Machine } from "../rtc/machine";

/** The session's machine, drawn again on each change. */
export function useMachine(link: { machine: Machine; onChange(f: () => void): () => void } | null): Machine | null {
  const [, draw] = useState(0);
  useEffect(() => {
    draw((n) => n + 1);
    return link?.onChange(() => draw((n) => n + 1));
  }, [link]);
  return link?.machine ?? null;
}

/** A player that lives as long as the component shows it. */
export function usePlayer(make: () => Player, key: string, wanted: boolean): Player | null {
  const [player, set] = useState<Player | null>(null);
  useEffect(() => {
    if (!wanted) return;
    const made = make();
    set(made);
    made.start();
    return () => {
      made.stop();
      set(null);
    };
  }, [key, wanted]);
  return player;
}

export interface PictureProps {
  player: Player | null;
  muted: boolean;
  label: string;
  cover?: boolean;
  volume?: number;
  /** The browser would not play sound without a gesture. */
  onSilenced?: () => void;
  video?: (element: HTMLVideoElement | null) => void;
  children?: ComponentChildren;
}

export function Picture({ player, muted, label, cover = false, volume = 1, onSilenced, video, children }: PictureProps) {
  const element = useRef<HTMLVideoElement>(null);
  const still = useRef<HTMLCanvasElement>(null);
  const [shown, setShown] = useState(false);

  useEffect(() => {
    const it = element.current;
    if (!it || !player) return;
    let stream: MediaStream | null = null;
    const follow = (): void => {
      if (player.pc === null || player.stream === stream) return;
      stream = player.stream;
      it.srcObject = stream;
      const fresh = stream;
      play(it, onSilenced);
      onPicture(it, () => {
        if (fresh !== player.stream) return;
        if (still.current) still.current.hidden = true;
        setShown(true);
        player.picture();
      });
    };
    const hold = (): void => {
      if (still.current && it.videoWidth > 0) freeze(it, still.current);
    };
    follow();
    const offs = [player.onChange(follow), player.onLoss(hold)];
    return () => {
      hold();
      for (const off of offs) off();
    };
  }, [player]);

  useEffect(() => {
    const it = element.current;
    if (!it) return;
    it.muted = muted;
    it.volume = Math.min(1, volume);
    if (it.srcObject) play(it, onSilenced);
  }, [muted, volume]);

  useEffect(() => {
    video?.(element.current);
    return () => video?.(null);
  }, []);

  return (
    <div class={`picture${cover ? " cover" : ""}`} data-shown={shown}>
      <video ref={element} playsInline autoPlay muted aria-label={label} disablePictureInPicture={false} />
      <canvas ref={still} hidden aria-hidden="true" />
      {!shown && children ? <div class="waiting">{children}</div> : null}
    </div>
  );
}

export function play(video: HTMLVideoElement, onSilenced?: () => void): void {
  video.play().catch((error: unknown) => {
    if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
    // Better a silent picture than none.
    if (!video.muted) {
      video.muted = true;
      onSilenced?.();
      play(video);
    }
  });
}

export function onPicture(video: HTMLVideoElement, then: () => void): void {
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(then);
  else (video as HTMLVideoElement).addEventListener("loadeddata", then, { once: true });
}

export function freeze(video: HTMLVideoElement, still: HTMLCanvasElement): void {
  still.width = video.videoWidth;
  still.height = video.videoHeight;
  still.getContext("2d")?.drawImage(video, 0, 0);
  still.hidden = false;
}
