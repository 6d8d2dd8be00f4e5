/** Before the show: whether this device can be heard. */

import { Volume2 } from "lucide-preact";
import { useRef, useState } from "preact/hooks";
import { useWords } from "../i18n";
import { Button } from "../ui/parts";

/** Three soft notes, one after the other: hertz. */
const NOTES = [392, 494, 587];
const NOTE_S = 0.45;
const LOUDNESS = 0.12;

let audio: AudioContext | null = null;

/** Plays them; resolves when they have ended. */
async function chime(): Promise<void> {
  audio ??= new AudioContext();
  await audio.resume();
  const from = audio.currentTime + 0.05;
  NOTES.forEach((hertz, at) => {
    if (!audio) return;
    const [tone, gain] = [new OscillatorNode(audio, { frequency: hertz }), new GainNode(audio, { gain: 0 })];
    const begin = from + at * NOTE_S;
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.04);
    gain.gain.exponentialRampToValueAtTime(0.0001, begin + NOTE_S * 1.5);
    tone.connect(gain).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + NOTE_S * 1.6);
  });
  await new Promise((done) => setTimeout(done, (NOTES.length + 0.6) * NOTE_S * 1000));
}

export function SoundCheck() {
  const { t } = useWords();
  const [said, say] = useState<"" | "lobby.sound.playing" | "lobby.sound.heard" | "lobby.sound.none">("");
  const playing = useRef(false);
  const play = async (): Promise<void> => {
    if (playing.current) return;
    playing.current = true;
    say("lobby.sound.playing");
    try {
      await chime();
      say("lobby.sound.heard");
    } catch {
      // No device to play on, or none that the browser may use.
      say("lobby.sound.none");
    } finally {
      playing.current = false;
    }
  };
  return (
    <div class="watch-check">
      <Button onClick={() => void play()}>
        <Volume2 size={20} aria-hidden="true" />
        {t("lobby.sound")}
      </Button>
      <p class="small soft" role="status">
        {said ? t(said) : ""}
      </p>
    </div>
  );
}
