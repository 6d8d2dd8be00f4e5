/** The show from its beginning to now, and where in it the viewer is. */

import { Pause, Play, RotateCcw, RotateCw } from "lucide-preact";
import { useState } from "preact/hooks";
import type { PublicShow } from "../api";
import { clock, playTime } from "../clock";
import type { Say } from "../i18n";
import { Button, Slider } from "../ui/parts";
import type { Playback, View } from "./playback";

export const SKIP_S = 10;

/** Length and position in seconds; before the playlist is open the show's own start has to do. */
export function reach(view: View, show: PublicShow | null): { length: number; at: number } {
  const { place } = view;
  if (place) {
    const length = Math.max(0, place.edge - place.start);
    return { length, at: view.live ? length : Math.min(length, Math.max(0, place.at - place.start)) };
  }
  const started = show?.started_at ? Date.parse(show.started_at) : Number.NaN;
  const length = Number.isNaN(started) ? 0 : Math.max(0, (clock.now() - started) / 1000);
  return { length, at: length };
}

export function Timeline({ playback, view, show, t }: { playback: Playback; view: View; show: PublicShow | null; t: Say }) {
  const [held, hold] = useState<number | null>(null);
  const { length, at } = reach(view, show);
  const shown = held ?? at;
  const replay = playback.replaying;
  const behind = length - shown;
  const live = view.live && (held === null || behind < 1);
  const text = replay
    ? t("watch.at", { at: playTime(shown * 1000), length: playTime(length * 1000) })
    : live
      ? t("watch.at_live")
      : t("watch.behind", { time: playTime(behind * 1000) });
  const clockText = replay ? `${playTime(shown * 1000)} / ${playTime(length * 1000)}` : live ? playTime(length * 1000) : `−${playTime(behind * 1000)}`;
  return (
    <div class="watch-time">
      {replay || !view.live ? (
        <Button kind="icon quiet" label={t(view.paused ? "watch.play" : "watch.pause")} onClick={() => playback.pause()}>
          {view.paused ? <Play size={20} aria-hidden="true" /> : <Pause size={20} aria-hidden="true" />}
        </Button>
      ) : null}
      <Button kind="icon quiet watch-skip" label={t("watch.back")} disabled={length < SKIP_S} onClick={() => playback.skip(-SKIP_S)}>
        <RotateCcw size={28} strokeWidth={1.5} aria-hidden="true" />
        <span aria-hidden="true">{SKIP_S}</span>
      </Button>
      <Slider
        label={t("watch.timeline")}
        value={Math.round(at)}
        max={Math.max(1, Math.round(length))}
        step={1}
        text={text}
        disabled={length < 1}
        onMove={hold}
        onDone={(value) => {
          hold(null);
          playback.to(Math.round(length) - value);
        }}
      />
      <Button kind="icon quiet watch-skip" label={t("watch.forward")} disabled={view.live && !replay} onClick={() => playback.skip(SKIP_S)}>
        <RotateCw size={28} strokeWidth={1.5} aria-hidden="true" />
        <span aria-hidden="true">{SKIP_S}</span>
      </Button>
      <span class="watch-clock figures small" aria-hidden="true">
        {clockText}
      </span>
    </div>
  );
}
