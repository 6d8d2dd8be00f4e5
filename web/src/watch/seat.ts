/** The shell around `sitting.ts`: the questions to the server, the timer, and what the page sees of both. */

import { ask, asFault, type Fault } from "../api";
import type { components } from "../api.generated";
import { aboutSeat, type Act, type Errand, type Input, rest, type Sitting, step } from "./sitting";

type SeatGrant = components["schemas"]["SeatGrant"];

/** A question that was asked before the device slept may never be answered. */
const ANSWER_MS = 8000;

export class Seat {
  sitting: Sitting = rest;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort = new AbortController();

  /** `given`: the right that came with a link, where no seat is needed. */
  constructor(
    private readonly url: string,
    private readonly viewer: string,
    private readonly given: string | null,
  ) {}

  /** What to show at the doors, now. */
  readonly token = (): string | null => this.given ?? this.sitting.token;

  /** Opens it, and keeps it open as long as the page is. */
  open(): void {
    const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    this.feed({ on: "start", again: navigation?.type === "reload" || navigation?.type === "back_forward" });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.feed({ on: "wake" });
    });
    addEventListener("online", () => this.feed({ on: "wake" }));
    // Closed or loaded again: nobody needs to be asked then.
    addEventListener("pagehide", () => this.feed({ on: "leave" }));
    // A page that was kept for the way back.
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.feed({ on: "start" });
    });
  }

  /** Here, whoever sits there elsewhere. */
  readonly claim = (): void => this.feed({ on: "claim" });

  /** Something was refused; true if that is about the seat, which then says what becomes of it. */
  told(fault: Fault): boolean {
    if (this.sitting.phase === "none" || !aboutSeat(fault)) return false;
    this.feed({ on: "told", fault });
    return true;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private feed(input: Input): void {
    const before = this.sitting;
    const [sitting, act] = step(before, input, performance.now());
    this.sitting = sitting;
    if (sitting.due !== before.due) {
      clearTimeout(this.timer);
      if (sitting.due !== null) this.timer = setTimeout(() => this.feed({ on: "tick" }), Math.max(0, sitting.due - performance.now()) + 1);
    }
    if (act === "leave") this.leave(before.token);
    else if (act) void this.run(act, sitting.token);
    if (sitting !== before) for (const listener of this.listeners) listener();
  }

  private async run(errand: Errand & Act, token: string | null): Promise<void> {
    this.abort.abort();
    const abort = new AbortController();
    this.abort = abort;
    const late = setTimeout(() => abort.abort(new TypeError("late")), ANSWER_MS);
    const how = errand === "renew" ? ({ method: "PUT", token } as const) : ({ method: "POST", body: { take: errand === "claim" } } as const);
    try {
      const grant = await ask<SeatGrant>(this.url, { ...how, headers: this.headers(), signal: abort.signal });
      if (this.abort === abort) this.feed({ on: "granted", token: grant.token });
    } catch (error) {
      if (this.abort === abort) this.feed({ on: "failed", fault: asFault(error) });
    } finally {
      clearTimeout(late);
    }
  }

  private leave(token: string | null): void {
    this.abort.abort();
    this.abort = new AbortController();
    if (token) ask(this.url, { method: "DELETE", token, headers: this.headers(), keepalive: true }).catch(() => undefined);
  }

  private headers(): Record<string, string> {
    return { "palco-viewer": this.viewer };
  }
}
