/**
 * A ticket's seat, as a machine without a clock: answers, refusals and the time go in, what to ask of the server
 * comes out. The shell around it is `seat.ts`.
 *
 *   none ─start→ opening ─granted→ open ─taken elsewhere→ taken ─claim→ open
 *                   ├─open on another screen→ asking ─claim→ open
 *                   └─a final no→ refused
 *
 * A grant is short. A page that slept through its end asks anew, without taking: whoever sits there now is asked for.
 */

import type { Fault } from "../api";
import { finalStatus } from "../sse";

export type Phase = "none" | "opening" | "open" | "asking" | "taken" | "refused";
/** What is asked: the seat if it is free, the seat in any case, a new grant for who has it. */
export type Errand = "take" | "claim" | "renew";
export type Act = Errand | "leave";

export interface Sitting {
  readonly phase: Phase;
  readonly token: string | null;
  /** What the server is being asked. */
  readonly errand: Errand | null;
  /** Tries in a row without an answer that counts. */
  readonly tries: number;
  /** When `tick` must be told (ms, any epoch), if ever. */
  readonly due: number | null;
  /** Why not, or why not yet. */
  readonly fault: Fault | null;
  /** How often the seat was opened: each time what was refused may be asked for again. */
  readonly openings: number;
  readonly grantedAt: number;
  /** How often an open seat is asked for again before the person is. */
  readonly patience: number;
}

export type Input =
  /** `again`: the page was loaded again, and may be here before its own goodbye is. */
  | { on: "start"; again?: boolean }
  | { on: "granted"; token: string }
  | { on: "failed"; fault: Fault }
  /** Something else that came with the grant was refused. */
  | { on: "told"; fault: Fault }
  /** The person wants the seat here. */
  | { on: "claim" }
  /** The page is seen again, or the network is back. */
  | { on: "wake" }
  | { on: "leave" }
  | { on: "tick" };

export const RENEW_MS = 60_000;
export const WAITS_MS = [300, 700, 1500, 3000, 5000] as const;
export const AGAIN_MS = 250;
const PATIENCE = 3;
/** A grant refused sooner than this is not one that grew old. */
export const FRESH_MS = 10_000;

export const rest: Sitting = { phase: "none", token: null, errand: null, tries: 0, due: null, fault: null, openings: 0, grantedAt: 0, patience: 0 };

type Step = readonly [Sitting, Act | null];

const asks = (s: Sitting, errand: Errand): Step => [{ ...s, errand, due: null }, errand];
const stays = (s: Sitting): Step => [s, null];
const ends = (s: Sitting, phase: Phase, fault: Fault): Step => [{ ...s, phase, fault, token: null, errand: null, due: null, tries: 0 }, null];

/** Whether a refusal is about the seat, whoever it was told to. */
export const aboutSeat = (fault: Fault): boolean => fault.status === 401 || fault.code === "seat_taken" || fault.code === "ticket_void";

export function step(s: Sitting, input: Input, now: number): Step {
  switch (input.on) {
    case "start":
      return s.phase === "none" ? asks({ ...rest, openings: s.openings, phase: "opening", patience: input.again ? PATIENCE : 0 }, "take") : stays(s);
    case "granted":
      if (s.errand === null) return stays(s);
      return stays({
        ...s,
        phase: "open",
        token: input.token,
        errand: null,
        tries: 0,
        due: now + RENEW_MS,
        fault: null,
        openings: s.phase === "open" ? s.openings : s.openings + 1,
        grantedAt: now,
        patience: 0,
      });
    case "failed":
      return s.errand === null ? stays(s) : failed(s, s.errand, input.fault, now);
    case "told":
      return told(s, input.fault, now);
    case "claim":
      return s.errand === null && (s.phase === "asking" || s.phase === "taken") ? asks(s, "claim") : stays(s);
    case "wake":
    case "tick":
      if (s.errand !== null || (input.on === "tick" && (s.due === null || now < s.due))) return stays(s);
      if (s.phase === "open") return asks(s, "renew");
      return s.phase === "opening" ? asks(s, "take") : stays(s);
    case "leave":
      return [{ ...rest, openings: s.openings }, s.token === null ? null : "leave"];
  }
}

function failed(s: Sitting, errand: Errand, fault: Fault, now: number): Step {
  if (fault.code === "seat_open") {
    if (s.patience > 0) return stays({ ...s, errand: null, patience: s.patience - 1, due: now + AGAIN_MS });
    return ends(s, "asking", fault);
  }
  if (fault.code === "seat_taken") return ends(s, "taken", fault);
  if (errand === "renew" && fault.status === 401) return asks(s, "take");
  if (finalStatus(fault.status)) return ends(s, "refused", fault);
  // Whoever pressed the button is told, and presses it again.
  if (errand === "claim") return stays({ ...s, errand: null, fault });
  const wait = WAITS_MS[Math.min(s.tries, WAITS_MS.length - 1)] ?? 0;
  return stays({ ...s, errand: null, fault, tries: s.tries + 1, due: now + Math.max(wait, fault.retryAfterMs ?? 0) });
}

function told(s: Sitting, fault: Fault, now: number): Step {
  if (s.phase !== "open") return stays(s);
  if (fault.code === "seat_taken") return ends(s, "taken", fault);
  if (fault.code === "ticket_void") return ends(s, "refused", fault);
  // What is on its way may have met the old grant.
  if (fault.status !== 401 || s.errand !== null) return stays(s);
  return now - s.grantedAt < FRESH_MS ? ends(s, "refused", fault) : asks(s, "take");
}
