// Who is in a tile: every bot, camera and clip has a ground of its own colour.
import type { Page } from "playwright-core";
import { namesScript, type Rect } from "./strip.ts";

/** Chroma (U, V) of a ground. */
export type Chroma = readonly [number, number];

/** The bots' grounds, as in crates/dev/testkit/src/media.rs. */
export const botColours: Chroma[] = [
  [110, 170],
  [170, 105],
  [100, 105],
  [150, 150],
  [90, 128],
  [128, 90],
];

/** A camera with the ground of bot 4, so that tests have one list of colours. */
export const cameraColour = { css: "rgb(109, 124, 33)", chroma: botColours[4] as Chroma };

/** Neutral: a slate, the space between tiles, nothing. */
export const neutral: Chroma = [128, 128];

export interface Sample {
  /** Milliseconds of the Unix clock. */
  at: number;
  luma: number;
  chroma: [number, number];
}

declare global {
  var palcoProbe: { samples: Sample[][]; stop(): void } | undefined;
}

/** Where a tile shows plain ground in every layout: in the middle, between strip and patch. */
export const groundOf = (tile: Rect) => ({ x: tile.x + tile.width / 2, y: tile.y + tile.height * 0.2 });

export function nameOf(chroma: Chroma, known: Map<string, Chroma>): string {
  let [name, nearest] = ["", Number.POSITIVE_INFINITY];
  for (const [who, [u, v]] of known) {
    const distance = Math.hypot(chroma[0] - u, chroma[1] - v);
    if (distance < nearest) [name, nearest] = [who, distance];
  }
  return nearest < 24 ? name : `?${chroma.map(Math.round).join("/")}`;
}

/** Takes the colour at each point of every picture shown from now on. */
export async function openProbe(page: Page, selector: string, points: { x: number; y: number }[]): Promise<void> {
  await page.evaluate(namesScript);
  await page.evaluate(probe, { selector, points });
}

/** The samples so far, one list per point. */
export async function samples(page: Page): Promise<Sample[][]> {
  return page.evaluate(() => {
    if (!globalThis.palcoProbe) throw new Error("no probe is open");
    return globalThis.palcoProbe.samples;
  });
}

function probe({ selector, points }: { selector: string; points: { x: number; y: number }[] }): void {
  const video = document.querySelector(selector);
  if (!(video instanceof HTMLVideoElement)) throw new Error(`no video at ${selector}`);
  globalThis.palcoProbe?.stop();
  const samples: Sample[][] = points.map(() => []);
  const size = 8;
  let open = true;
  const take = async (at: number): Promise<void> => {
    // Between two sessions the element has nothing to show.
    if (video.readyState < 2) return;
    // The decoder's own planes: a canvas would turn them into some RGB first.
    const frame = new VideoFrame(video);
    try {
      if (frame.format !== "I420" && frame.format !== "NV12") throw new Error(`unknown pixels ${frame.format}`);
      for (const [index, point] of points.entries()) {
        const even = (value: number, limit: number) => Math.max(0, Math.min(limit - size, 2 * Math.round((value - size / 2) / 2)));
        const rect = { x: even(point.x, frame.codedWidth), y: even(point.y, frame.codedHeight), width: size, height: size };
        const bytes = new Uint8Array(frame.allocationSize({ rect }));
        const planes = await frame.copyTo(bytes, { rect });
        const mean = (plane: number, first: number, step: number, width: number, height: number): number => {
          const { offset, stride } = planes[plane] ?? { offset: 0, stride: 0 };
          let sum = 0;
          for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sum += bytes[offset + first + y * stride + x * step] ?? 0;
          return sum / (width * height);
        };
        const half = size / 2;
        const chroma: [number, number] =
          frame.format === "I420"
            ? [mean(1, 0, 1, half, half), mean(2, 0, 1, half, half)]
            : [mean(1, 0, 2, half, half), mean(1, 1, 2, half, half)];
        samples[index]?.push({ at, luma: mean(0, 0, 1, size, size), chroma });
      }
    } finally {
      frame.close();
    }
  };
  const onFrame: VideoFrameRequestCallback = (_now, frame) => {
    if (!open) return;
    void take(performance.timeOrigin + frame.expectedDisplayTime);
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  globalThis.palcoProbe = {
    samples,
    stop() {
      open = false;
    },
  };
}
