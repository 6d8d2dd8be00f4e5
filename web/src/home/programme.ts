/** What is on now or next, then the rest. Pure. */

import type { PublicShow } from "../api";

export interface Programme {
  first: PublicShow | null;
  coming: PublicShow[];
  past: PublicShow[];
}

const time = (iso: string | null): number => (iso === null ? Number.POSITIVE_INFINITY : Date.parse(iso));
const order = { live: 0, paused: 1, scheduled: 2, over: 3 };

export function programme(shows: PublicShow[]): Programme {
  const ahead = shows
    .filter((it) => it.state !== "over")
    .sort((a, b) => order[a.state] - order[b.state] || time(a.starts_at) - time(b.starts_at) || a.title.localeCompare(b.title));
  const past = shows.filter((it) => it.state === "over").sort((a, b) => time(b.ended_at) - time(a.ended_at));
  return { first: ahead[0] ?? null, coming: ahead.slice(1), past };
}
