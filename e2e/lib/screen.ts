// What the audience's page has on screen, by whatever way: which way it is, and the time strip of one tile.
import type { Page } from "playwright-core";
import { lookAt } from "./flashbeep.ts";
import { pictureSize } from "./layout.ts";
import { namesScript, strip, stripScript, type Rect } from "./strip.ts";

export interface Seen {
  /** Unix ms. */
  at: number;
  way: "webrtc" | "hls" | "audio";
  /** What the strip says; null where it cannot be read. */
  strip: number | null;
}

declare global {
  var palcoScreen: Seen[] | undefined;
}

/** Tiles are told on a canvas of this width. */
const CANVAS = 1280;

/** Begins to look, about 25 times a second, until the page is closed. */
export async function openScreenEyes(page: Page, tile: Rect): Promise<void> {
  const rect = lookAt(strip, pictureSize, tile, 0).strip;
  await page.evaluate(stripScript);
  await page.evaluate(`${namesScript} (${look.toString()})(${JSON.stringify({ rect, canvas: CANVAS })})`);
}

/** What was seen after `since`. */
export async function screenSeen(page: Page, since: number): Promise<Seen[]> {
  return page.evaluate((since) => (globalThis.palcoScreen ?? []).filter(({ at }) => at > since), since);
}

function look({ rect, canvas }: { rect: Rect; canvas: number }): void {
  const seen: Seen[] = [];
  globalThis.palcoScreen = seen;
  let busy = false;
  let bytes = new Uint8Array(0);
  const read = async (way: Seen["way"]): Promise<void> => {
    const video = document.querySelector<HTMLVideoElement>(way === "webrtc" ? "video" : ".watch-hls video");
    const at = Date.now();
    if (!video || video.readyState < 2 || video.videoWidth === 0) return void seen.push({ at, way, strip: null });
    let frame: VideoFrame;
    try {
      frame = new VideoFrame(video);
    } catch {
      // A player of the browser's own may have none for a moment.
      return void seen.push({ at, way, strip: null });
    }
    try {
      if (bytes.length < frame.allocationSize()) bytes = new Uint8Array(frame.allocationSize());
      const [plane] = await frame.copyTo(bytes);
      const { offset, stride } = plane ?? { offset: 0, stride: 0 };
      const image = { data: bytes.subarray(offset), width: stride, height: frame.visibleRect?.height ?? 0, step: 1 as const };
      const scale = (frame.visibleRect?.width ?? canvas) / canvas;
      const here = { x: rect.x * scale, y: rect.y * scale, width: rect.width * scale, height: rect.height * scale };
      seen.push({ at, way, strip: palcoStrip.read(image, here) ?? null });
    } finally {
      frame.close();
    }
  };
  setInterval(() => {
    const facts = (window as unknown as { palco?: { way: Seen["way"] } }).palco;
    if (busy || !facts) return;
    busy = true;
    void read(facts.way).finally(() => (busy = false));
  }, 40);
}
