/**
 * By which way a viewer gets the show, as a machine without a clock: what happens and the time go in, the way
 * comes out. The shell around it is `playback.ts`.
 *
 *   webrtc ─no new picture→ hls ─nothing plays→ audio
 *      ↑────pictures again────┴───────────────────┘
 *
 * A fall is quick, because a picture that stands is what people leave for; the way up waits until it holds, and
 * a line that keeps falling stays down for a while.
 */

/** `hls` has a picture, `audio` is the same without. */
export type Way = "webrtc" | "hls" | "audio";
/** What the viewer asked for. `auto`: the best that plays. */
export const WISHES = ["auto", "webrtc", "hls", "720", "360", "audio"] as const;
export type Wish = (typeof WISHES)[number];

export interface Ways {
  readonly way: Way;
  readonly wish: Wish;
  /** The show is on: something must play. */
  readonly on: boolean;
  /** The viewer went back in time: only the playlist has that. */
  readonly rewound: boolean;
  /** This browser plays HLS. */
  readonly able: boolean;
  /** Since when this way is to play. */
  readonly since: number;
  /** The last new picture over WebRTC since the show is on. */
  readonly pictureAt: number | null;
  /** Since when these pictures come without a gap. */
  readonly flowsFrom: number | null;
  /** When WebRTC last failed, within `FLAPPING_MS`. */
  readonly falls: readonly number[];
  /** Not back to WebRTC before. */
  readonly heldUntil: number;
  /** When HLS last went on. */
  readonly playedAt: number;
  /** How often in a row sound alone was all that came. */
  readonly thin: number;
  /** When `tick` must be told (ms, any epoch), if ever. */
  readonly due: number | null;
}

export type Input =
  /** The show is on or not. */
  | { on: "show"; live: boolean }
  /** WebRTC showed a new picture. */
  | { on: "picture" }
  /** HLS, with or without a picture, played on. */
  | { on: "played" }
  | { on: "wish"; wish: Wish }
  | { on: "rewound"; rewound: boolean }
  /** This browser plays no HLS. */
  | { on: "unable" }
  /** The page was out of sight, where pictures are not counted. */
  | { on: "seen" }
  | { on: "tick" };

/** A connection takes half a second where it works at all. */
export const FIRST_MS = 2500;
/** Lost packets and a restarted mixer heal within a second. */
export const STALL_MS = 1200;
/** Pictures further apart than this do not flow. */
export const GAP_MS = 500;
/** So long pictures must flow to be trusted. */
export const STEADY_MS = 1000;
/** This many falls… */
export const FALLS = 3;
/** …within this time… */
export const FLAPPING_MS = 60_000;
/** …keep the viewer on HLS for this long. */
export const HOLD_MS = 30_000;
/** HLS begins within two seconds where it works at all, and has some in hand. */
export const STARVED_MS = 8000;
/** So long sound alone plays before the picture is tried again; doubled each time it fails, up to four times. */
export const THIN_MS = 15_000;

export const rest: Ways = {
  way: "webrtc",
  wish: "auto",
  on: false,
  rewound: false,
  able: true,
  since: 0,
  pictureAt: null,
  flowsFrom: null,
  falls: [],
  heldUntil: 0,
  playedAt: 0,
  thin: 0,
  due: null,
};

/** Whether WebRTC should be open or trying. */
export const wantsWebRtc = (w: Ways): boolean => w.on && !w.rewound && (w.wish === "auto" || w.wish === "webrtc" || !w.able);

/** Lines of picture asked for, if any. */
export const wishedHeight = (wish: Wish): number | null => (wish === "720" || wish === "360" ? Number(wish) : null);

export function step(w: Ways, input: Input, now: number): Ways {
  return planned(settled(taken(w, input, now), now));
}

function taken(w: Ways, input: Input, now: number): Ways {
  switch (input.on) {
    case "show":
      if (w.on === input.live) return w;
      // What was learnt about the line stays true; what was on screen does not.
      return { ...moved(w, "webrtc", now), on: input.live, pictureAt: null, flowsFrom: null, thin: 0 };
    case "picture": {
      const goesOn = w.pictureAt !== null && now - w.pictureAt <= GAP_MS;
      return { ...w, pictureAt: now, flowsFrom: goesOn ? w.flowsFrom : now };
    }
    case "played":
      return { ...w, playedAt: now, thin: w.way === "hls" && now - w.since > STARVED_MS ? 0 : w.thin };
    case "wish":
      // Somebody who asks for a way again has a reason to believe in it.
      return w.wish === input.wish ? w : { ...w, wish: input.wish, falls: [], heldUntil: 0, thin: 0, since: now, playedAt: now, ...again(w) };
    case "rewound":
      return w.rewound === input.rewound ? w : { ...w, rewound: input.rewound, since: now, playedAt: now, ...again(w) };
    case "unable":
      return { ...w, able: false };
    case "seen":
      return { ...w, since: Math.max(w.since, now - FIRST_MS + STALL_MS), pictureAt: w.pictureAt === null ? null : now, playedAt: now };
    case "tick":
      return w;
  }
}

/** WebRTC may have been closed meanwhile: it counts from anew once it is wanted. */
const again = (w: Ways): Partial<Ways> => (wantsWebRtc(w) ? {} : { pictureAt: null, flowsFrom: null });

const moved = (w: Ways, way: Way, now: number): Ways => (w.way === way ? w : { ...w, way, since: now, playedAt: now });

/** The way that what is known asks for. */
function settled(w: Ways, now: number): Ways {
  if (!w.on) return w;
  if (!w.able) return moved(w, "webrtc", now);
  if (w.wish === "webrtc" && !w.rewound) return moved(w, "webrtc", now);
  if (w.wish === "audio") return moved(w, "audio", now);
  if (wantsWebRtc(w)) {
    if (w.way === "webrtc") return now >= stallsAt(w) ? fallen(w, now) : w;
    if (flows(w, now)) return { ...moved(w, "webrtc", now), thin: 0 };
  }
  if (w.way === "webrtc") return moved(w, "hls", now);
  if (w.way === "hls") return now >= w.playedAt + STARVED_MS ? { ...moved(w, "audio", now), thin: w.thin + 1 } : w;
  return now >= pictureAgainAt(w) ? moved(w, "hls", now) : w;
}

function fallen(w: Ways, now: number): Ways {
  const falls = [...w.falls, now].filter((at) => now - at < FLAPPING_MS);
  return { ...moved(w, "hls", now), falls, heldUntil: falls.length >= FALLS ? now + HOLD_MS : w.heldUntil };
}

const stallsAt = (w: Ways): number => (w.pictureAt === null ? w.since + FIRST_MS : w.pictureAt + STALL_MS);
/** Pictures that stopped again do not bring anybody up. */
const flows = (w: Ways, now: number): boolean =>
  w.flowsFrom !== null && w.pictureAt !== null && w.pictureAt - w.flowsFrom >= STEADY_MS && now - w.pictureAt <= GAP_MS && now >= w.heldUntil;
const pictureAgainAt = (w: Ways): number => (w.wish === "audio" ? Number.POSITIVE_INFINITY : w.since + THIN_MS * 2 ** Math.min(2, Math.max(0, w.thin - 1)));

function planned(w: Ways): Ways {
  const due = dueOf(w);
  return due === w.due ? w : { ...w, due };
}

function dueOf(w: Ways): number | null {
  if (!w.on || !w.able || w.wish === "audio") return null;
  if (w.way === "webrtc") return wantsWebRtc(w) && w.wish === "auto" ? stallsAt(w) : null;
  return w.way === "hls" ? w.playedAt + STARVED_MS : pictureAgainAt(w);
}
