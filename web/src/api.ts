/** What the server says and takes: the shapes of its OpenAPI document, and one way to ask. */

import type { components } from "./api.generated";

type Schemas = components["schemas"];

export type ShowState = Schemas["ShowState"];
export type Role = Schemas["RoleName"];
export type Layout = Schemas["LayoutName"];
export type Target = Schemas["AudienceTarget"];
export type PublicShow = Schemas["PublicShow"];
export type Show = Schemas["Show"];
export type Performer = Schemas["Performer"];
export type Slate = Schemas["SlateText"];
export type Transition = Schemas["SceneTransition"];
export type Scene = Schemas["Scene"];
export type Clip = Schemas["Clip"];
export type Playback = Schemas["Playback"];
export type StageState = Schemas["StageState"];
/** Peaks in dBFS by performer or clip, −90 silence, 0 loudest. */
export type Levels = Schemas["LevelMap"];
/** What a performer sees of the stage. */
export type StageView = Schemas["PerformerStage"];
export type Other = Schemas["Fellow"];
export type Credentials = Schemas["Credentials"];
export type HouseState = Schemas["HouseState"];
export type ShowReport = Schemas["ShowReport"];
export type HouseSample = Schemas["HouseSample"];
export type JoinStep = Schemas["JoinStep"];
export type WayName = Schemas["WayName"];
export type Spans = Schemas["Spans"];
export type NewPerformer = Schemas["NewPerformer"];

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
  headers?: Record<string, string>;
  keepalive?: boolean;
}

/** The header that brings a right along, where there is one. */
export const bearer = (token: string | null | undefined): Record<string, string> => (token ? { authorization: `Bearer ${token}` } : {});

/** One question, one answer or a [`Fault`]. */
export async function ask<T>(path: string, { method = "GET", token, body, signal, headers: more, keepalive }: Ask = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json", ...more, ...bearer(token) };
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
