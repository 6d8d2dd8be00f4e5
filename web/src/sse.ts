/** Server-sent events over `fetch`, since `EventSource` can send no headers. */

import { asFault, bearer, faultFrom, type Fault } from "./api";
import { clock } from "./clock";

export interface Message {
  event: string;
  data: string;
}

/** Cuts a text stream into events, by the HTML standard §9.2.6 (without `id` and `retry`, which we do not send). */
export class Cutter {
  private rest = "";
  private event = "";
  private data: string[] = [];

  push(text: string): Message[] {
    const out: Message[] = [];
    const whole = this.rest + text;
    // A CR at the end may be half of CRLF: its line waits for what follows.
    const held = whole.endsWith("\r") ? "\r" : "";
    const lines = whole.slice(0, whole.length - held.length).split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? "") + held;
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) out.push({ event: this.event || "message", data: this.data.join("\n") });
        this.event = "";
        this.data = [];
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") this.event = value;
      if (field === "data") this.data.push(value);
    }
    return out;
  }
}

export type Link = "joining" | "up" | "lost";

export interface Listener {
  /** An event came; `data` is its JSON. */
  event(name: string, data: unknown): void;
  /** How the stream is; a fault only with a refusal, after which it ends. */
  link(state: Link): void;
  refused(fault: Fault): void;
}

export interface Stream {
  close(): void;
  /** Asks at once instead of at the next try. */
  now(): void;
}

/** The server writes at least every 15 s; twice that and a bit without a byte is a dead connection. */
const SILENCE_MS = 35_000;
const WAITS_MS = [300, 700, 1500, 3000, 5000];
const LOAD_MS = 1000;

export const finalStatus = (status: number): boolean => [400, 401, 403, 404, 410].includes(status);

/** A stream that begins while the page loads would be part of it: the browser would show it as loading for ever. */
function pageLoaded(): Promise<void> {
  if (document.readyState === "complete") return Promise.resolve();
  return new Promise((done) => {
    // A font on a slow line must not keep the show's state away.
    setTimeout(done, LOAD_MS);
    window.addEventListener("load", () => done(), { once: true });
  });
}

/** Listens until closed or refused, joining again whenever the stream ends, each time with the token of that moment. */
export function listen(path: string, token: string | null | (() => string | null), listener: Listener): Stream {
  let closed = false;
  let tries = 0;
  let abort = new AbortController();
  let silence: ReturnType<typeof setTimeout> | undefined;
  let wake = (): void => {};

  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => abort.abort(), SILENCE_MS);
  };
  const read = async (body: ReadableStream<Uint8Array>): Promise<void> => {
    const cutter = new Cutter();
    const reader = body.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || closed) return;
      heard();
      for (const { event, data } of cutter.push(value)) {
        tries = 0;
        listener.link("up");
        let it: unknown;
        try {
          it = JSON.parse(data);
        } catch {
          continue;
        }
        listener.event(event, it);
      }
    }
  };
  const once = async (): Promise<void> => {
    abort = new AbortController();
    heard();
    try {
      const headers = { accept: "text/event-stream", ...bearer(typeof token === "function" ? token() : token) };
      const response = await fetch(path, { headers, cache: "no-store", signal: abort.signal });
      clock.saw(Date.parse(response.headers.get("date") ?? ""));
      if (!response.ok || !response.body) throw faultFrom(response.status, await response.text());
      await read(response.body);
    } catch (error) {
      const fault = asFault(error);
      if (!closed && finalStatus(fault.status)) {
        close();
        listener.refused(fault);
      }
    } finally {
      clearTimeout(silence);
    }
  };
  const run = async (): Promise<void> => {
    await pageLoaded();
    while (!closed) {
      await once();
      if (closed) return;
      listener.link("lost");
      const wait = tries < 0 ? 0 : (WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 0);
      tries += 1;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, wait * (0.75 + Math.random() / 2));
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
    }
  };
  const now = (): void => {
    tries = -1;
    abort.abort();
    wake();
  };
  const close = (): void => {
    closed = true;
    window.removeEventListener("online", now);
    abort.abort();
    wake();
  };
  window.addEventListener("online", now);
  listener.link("joining");
  void run();
  return { close, now };
}
