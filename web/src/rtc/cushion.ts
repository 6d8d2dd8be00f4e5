/**
 * How long the player holds pictures back so that lost packets can still arrive in time (`jitterBufferTarget`).
 * A pure step per second of statistics: on a clean line none, where packets get lost as long as asking for them
 * again takes, since a picture that waits is better than one that stands still.
 */

export interface Counts {
  /** Packets that came and that did not, so far. */
  received: number;
  lost: number;
  /** Round trip to the server, ms; null: not known yet. */
  roundTripMs: number | null;
}

export interface Cushion {
  readonly counts: Counts;
  /** What to hold back, ms; null: the browser's own choice. */
  readonly holdMs: number | null;
  /** Seconds without notable loss. */
  readonly calm: number;
}

/** At the beginning of a session. */
export const noCushion: Cushion = { counts: { received: 0, lost: 0, roundTripMs: null }, holdMs: null, calm: 0 };

/** Above this share of packets a line counts as lossy, and below half of it as calm. */
const LOSSY = 0.02;
/** A packet that is lost again on its second and third way is still in time. */
const TRIES = 3;
/** What a browser adds to the round trip before it asks again, ms. */
const ASKING_MS = 25;
const LEAST_MS = 120;
const MOST_MS = 400;
/** So long it stays after the last loss, s: changing it is felt as a change of speed. */
const CALM_S = 20;
const UNKNOWN_ROUND_TRIP_MS = 100;

export function step(before: Cushion, counts: Counts): Cushion {
  const lost = Math.max(0, counts.lost - before.counts.lost);
  const sent = Math.max(0, counts.received - before.counts.received) + lost;
  const share = sent > 0 ? lost / sent : 0;
  if (share > LOSSY) {
    const wanted = TRIES * ((counts.roundTripMs ?? UNKNOWN_ROUND_TRIP_MS) + ASKING_MS);
    const held = Math.round(Math.min(Math.max(wanted, LEAST_MS), MOST_MS));
    return { counts, holdMs: Math.max(held, before.holdMs ?? 0), calm: 0 };
  }
  const calm = share < LOSSY / 2 ? before.calm + 1 : 0;
  return { counts, holdMs: calm >= CALM_S ? null : before.holdMs, calm };
}
