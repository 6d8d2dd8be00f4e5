/** Numbers of the house in words of the page's language. */

import type { Spans } from "../api";
import type { Say } from "../i18n";

/** `640 ms`, `2.4 s`. */
export function span(ms: number, lang: string): string {
  const short = ms < 995;
  const digits = short || ms >= 10_000 ? 0 : 1;
  return new Intl.NumberFormat(lang, { style: "unit", unit: short ? "millisecond" : "second", maximumFractionDigits: digits }).format(short ? Math.round(ms) : ms / 1000);
}

/** `0%`, `0.4%`, `12%`. */
export function share(part: number, lang: string): string {
  return new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: part > 0 && part < 0.1 ? 1 : 0 }).format(part);
}

export function typical(spans: Spans, t: Say, lang: string): string {
  if (spans.p50_ms === null || spans.p95_ms === null) return t("house.nothing");
  return t("house.typical", { p50: span(spans.p50_ms, lang), p95: span(spans.p95_ms, lang) });
}

export const clockTime = (iso: string, lang: string): string => new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" }).format(new Date(iso));
