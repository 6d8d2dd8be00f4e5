/** The language of the page: the visitor's, until they choose. */

import { useEffect, useState } from "preact/hooks";
import type { Fault } from "./api";
import { type Lang, type Word, words } from "./words";

export type { Lang, Word };
/** The cookie that the pages of the site keep it in too. */
const COOKIE = "palco-lang";
const YEAR_S = 31_536_000;

/** The first language of the visitor's that we speak. */
export function pick(chosen: string | null, offered: readonly string[]): Lang {
  for (const tag of [chosen ?? "", ...offered]) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "es" || base === "en") return base;
  }
  return "en";
}

/** Fills `{name}`s; with `n`, takes the plural form: `few words|many words` by `Intl.PluralRules` one|other. */
export function fill(lang: Lang, text: string, values: Record<string, string | number> = {}): string {
  const forms = text.split("|");
  const n = values.n;
  const form = forms.length > 1 && typeof n === "number" && new Intl.PluralRules(lang).select(n) !== "one" ? forms[1] : forms[0];
  return (form ?? "").replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return value === undefined ? "" : typeof value === "number" ? new Intl.NumberFormat(lang).format(value) : value;
  });
}

/** What was chosen, by the cookies of the page. */
export const chosen = (cookies: string): string | null => new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]+)`).exec(cookies)?.[1] ?? null;

let lang: Lang = typeof window === "undefined" ? "en" : pick(chosen(document.cookie), navigator.languages);
const listeners = new Set<() => void>();

export const language = (): Lang => lang;

export function speak(next: Lang): void {
  lang = next;
  document.documentElement.lang = next;
  // Cookies may be forbidden: the choice then lasts as long as the page.
  document.cookie = `${COOKIE}=${next}; Path=/; SameSite=Lax; Max-Age=${YEAR_S}${location.protocol === "https:" ? "; Secure" : ""}`;
  for (const listener of listeners) listener();
}

export type Say = (word: Word, values?: Record<string, string | number>) => string;

export const say: Say = (word, values) => fill(lang, words[lang][word], values);

/** The words of the page, drawn again when the language changes. */
export function useWords(): { t: Say; lang: Lang } {
  const [now, set] = useState(lang);
  useEffect(() => {
    document.documentElement.lang = lang;
    const listener = (): void => set(lang);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return { t: say, lang: now };
}

/** A fault in the person's language where we know it, in the server's words where we do not. */
export function faultWords(fault: Fault): { text: string; hint: string | null } {
  const known = (key: string): string | null => {
    const table: Record<string, string> = words[lang];
    return table[key] ?? null;
  };
  const text = known(`fault.${fault.code}`);
  return text === null ? { text: fault.text, hint: fault.hint } : { text, hint: known(`fault.${fault.code}.hint`) ?? (lang === "en" ? fault.hint : null) };
}
