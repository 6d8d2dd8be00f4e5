/**
 * One media session with the server, WHIP or WHEP, as a machine without a clock: events and the time go in,
 * what to do comes out. The shell around it is `link.ts`.
 *
 *   rest ─start→ asking ─answered→ joining ─media→ flowing ⇄ shaky
 *                  ↑          └──────┴── no, lost, starved ──┴──┘→ waiting ─due→ asking
 *                  a final no → refused
 */

import { Fault } from "../api";

export type Phase = "rest" | "asking" | "joining" | "flowing" | "shaky" | "waiting" | "refused";

export interface Machine {
  readonly phase: Phase;
  /** Tries since media last flowed. */
  readonly tries: number;
  /** When `tick` must be told (ms, any epoch), if ever. */
  readonly due: number | null;
  /** Why the last try did not hold. */
  readonly fault: Fault | null;
  /** Whether media has ever flowed: a loss, not a first try. */
  readonly flowed: boolean;
  /** Whether a picture must come: without one for `STARVED_MS` the session is dead. */
  readonly expects: boolean;
  /** Whether the transport stands. */
  readonly connected: boolean;
  /** Whether to ask again soon each time: the viewer is held by another way and shall not be held long. */
  readonly brisk: boolean;
}

export type Input =
  | { on: "start" }
  | { on: "stop" }
  | { on: "answered" }
  | { on: "failed"; fault: Fault }
  | { on: "ice"; state: RTCIceConnectionState }
  | { on: "picture" }
  | { on: "expects"; picture: boolean }
  | { on: "brisk"; brisk: boolean }
  | { on: "now" }
  | { on: "tick" };

export type Act = "open" | "close";

/** The server answers in milliseconds; a phone's network may need seconds. */
export const JOIN_MS = 8000;
/** ICE heals itself from short losses; longer ones are quicker with a new session. */
export const SHAKY_MS = 2000;
export const STARVED_MS = 3000;
export const WAITS_MS = [250, 500, 1000, 2000, 4000] as const;
export const BRISK_MS = 750;

export const rest = (expects: boolean): Machine => ({
  phase: "rest",
  tries: 0,
  due: null,
  fault: null,
  flowed: false,
  expects,
  connected: false,
  brisk: false,
});

/** A refusal that asking again will not change. */
export const final = (fault: Fault): boolean =>
  [400, 401, 403, 404, 406, 410, 413, 415, 422].includes(fault.status) || fault.code === "page_broken" || fault.code === "nothing_in_common";

type Step = readonly [Machine, readonly Act[]];

/** `chance` in 0..1 spreads the retries of many pages. */
export function step(m: Machine, input: Input, now: number, chance = 0.5): Step {
  switch (input.on) {
    case "start":
      return m.phase === "rest" || m.phase === "refused" ? open({ ...m, tries: 0, flowed: false, fault: null }, now) : [m, []];
    case "stop":
      return m.phase === "rest" ? [m, []] : [{ ...rest(m.expects), brisk: m.brisk }, ["close"]];
    case "now":
      return m.phase === "waiting" || m.phase === "refused" ? open({ ...m, tries: 0 }, now) : [m, []];
    case "expects":
      return expects(m, input.picture, now);
    case "brisk":
      return m.brisk === input.brisk ? [m, []] : [{ ...m, brisk: input.brisk, due: input.brisk && m.phase === "waiting" ? soon(m, now) : m.due }, []];
    case "answered":
      return m.phase === "asking" ? [{ ...m, phase: "joining", due: now + JOIN_MS }, []] : [m, []];
    case "failed":
      if (m.phase === "rest" || m.phase === "refused") return [m, []];
      if (final(input.fault)) return [{ ...m, phase: "refused", due: null, fault: input.fault, connected: false }, ["close"]];
      return retry(m, input.fault, now, chance);
    case "ice":
      return ice(m, input.state, now, chance);
    case "picture":
      return m.phase === "joining" || m.phase === "flowing" || m.phase === "shaky" ? flow({ ...m, connected: true }, now) : [m, []];
    case "tick":
      if (m.due === null || now < m.due) return [m, []];
      return m.phase === "waiting" ? open(m, now) : retry(m, new Fault(0, "media_lost", "No media came."), now, chance);
  }
}

function open(m: Machine, now: number): Step {
  return [{ ...m, phase: "asking", due: now + JOIN_MS, connected: false }, ["open"]];
}

function flow(m: Machine, now: number): Step {
  return [{ ...m, phase: "flowing", tries: 0, flowed: true, fault: null, due: m.expects ? now + STARVED_MS : null }, []];
}

/** A server that named a time is not asked before. */
const soon = (m: Machine, now: number): number | null => (m.due === null || m.fault?.retryAfterMs ? m.due : Math.min(m.due, now + BRISK_MS));

function retry(m: Machine, fault: Fault, now: number, chance: number): Step {
  const slow = WAITS_MS[Math.min(m.tries, WAITS_MS.length - 1)] ?? 0;
  // Only where media is what fails: a server that says no is left in peace.
  const base = m.brisk && fault.code === "media_lost" ? Math.min(slow, BRISK_MS) : slow;
  const wait = Math.max(base * (0.75 + chance / 2), fault.retryAfterMs ?? 0);
  return [{ ...m, phase: "waiting", tries: m.tries + 1, due: now + wait, fault, connected: false }, ["close"]];
}

function expects(m: Machine, picture: boolean, now: number): Step {
  if (m.expects === picture) return [m, []];
  const next = { ...m, expects: picture };
  if (m.phase === "joining" && m.connected && !picture) return flow(next, now);
  if (m.phase === "flowing") return [{ ...next, due: picture ? now + STARVED_MS : null }, []];
  return [next, []];
}

function ice(m: Machine, state: RTCIceConnectionState, now: number, chance: number): Step {
  const running = m.phase === "joining" || m.phase === "flowing" || m.phase === "shaky";
  if (!running) return [m, []];
  switch (state) {
    case "connected":
    case "completed": {
      const up = { ...m, connected: true };
      if (m.phase === "shaky" || !m.expects) return flow(up, now);
      return m.phase === "joining" ? [{ ...up, due: now + STARVED_MS }, []] : [up, []];
    }
    case "disconnected":
      return m.phase === "flowing" ? [{ ...m, phase: "shaky", due: now + SHAKY_MS }, []] : [m, []];
    case "failed":
    case "closed":
      return retry(m, new Fault(0, "media_lost", "The connection for media was lost."), now, chance);
    default:
      return [m, []];
  }
}
