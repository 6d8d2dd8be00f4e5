/**
 * How much of the show a viewer saw, and how much of that stood still: a machine without a clock. The shell around
 * it is `sightings.ts`.
 */

/** Pictures further apart than this are seen to stand still. */
export const FREEZE_MS = 500;
/** A page that was not asked for so long was asleep: nobody watched. */
export const ASLEEP_MS = 5000;

export interface Witness {
  /** When it last looked (ms, any epoch). */
  readonly at: number | null;
  readonly watchedMs: number;
  readonly frozenMs: number;
  readonly freezes: number;
  /** The picture stands still, and that was counted. */
  readonly still: boolean;
}

export const blind: Witness = { at: null, watchedMs: 0, frozenMs: 0, freezes: 0, still: false };

/** What is on screen at a moment. */
export interface Look {
  /** The show is to be seen: on, begun, not paused by its viewer. */
  watching: boolean;
  /** When a picture or sound was last new; null where that cannot be known. */
  movedAt: number | null;
}

export function look(w: Witness, { watching, movedAt }: Look, now: number): Witness {
  const passed = w.at === null ? 0 : Math.max(0, now - w.at);
  if (!watching || passed > ASLEEP_MS) return { ...w, at: now, still: false };
  const watchedMs = w.watchedMs + passed;
  const gap = movedAt === null ? 0 : now - movedAt;
  if (gap <= FREEZE_MS) return { ...w, at: now, watchedMs, still: false };
  // What stands still for half a second did so from its beginning.
  const more = w.still ? passed : gap;
  return { at: now, watchedMs, frozenMs: Math.min(w.frozenMs + more, watchedMs), freezes: w.freezes + (w.still ? 0 : 1), still: true };
}

/** After a sighting was told: it goes on from nothing. */
export const told = (w: Witness): Witness => ({ ...blind, at: w.at, still: w.still });
