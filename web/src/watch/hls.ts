/**
 * Plays the show from its playlist: with hls.js where the browser has media source extensions, else natively (iOS).
 * It tries again for as long as it is open. hls.js is fetched when it is needed, not with the page.
 */

import type Hls from "hls.js";
import type { ErrorData, HlsConfig } from "hls.js";
import { bearer } from "../api";
import { clock } from "../clock";

/** What is to be played. */
export interface Ask {
  /** Without a picture where false. */
  picture: boolean;
  /** Lines of picture; null: what the line takes. */
  height: number | null;
  /** Seconds behind the newest; null: as near as is safe. */
  behindS: number | null;
  /** The whole show from its beginning, after it ended. */
  replay: boolean;
}

/** Where playback is, in seconds of the media's own time. */
export interface Place {
  start: number;
  edge: number;
  at: number;
  /** How old the picture is; null: the playlist does not say. */
  behindMs: number | null;
}

const BACKOFF_MS = [300, 500, 1000, 2000, 3000] as const;
/** A decoder that fails again this soon needs a new one. */
const MEDIA_AGAIN_MS = 5000;
/** Parts are small: the playlist alone tells how near is safe (`PART-HOLD-BACK`), and a stall adds to it. */
const CONFIG: Partial<HlsConfig> = {
  // A worker of hls.js comes from a blob:, which our policy does not let in.
  enableWorker: false,
  lowLatencyMode: true,
  backBufferLength: 60,
  maxBufferLength: 30,
  // Catching up this gently is not heard.
  maxLiveSyncPlaybackRate: 1.05,
};

type Library = typeof Hls;
let library: Promise<Library | null> | null = null;

/** Fetches the library before it is needed; null where the browser has no use for it. */
export function fetchLibrary(): Promise<Library | null> {
  if (!("MediaSource" in window) && !("ManagedMediaSource" in window)) return Promise.resolve(null);
  library ??= import("hls.js").then(
    (it) => (it.default.isSupported() ? it.default : null),
    (error: unknown) => {
      library = null;
      throw error;
    },
  );
  return library;
}

let ahead = false;

/** The same while there is time, unless the viewer pays for every byte. */
export function fetchAhead(): void {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  if (ahead || connection?.saveData) return;
  ahead = true;
  // Without it now it is fetched when it is needed.
  fetchLibrary().catch(() => (ahead = false));
}

const playsNatively = (video: HTMLVideoElement): boolean => video.canPlayType("application/vnd.apple.mpegurl") !== "";

export interface Tell {
  /** This browser plays no HLS at all. */
  unable: () => void;
  /** The picture is about to go dark for another try. */
  losing: () => void;
}

export class HlsSource {
  /** Tries in a row that brought nothing. */
  failures = 0;
  private ask: Ask | null = null;
  private hls: Hls | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Of the try that counts: what older ones still bring is dropped. */
  private turn = 0;
  private mediaFailedAt = Number.NEGATIVE_INFINITY;
  private readonly offs: (() => void)[] = [];

  constructor(
    private readonly url: string,
    private readonly token: () => string | null,
    /** Whom the server shall count; where the browser itself plays, it cannot be told. */
    private readonly viewer: string,
    private readonly video: HTMLVideoElement,
    private readonly tell: Tell,
  ) {
    const failed = (): void => {
      if (this.ask && !this.hls) this.retry();
    };
    const worked = (): void => {
      this.failures = 0;
    };
    video.addEventListener("error", failed);
    video.addEventListener("timeupdate", worked);
    this.offs.push(() => video.removeEventListener("error", failed), () => video.removeEventListener("timeupdate", worked));
  }

  open(ask: Ask): void {
    this.close();
    this.ask = ask;
    void this.begin(ask, ++this.turn);
  }

  get opened(): Ask | null {
    return this.ask;
  }

  close(): void {
    this.turn += 1;
    this.ask = null;
    this.failures = 0;
    clearTimeout(this.timer);
    this.shut();
  }

  /** There is a new token. What the browser itself plays comes with a cookie, which is made anew. */
  renewed(): void {
    if (this.ask && !this.hls && this.video.hasAttribute("src")) this.fetch("pass", "POST").catch(() => undefined);
  }

  dispose(): void {
    this.close();
    for (const off of this.offs) off();
  }

  /** Other lines of picture, without a gap. */
  quality(height: number | null): void {
    if (!this.ask || this.ask.height === height) return;
    this.ask = { ...this.ask, height };
    const { hls } = this;
    if (hls) hls.nextLevel = levelOf(hls, height);
  }

  seek(at: number): void {
    const { place } = this;
    if (!place || !this.ask) return;
    const to = Math.min(Math.max(at, place.start), place.edge);
    this.ask = { ...this.ask, behindS: place.edge - to };
    this.video.currentTime = to;
  }

  live(): void {
    if (!this.ask) return;
    this.ask = { ...this.ask, behindS: null };
    const to = this.hls ? this.hls.liveSyncPosition : this.place?.edge;
    if (typeof to === "number") this.video.currentTime = to;
  }

  get place(): Place | null {
    const { hls, video } = this;
    if (!this.ask) return null;
    if (hls) {
      const details = hls.latestLevelDetails;
      const first = details?.fragments[0];
      if (!details || !first) return null;
      const date = hls.playingDate;
      return { start: first.start, edge: details.edge, at: video.currentTime, behindMs: date ? clock.now() - date.getTime() : null };
    }
    const { seekable } = video;
    if (seekable.length === 0) return null;
    const start = (video as AppleVideo).getStartDate?.().getTime() ?? Number.NaN;
    const behindMs = Number.isNaN(start) ? null : clock.now() - start - video.currentTime * 1000;
    return { start: seekable.start(0), edge: seekable.end(seekable.length - 1), at: video.currentTime, behindMs };
  }

  private async begin(ask: Ask, turn: number): Promise<void> {
    try {
      const Library = await fetchLibrary();
      if (turn !== this.turn) return;
      if (!Library && !playsNatively(this.video)) return this.tell.unable();
      // The browser itself sends no headers: who watches, and with which grant, is in a cookie then.
      if (!Library) await this.fetch("pass", "POST");
      const url = ask.picture ? this.url : await this.soundUrl();
      if (turn !== this.turn) return;
      if (Library) this.play(new Library(this.config(ask)), Library, url, ask);
      else this.playNatively(url, ask);
    } catch (error) {
      // The library or the playlist did not come; both are asked for again.
      if (!(error instanceof TypeError)) throw error;
      if (turn === this.turn) this.retry();
    }
  }

  private config(ask: Ask): Partial<HlsConfig> {
    const xhrSetup = (xhr: XMLHttpRequest): void => {
      for (const [name, value] of Object.entries(this.headers())) xhr.setRequestHeader(name, value);
    };
    return { ...CONFIG, xhrSetup, startPosition: ask.replay && ask.behindS === null ? 0 : -1 };
  }

  private play(hls: Hls, { Events, ErrorTypes }: Library, url: string, ask: Ask): void {
    this.hls = hls;
    hls.on(Events.MANIFEST_PARSED, () => {
      if (ask.height !== null) hls.loadLevel = levelOf(hls, ask.height);
    });
    let placed = ask.behindS === null;
    hls.on(Events.LEVEL_UPDATED, (_, { details }) => {
      const { fragmentEnd, edge } = details;
      const newest = details.fragments.at(-1);
      // The newest picture was made a moment ago: that tells the server's time better than whole seconds do.
      if (details.live && newest?.programDateTime) clock.saw(newest.programDateTime + (Math.max(edge, fragmentEnd) - newest.start) * 1000);
      if (placed) return;
      placed = true;
      this.from(Math.max(details.fragments[0]?.start ?? 0, edge - (ask.behindS ?? 0)));
    });
    hls.on(Events.ERROR, (_, error: ErrorData) => {
      if (this.hls !== hls || !error.fatal) return;
      const now = performance.now();
      if (error.type === ErrorTypes.MEDIA_ERROR && now - this.mediaFailedAt > MEDIA_AGAIN_MS) {
        this.mediaFailedAt = now;
        hls.recoverMediaError();
      } else this.retry();
    });
    hls.attachMedia(this.video);
    hls.loadSource(url);
  }

  private playNatively(url: string, ask: Ask): void {
    this.video.src = url;
    const { behindS } = ask;
    if (behindS !== null) this.from(() => (this.place?.edge ?? 0) - behindS);
  }

  /** Goes to a place as soon as the element can. */
  private from(at: number | (() => number)): void {
    const { video, turn } = this;
    const go = (): void => {
      if (turn === this.turn) video.currentTime = typeof at === "number" ? at : at();
    };
    if (video.readyState >= HTMLMediaElement.HAVE_METADATA) go();
    else video.addEventListener("loadedmetadata", go, { once: true });
  }

  private retry(): void {
    const { ask, place } = this;
    if (!ask) return;
    const wait = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)] ?? 0;
    this.failures += 1;
    // Where the viewer was, not where the show is meanwhile.
    const behindS = place && (ask.replay || ask.behindS !== null) ? place.edge - place.at : ask.behindS;
    this.turn += 1;
    this.tell.losing();
    this.shut();
    const next = { ...ask, behindS };
    this.ask = next;
    clearTimeout(this.timer);
    const { turn } = this;
    this.timer = setTimeout(() => void this.begin(next, turn), wait);
  }

  private shut(): void {
    const { hls, video } = this;
    this.hls = null;
    hls?.destroy();
    if (video.hasAttribute("src")) {
      video.removeAttribute("src");
      video.load();
    }
  }

  private headers(): Record<string, string> {
    return { "palco-viewer": this.viewer, ...bearer(this.token()) };
  }

  private async fetch(url: string, method: string): Promise<Response> {
    const response = await fetch(new URL(url, new URL(this.url, location.href)), { method, headers: this.headers() });
    if (!response.ok) throw new TypeError(`${response.status}`);
    return response;
  }

  /** hls.js leaves out what has no picture where others do, so its playlist is found here. */
  private async soundUrl(): Promise<string> {
    const response = await this.fetch(this.url, "GET");
    const sound = soundIn(await response.text());
    return sound === null ? this.url : new URL(sound, response.url).href;
  }
}

type AppleVideo = HTMLVideoElement & { getStartDate?: () => Date };

/** The level with these many lines, else −1: its own choice. */
function levelOf(hls: Hls, height: number | null): number {
  return height === null ? -1 : hls.levels.findIndex((level) => level.height === height);
}

/** The address of the sound alone in a multivariant playlist. */
export function soundIn(playlist: string): string | null {
  const lines = playlist.split(/\r?\n/);
  const at = lines.findIndex((line) => line.startsWith("#EXT-X-STREAM-INF:") && !line.includes("RESOLUTION="));
  const alone = at < 0 ? undefined : lines.slice(at + 1).find((line) => line !== "" && !line.startsWith("#"));
  const group = lines.find((line) => line.startsWith("#EXT-X-MEDIA:TYPE=AUDIO"))?.match(/URI="([^"]+)"/)?.[1];
  return alone ?? group ?? null;
}
