// Somebody who watches: the audience's page, or any WHEP address played without a page of ours.
import { loadavg } from "node:os";
import type { BrowserContext, Page } from "playwright-core";
import { groundOf, nameOf, openProbe, samples, type Chroma } from "./colours.ts";
import { closeEyes, longestStill, lookAt, openEyes, sightings, sync, type Look, type Sightings } from "./flashbeep.ts";
import { pictureSize } from "./layout.ts";
import { strip, type Rect } from "./strip.ts";
import { until } from "./until.ts";

/** What is expected somewhere in the picture. */
export interface Expected {
  who: string;
  tile: Rect;
  tone: number;
}

/** The part of `window.palco` that both kinds of viewers have. */
interface Facts {
  pc: RTCPeerConnection | null;
  opened: number;
}

const lookFor = ({ tile, tone }: Expected): Look => lookAt(strip, pictureSize, tile, tone);

export class Viewer {
  private constructor(readonly page: Page) {}

  /** The audience's page. */
  static async open(context: BrowserContext, url: string): Promise<Viewer> {
    const page = await context.newPage();
    // Not "load": a page whose streams began early never gets there in Chromium.
    await page.goto(url, { waitUntil: "domcontentloaded" });
    return new Viewer(page);
  }

  /** Plays a WHEP address of the server in a page that has no player of its own. */
  static async play(context: BrowserContext, server: string, path: string, token?: string): Promise<Viewer> {
    const page = await context.newPage();
    await page.goto(`${server}/nothing-here`);
    await page.evaluate(playHere, { path, token: token ?? null });
    return new Viewer(page);
  }

  /** The size of the picture on screen, once there is one. */
  async size(millis = 15_000): Promise<{ width: number; height: number }> {
    return until("a picture is on screen", millis, () =>
      this.page.evaluate(() => {
        const video = document.querySelector("video");
        const shown = video && video.readyState >= 2 && video.videoWidth > 0;
        return shown ? { width: video.videoWidth, height: video.videoHeight } : null;
      }),
    );
  }

  /** Looks and listens until every expected strip is readable and moves; gives what was seen until then. */
  async seesMoving(expected: Expected[], millis = 15_000): Promise<Sightings> {
    await openEyes(this.page, "video", expected.map(lookFor));
    let last = "";
    try {
      await until("everybody expected is seen moving", millis, async () => {
        const seen = await sightings(this.page);
        const moves = expected.map(({ who }, index) => `${who} ${fresh(seen, index)}`);
        const end = seen.pictures.at(-1)?.at ?? 0;
        const recent = seen.pictures.filter(({ at }) => at > end - 1000);
        last = `${moves.join(", ")} in ${recent.length} pictures shown, the last ${Math.round(Date.now() - end)} ms ago`;
        return expected.every((_, index) => fresh(seen, index) >= 8);
      });
    } catch (error) {
      throw new Error(`${String(error)}; new strips in the last second: ${last}; ${await this.condition()}`);
    }
    return closeEyes(this.page);
  }

  /** Looks and listens until `enough`; gives all that was seen. */
  async watch(expected: Expected[], millis: number, what: string, enough: (seen: Sightings) => boolean): Promise<Sightings> {
    await openEyes(this.page, "video", expected.map(lookFor));
    try {
      await until(what, millis, async () => enough(await sightings(this.page)), 200);
    } catch (error) {
      const seen = await sightings(this.page);
      const told = expected.map(
        ({ who }, index) =>
          `${who}: ${fresh(seen, index)} new strips in the last second, ${seen.flashes[index]?.length} flashes, ` +
          `${seen.beeps[index]?.length} beeps, early by ${sync(seen, index).map(Math.round).join(" ")} ms`,
      );
      throw new Error(`${String(error)}; ${told.join("; ")}; ${await this.condition()}`);
    }
    return closeEyes(this.page);
  }

  /** Begins to watch; `stopWatching` gives what was seen meanwhile. */
  async startWatching(expected: Expected[]): Promise<void> {
    await openEyes(this.page, "video", expected.map(lookFor));
  }

  stopWatching = (): Promise<Sightings> => closeEyes(this.page);
  sofar = (): Promise<Sightings> => sightings(this.page);

  /** Waits until the grounds of these tiles have the colours of these people. */
  async seesInPlace(expected: Expected[], known: Map<string, Chroma>, millis = 8_000): Promise<void> {
    const wanted = expected.map(({ who }) => who).join(" ");
    await openProbe(this.page, "video", expected.map(({ tile }) => groundOf(tile)));
    let last = "";
    try {
      await until("everybody is in their place", millis, async () => {
        const now = (await samples(this.page)).map((it) => it.at(-1));
        last = now.map((it) => (it === undefined ? "nothing" : nameOf(it.chroma, known))).join(" ");
        return last === wanted;
      });
    } catch (error) {
      throw new Error(`${String(error)}; wanted ${wanted}, saw ${last}; ${await this.condition()}`);
    }
  }

  /** How picture and machine are, for messages of failed tests. */
  private async condition(): Promise<string> {
    const { framesPerSecond, packetsLost, framesDropped } = await this.videoStats();
    const load = loadavg().map((it) => it.toFixed(1)).join(" ");
    return `${framesPerSecond} pictures/s, ${packetsLost} packets lost, ${framesDropped} pictures dropped, load ${load}`;
  }

  /** Remembers this very connection, for `sameConnection`. */
  async markConnection(): Promise<void> {
    await this.page.evaluate(() => Object.assign(facts().pc ?? {}, { marked: true }));
  }

  /** Whether the connection is still the one that was marked, and no other was ever opened since. */
  async sameConnection(): Promise<boolean> {
    return this.page.evaluate(() => (facts().pc as { marked?: boolean } | null)?.marked === true);
  }

  /** WHEP sessions asked for so far. */
  async opened(): Promise<number> {
    return this.page.evaluate(() => facts().opened);
  }

  /** What WebRTC says about the picture so far. */
  async videoStats(kind = "video"): Promise<Record<string, number>> {
    return this.page.evaluate(async (kind) => {
      const stats: Record<string, number> = {};
      (await facts().pc?.getStats())?.forEach((entry: Record<string, unknown>) => {
        if (entry["type"] !== "inbound-rtp" || entry["kind"] !== kind) return;
        for (const [key, value] of Object.entries(entry)) if (typeof value === "number") stats[key] = value;
      });
      return stats;
    }, kind);
  }
}

/** New strips of a tile in the second before the last picture. */
function fresh(seen: Sightings, index: number): number {
  const end = seen.pictures.at(-1)?.at ?? 0;
  const last = seen.pictures.filter(({ at }) => at > end - 1000);
  return new Set(last.map(({ strips }) => strips[index]).filter((it) => it !== null)).size;
}

/** The longest time without a new strip from `since` up to now: also when pictures stopped coming altogether. */
export function stillUntilNow(seen: Sightings, index: number, since = 0): number {
  const before = seen.pictures.findLastIndex(({ at }) => at <= since);
  const pictures = seen.pictures.slice(Math.max(0, before));
  const last = pictures.at(-1)?.at ?? since;
  return Math.max(longestStill({ ...seen, pictures }, index), Date.now() - last);
}

// In pages only: what a page of either kind says of itself.
declare global {
  function facts(): Facts;
}

/** Must be in every context before its pages are opened. */
export async function teachFacts(context: BrowserContext): Promise<void> {
  await context.addInitScript({ content: "globalThis.__name ??= (f) => f; globalThis.facts = () => window.palco;" });
}

async function playHere({ path, token }: { path: string; token: string | null }): Promise<void> {
  const pc = new RTCPeerConnection();
  Object.assign(window, { palco: { pc, opened: 1 } });
  const stream = new MediaStream();
  pc.ontrack = ({ track }) => stream.addTrack(track);
  pc.addTransceiver("video", { direction: "recvonly" });
  pc.addTransceiver("audio", { direction: "recvonly" });
  await pc.setLocalDescription(await pc.createOffer());
  const headers: Record<string, string> = { "content-type": "application/sdp" };
  if (token !== null) headers["authorization"] = `Bearer ${token}`;
  const response = await fetch(path, { method: "POST", headers, body: pc.localDescription?.sdp ?? "" });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${answer}`);
  await pc.setRemoteDescription({ type: "answer", sdp: answer });
  const video = document.createElement("video");
  video.muted = true;
  video.autoplay = true;
  video.srcObject = stream;
  document.body.replaceChildren(video);
}
