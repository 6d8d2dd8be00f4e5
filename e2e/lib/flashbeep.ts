// Flash and beep (crates/dev/testkit/src/pulse.rs) in pages: a camera that makes them, and eyes
// and ears that find them. Each whole second of the wall clock a patch is white for 66 ms and a
// tone sounds for 24 ms, beginning together; the strip says the wall clock modulo 2^24 ms.
import type { Page } from "playwright-core";
import { namesScript, stripScript, stripWrap, type Rect, type Strip } from "./strip.ts";

declare global {
  var palcoStrip: Strip;
  var palcoCamera: { started: number } | undefined;
  var palcoEyes: Eyes | undefined;
}

/** The white patch, as fractions of the picture. */
export const patch: Rect = { x: 0.4, y: 0.3, width: 0.2, height: 0.4 };

export interface Camera {
  width: number;
  height: number;
  /** CSS colour of the ground. */
  colour: string;
  /** Hz. */
  tone: number;
}

/** What a page has seen and heard. Times are milliseconds of the Unix clock. */
export interface Sightings {
  pictures: { at: number; strips: (number | null)[] }[];
  /** When each tile began to flash. */
  flashes: number[][];
  /** When each tile's tone began. */
  beeps: number[][];
}

interface Eyes {
  sightings: Sightings;
  stop(): void;
}

/** A tile to look at: the strip and the patch in the video's own pixels, and the tone to hear. */
export interface Look {
  strip: Rect;
  patch: Rect;
  tone: number;
}

/** Where to look for a camera's or a bot's picture that covers `tile` of the video. */
export function lookAt(strip: Strip, from: { width: number; height: number }, tile: Rect, tone: number): Look {
  const whole = { x: patch.x * from.width, y: patch.y * from.height, width: patch.width * from.width, height: patch.height * from.height };
  return { strip: strip.inTile(strip.top(from.width), from, tile), patch: strip.inTile(whole, from, tile), tone };
}

/** Replaces camera and microphone of every page of a context (or of one page), before it loads. */
export async function installCamera(
  target: { addInitScript(script: { content: string }): Promise<unknown> },
  camera: Camera,
): Promise<void> {
  const content = `${stripScript} (${fakeCamera.toString()})(${JSON.stringify({ camera, patch })});`;
  await target.addInitScript({ content });
}

function fakeCamera({ camera, patch }: { camera: Camera; patch: Rect }): void {
  const { width, height } = camera;

  function picture(): MediaStreamTrack {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("no canvas");
    const where = palcoStrip.top(width);
    const draw = () => {
      const now = Date.now();
      context.fillStyle = camera.colour;
      context.fillRect(0, 0, width, height);
      context.fillStyle = "#888";
      context.fillRect((now / 10) % width, height * 0.8, 40, 40);
      if (now % 1000 < 66) {
        context.fillStyle = "#fff";
        context.fillRect(patch.x * width, patch.y * height, patch.width * width, patch.height * height);
      }
      palcoStrip.paint(context, where, now);
    };
    draw();
    // Not requestAnimationFrame: a page in the background is a host all the same.
    const timer = setInterval(draw, 1000 / 30);
    const [track] = canvas.captureStream(30).getVideoTracks();
    if (!track) throw new Error("no picture");
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      stop();
    };
    return track;
  }

  function sound(): MediaStreamTrack {
    const audio = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
    const out = audio.createMediaStreamDestination();
    const gain = audio.createGain();
    gain.gain.value = 0;
    const tone = audio.createOscillator();
    tone.frequency.value = camera.tone;
    tone.connect(gain).connect(out);
    tone.start();
    void audio.resume();
    let planned = 0;
    const timer = setInterval(() => {
      const second = Math.ceil((Date.now() + 20) / 1000) * 1000;
      if (second === planned || second - Date.now() > 300) return;
      planned = second;
      const at = audio.currentTime + (second - Date.now()) / 1000;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(0.5, at + 0.002);
      gain.gain.setValueAtTime(0.5, at + 0.022);
      gain.gain.linearRampToValueAtTime(0, at + 0.024);
    }, 50);
    const [track] = out.stream.getAudioTracks();
    if (!track) throw new Error("no sound");
    const stop = track.stop.bind(track);
    track.stop = () => {
      clearInterval(timer);
      stop();
      void audio.close();
    };
    return track;
  }

  globalThis.palcoCamera = { started: Date.now() };
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const tracks: MediaStreamTrack[] = [];
    if (wanted?.audio) tracks.push(sound());
    if (wanted?.video) tracks.push(picture());
    return new MediaStream(tracks);
  };
}

/** Begins to look at the first `<video>` that matches, and to listen to its stream. */
export async function openEyes(page: Page, selector: string, looks: Look[]): Promise<void> {
  await page.evaluate(stripScript);
  const call = `${namesScript} (${lookAndListen.toString()})(${JSON.stringify({ selector, looks })})`;
  await page.evaluate(call);
}

/** What was seen since `openEyes`. */
export async function sightings(page: Page): Promise<Sightings> {
  return page.evaluate(() => {
    if (!globalThis.palcoEyes) throw new Error("no eyes are open");
    return globalThis.palcoEyes.sightings;
  });
}

/** Stops looking, and gives all that was seen. */
export async function closeEyes(page: Page): Promise<Sightings> {
  return page.evaluate(() => {
    if (!globalThis.palcoEyes) throw new Error("no eyes are open");
    globalThis.palcoEyes.stop();
    return globalThis.palcoEyes.sightings;
  });
}

function lookAndListen({ selector, looks }: { selector: string; looks: Look[] }): void {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLVideoElement)) throw new Error(`no video at ${selector}`);
  const video = found;
  globalThis.palcoEyes?.stop();
  const sightings: Sightings = { pictures: [], flashes: looks.map(() => []), beeps: looks.map(() => []) };
  let open = true;

  function see(): void {
    const dark = looks.map(() => Number.NaN);
    const bright = looks.map(() => false);
    let bytes = new Uint8Array(0);
    /** The luma of the picture on screen, as the decoder made it: a canvas would cost a third of a core. */
    const luma = async () => {
      const frame = new VideoFrame(video);
      try {
        if (frame.format !== "I420" && frame.format !== "NV12") throw new Error(`no luma in ${frame.format}`);
        if (bytes.length < frame.allocationSize()) bytes = new Uint8Array(frame.allocationSize());
        const [plane] = await frame.copyTo(bytes);
        const { offset, stride } = plane ?? { offset: 0, stride: 0 };
        return { data: bytes.subarray(offset), width: stride, height: frame.visibleRect?.height ?? frame.codedHeight, step: 1 as const };
      } finally {
        frame.close();
      }
    };
    const take = async (at: number) => {
      const image = await luma();
      sightings.pictures.push({ at, strips: looks.map((l) => palcoStrip.read(image, l.strip) ?? null) });
      looks.forEach(({ patch }, index) => {
        // The middle of the patch is enough.
        const [x, y] = [patch.x + patch.width / 2 - 4, patch.y + patch.height / 2 - 4];
        const brightness = palcoStrip.mean(image, x, y, 8, 8) ?? Number.NaN;
        const ground = dark[index];
        const white = ground !== undefined && brightness > ground + 50;
        if (white && !bright[index]) sightings.flashes[index]?.push(at);
        if (!white) dark[index] = ground === undefined || Number.isNaN(ground) ? brightness : ground + (brightness - ground) * 0.2;
        bright[index] = white;
      });
    };
    let busy = false;
    const onFrame: VideoFrameRequestCallback = (_now, frame) => {
      if (!open) return;
      // Between two sessions the element has nothing to show.
      if (!busy && video.readyState >= 2) {
        busy = true;
        // What is on screen may already be a newer picture than the one announced.
        const shown = Math.max(frame.expectedDisplayTime, performance.now());
        void take(performance.timeOrigin + shown).finally(() => (busy = false));
      }
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  }

  /** A sliding 4 ms Fourier bin per tone, as in pulse.rs; gives the sample where a beep began. */
  function ear(tone: number, rate: number): (sample: number) => number | undefined {
    const window = Math.round(rate * 0.004);
    const certain = Math.round(rate * 0.012);
    const real = new Float64Array(window);
    const imaginary = new Float64Array(window);
    let [at, sumReal, sumImaginary, index, level, quiet] = [0, 0, 0, 0, 0.125, 0];
    let rise: number[] | undefined;
    let first = 0;
    return (sample) => {
      const phase = (2 * Math.PI * tone * (index % rate)) / rate;
      const [r, i] = [sample * Math.cos(phase), sample * Math.sin(phase)];
      sumReal += r - (real[at] ?? 0);
      sumImaginary += i - (imaginary[at] ?? 0);
      [real[at], imaginary[at]] = [r, i];
      at = (at + 1) % window;
      const strength = (2 * Math.hypot(sumReal, sumImaginary)) / window;
      const now = index++;
      if (rise) {
        rise.push(strength);
        if (rise.length < certain) return undefined;
        const [strengths, most] = [rise, Math.max(...rise)];
        rise = undefined;
        if (strength < most / 2) return undefined;
        quiet = first + rate / 4;
        level += (most - level) / 2;
        const half = strengths.findIndex((s) => s >= most / 2);
        return first + half - window / 2 - rate * 0.001;
      }
      if (now >= quiet && strength > Math.max(level / 4, 0.01)) [rise, first] = [[strength], now];
      return undefined;
    };
  }

  function listen(): () => void {
    const stream = video.srcObject;
    if (!(stream instanceof MediaStream) || stream.getAudioTracks().length === 0) return () => {};
    const audio = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
    const size = 1024;
    // Needs no script of its own to load, so that it works under any content security policy.
    const tap = audio.createScriptProcessor(size, 1, 1);
    const ears = looks.map((l) => ear(l.tone, audio.sampleRate));
    // The audio clock's zero on the Unix clock: the least seen, because callbacks only come late.
    let zero = Number.POSITIVE_INFINITY;
    let heard = 0;
    const chunks: { first: number; time: number }[] = [];
    tap.onaudioprocess = (event) => {
      zero = Math.min(zero, performance.timeOrigin + performance.now() - audio.currentTime * 1000);
      // The block was filled before it is played: twice its size, less the quantum being rendered.
      chunks.push({ first: heard, time: event.playbackTime - (2 * size - 128) / audio.sampleRate });
      if (chunks.length > 8) chunks.shift();
      const samples = event.inputBuffer.getChannelData(0);
      for (const sample of samples) {
        ears.forEach((hear, index) => {
          const begin = hear(sample);
          if (begin === undefined) return;
          const chunk = [...chunks].reverse().find((c) => c.first <= begin) ?? chunks[0];
          if (!chunk) return;
          const time = chunk.time + (begin - chunk.first) / audio.sampleRate;
          sightings.beeps[index]?.push(zero + time * 1000);
        });
      }
      heard += samples.length;
    };
    const mute = audio.createGain();
    mute.gain.value = 0;
    audio.createMediaStreamSource(stream).connect(tap).connect(mute).connect(audio.destination);
    void audio.resume();
    return () => {
      if (audio.state !== "closed") void audio.close();
    };
  }

  see();
  const deafen = listen();
  globalThis.palcoEyes = {
    sightings,
    stop() {
      open = false;
      deafen();
    },
  };
}

/** How old each picture was when it was shown, in ms, for strips that say the Unix clock. */
export function latencies(seen: Sightings, index: number): number[] {
  return seen.pictures.flatMap(({ at, strips }) => {
    const millis = strips[index];
    return millis === null || millis === undefined ? [] : [age(at, millis, stripWrap)];
  });
}

/** The same for a bot, whose strip says media time that repeats after `loop` ms. */
export function botLatencies(seen: Sightings, index: number, startedUnixMs: number, loop: number): number[] {
  return seen.pictures.flatMap(({ at, strips }) => {
    const millis = strips[index];
    return millis === null || millis === undefined ? [] : [age(at - startedUnixMs, millis, loop)];
  });
}

function age(at: number, millis: number, wrap: number): number {
  const age = (((at - millis) % wrap) + wrap) % wrap;
  return age > wrap - 100 ? age - wrap : age;
}

/** Flash minus beep in ms, for each flash with a beep within half a second: above zero the sound is early. */
export function sync(seen: Sightings, index: number): number[] {
  const beeps = seen.beeps[index] ?? [];
  return (seen.flashes[index] ?? []).flatMap((flash) => {
    const distances = beeps.map((beep) => flash - beep).sort((a, b) => Math.abs(a) - Math.abs(b));
    return distances[0] !== undefined && Math.abs(distances[0]) < 500 ? [distances[0]] : [];
  });
}

/** The longest time in ms over which a tile's strip did not move, or could not be read. */
export function longestStill(seen: Sightings, index: number): number {
  let [longest, since, last]: [number, number | undefined, number | null] = [0, undefined, null];
  for (const { at, strips } of seen.pictures) {
    const millis = strips[index] ?? null;
    if (millis === null || millis === last) continue;
    if (since !== undefined) longest = Math.max(longest, at - since);
    [since, last] = [at, millis];
  }
  const end = seen.pictures.at(-1)?.at;
  return since === undefined || end === undefined ? longest : Math.max(longest, end - since);
}

/** The value that `part` (0–1) of all are no larger than. */
export function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(Math.ceil(sorted.length * part), 1) - 1] ?? Number.NaN;
}
