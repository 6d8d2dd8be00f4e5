/** The server's clock, as well as this page can know it, and times in words. */

/**
 * Every server time seen is at least as old as it says when it arrives, so the largest difference seen is the
 * truest: the minimum-delay filter NTP uses, for one direction.
 */
export class ServerClock {
  private offset: number | null = null;
  constructor(private readonly local: () => number = Date.now) {}

  /** Takes a server time (ms since 1970) that has just arrived. */
  saw(serverMs: number): void {
    if (!Number.isFinite(serverMs)) return;
    const seen = serverMs - this.local();
    if (this.offset === null || seen > this.offset) this.offset = seen;
  }

  now(): number {
    return this.local() + (this.offset ?? 0);
  }
}

/** The page's one view of the server's clock. */
export const clock = new ServerClock();

export interface Parts {
  days: number;
  hours: number;
  minutes: number;
  seconds: number;
}

/** What is left until `then`, never negative, in whole seconds rounded up. */
export function left(then: number, now: number): Parts {
  const total = Math.max(0, Math.ceil((then - now) / 1000));
  return {
    days: Math.floor(total / 86_400),
    hours: Math.floor(total / 3600) % 24,
    minutes: Math.floor(total / 60) % 60,
    seconds: total % 60,
  };
}

/** `4:05`, `1:02:09`. */
export function playTime(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(total % 60)}` : `${minutes}:${two(total % 60)}`;
}

/** The day and hour of a show in the visitor's zone, the zone named. */
export function when(iso: string, lang: string): string {
  return new Intl.DateTimeFormat(lang, {
    weekday: "long",
    day: "numeric",
    month: "long",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(iso));
}

export function hour(iso: string, lang: string): string {
  return new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(new Date(iso));
}

/** Bytes for people: `12 MB`. */
export function bytes(count: number, lang: string): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const step = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3));
  return new Intl.NumberFormat(lang, { style: "unit", unit: units[step], maximumFractionDigits: step > 2 ? 1 : 0 }).format(count / 1000 ** step);
}
