/** Sound: off until it is asked for, since browsers let nothing else begin by itself. */

import { Captions as CaptionsIcon, Volume1, Volume2, VolumeX } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { Say } from "../i18n";
import { Button, Slider } from "../ui/parts";

export interface Loudness {
  muted: boolean;
  volume: number;
}

const STEPS = 20;

export function Sound({ muted, volume, onChange, t }: Loudness & { onChange: (to: Loudness) => void; t: Say }) {
  if (muted) {
    return (
      <Button kind="spot big" onClick={() => onChange({ muted: false, volume: volume > 0 ? volume : 1 })}>
        <VolumeX size={20} aria-hidden="true" />
        {t("watch.unmute")}
      </Button>
    );
  }
  const Icon = volume < 0.5 ? Volume1 : Volume2;
  return (
    <div class="watch-volume">
      <Button kind="icon" label={t("watch.mute")} onClick={() => onChange({ muted: true, volume })}>
        <Icon size={20} aria-hidden="true" />
      </Button>
      <Slider
        label={t("volume")}
        value={Math.round(volume * STEPS)}
        max={STEPS}
        step={1}
        text={`${Math.round(volume * 100)} %`}
        onMove={(value) => onChange({ muted: false, volume: value / STEPS })}
      />
    </div>
  );
}

/** Only where the show has captions. */
export function Captions({ video, t }: { video: HTMLVideoElement | null; t: Say }) {
  const [tracks, set] = useState<TextTrack[]>([]);
  const [on, turn] = useState(false);
  useEffect(() => {
    const list = video?.textTracks;
    if (!list) return;
    const read = (): void => set([...list].filter((it) => it.kind === "captions" || it.kind === "subtitles"));
    read();
    list.addEventListener("addtrack", read);
    list.addEventListener("removetrack", read);
    return () => {
      list.removeEventListener("addtrack", read);
      list.removeEventListener("removetrack", read);
    };
  }, [video]);
  useEffect(() => {
    tracks.forEach((track, index) => (track.mode = on && index === 0 ? "showing" : "disabled"));
  }, [tracks, on]);
  if (tracks.length === 0) return null;
  return (
    <Button kind={`icon${on ? " on" : ""}`} label={t("watch.captions")} aria-pressed={on} onClick={() => turn(!on)}>
      <CaptionsIcon size={20} aria-hidden="true" />
    </Button>
  );
}
