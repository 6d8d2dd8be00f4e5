/** What the server says and takes: the shapes of its HTTP contract, and one way to ask. */

export type ShowState = "scheduled" | "live" | "paused" | "over";
export type Canvas = "16:9" | "9:16";
export type Role = "host" | "backstage" | "crew";
export type Connection = "away" | "connecting" | "connected" | "lost";
export type Layout = "solo" | "side_by_side" | "grid" | "picture_in_picture" | "clip_full" | "clip_with_hosts" | "slate";
export type Target = "program" | "clip" | "slate" | "performer";
export type MixerState = "off" | "starting" | "up" | "restarting";

export interface PublicShow {
  id: string;
  slug: string;
  title: string;
  description: string;
  state: ShowState;
  starts_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  canvas: Canvas;
  door: "open" | "grant";
}

export interface Show extends PublicShow {
  max_on_air: number;
  links: { watch: string; desk: string };
}

export interface Performer {
  id: string;
  name: string;
  feed: string;
  role: Role;
  /** 0-based order on air. */
  place: number | null;
  connection: Connection;
  /** Whether sound flows now. */
  audio: boolean;
  /** Whether a picture flows now. */
  video: boolean;
  video_codec: "h264" | "vp8" | null;
  muted: boolean;
  hidden: boolean;
  /** 0..2, 1 is as it came. */
  volume: number;
  invitation_url: string;
}

export interface Slate {
  title: string;
  text: string;
}

export interface Transition {
  kind: "cut" | "fade";
  millis: number;
}

export interface Scene {
  layout: Layout;
  focus: string | null;
  slate: Slate;
  transition: Transition;
}

export interface Clip {
  id: string;
  name: string;
  /** Bytes. */
  size: number;
  duration_ms: number | null;
  width: number | null;
  height: number | null;
  sound: boolean;
  created_at: string;
}

export interface Playback {
  clip: string;
  state: "playing" | "paused" | "ended" | "failed";
  position_ms: number;
  /** When `position_ms` was true, by the server's clock. */
  at: string;
  duration_ms: number | null;
  looped: boolean;
  volume: number;
  error: string | null;
}

export interface Audience {
  target: Target;
  clip: string | null;
  performer: string | null;
  slate: Slate;
  playback: Playback | null;
}

export interface StageState {
  revision: number;
  show: Show;
  performers: Performer[];
  scene: Scene;
  clips: Clip[];
  playback: Playback | null;
  audience: Audience;
  mixer: MixerState;
  viewers: number;
}

/** Peaks in dBFS by performer or clip, −90 silence, 0 loudest. */
export interface Levels {
  levels: Record<string, number>;
}

export interface Other {
  id: string;
  name: string;
  role: Role;
  place: number | null;
  connection: Connection;
  audio: boolean;
  video: boolean;
  muted: boolean;
}

/** What a performer sees of the stage. */
export interface StageView {
  show: Pick<Show, "id" | "slug" | "title" | "state" | "starts_at" | "canvas">;
  me: Pick<Performer, "id" | "name" | "role" | "place" | "muted" | "hidden" | "feed">;
  others: Other[];
  whip_url: string;
}

export interface Credentials {
  invitation_url: string;
  whip_url: string;
  whip_token: string;
}

export interface NewPerformer extends Credentials {
  performer: Performer;
}

/** Why the server, or the way to it, said no. */
export class Fault extends Error {
  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** Stable, snake_case. `offline` when there was no answer. */
    readonly code: string,
    /** A sentence for the person, in English. */
    readonly text: string,
    readonly hint: string | null = null,
    /** When the server says so: how long to wait before asking again. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(`${code}: ${text}`);
  }
}

export const offline = (): Fault => new Fault(0, "offline", "The server cannot be reached.");

/** Reads a refusal; `body` is what came, of whatever kind. */
export function faultFrom(status: number, body: string, retryAfter: string | null = null): Fault {
  const seconds = retryAfter === null ? NaN : Number(retryAfter);
  const wait = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
  try {
    const it: unknown = JSON.parse(body);
    if (typeof it === "object" && it !== null && "code" in it && "text" in it) {
      const hint = "hint" in it && typeof it.hint === "string" ? it.hint : null;
      if (typeof it.code === "string" && typeof it.text === "string") return new Fault(status, it.code, it.text, hint, wait);
    }
  } catch {
    // Not one of ours: a proxy's page, or nothing. The status is all there is to say.
  }
  return new Fault(status, `http_${status}`, `The server answered ${status}.`, null, wait);
}

export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof TypeError) return offline();
  return new Fault(0, "page_broken", error instanceof Error ? error.message : String(error));
}

export interface Ask {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  token?: string | null | undefined;
  body?: unknown;
  signal?: AbortSignal;
  keepalive?: boolean;
}

/** One question, one answer or a [`Fault`]. */
export async function ask<T>(path: string, { method = "GET", token, body, signal, keepalive }: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers,
      cache: "no-store",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
      ...(keepalive ? { keepalive } : {}),
    });
    text = await response.text();
  } catch (error) {
    throw asFault(error);
  }
  if (!response.ok) throw faultFrom(response.status, text, response.headers.get("retry-after"));
  try {
    return (text === "" ? undefined : JSON.parse(text)) as T;
  } catch {
    throw new Fault(response.status, "answer_unreadable", "The server's answer could not be read.");
  }
}
