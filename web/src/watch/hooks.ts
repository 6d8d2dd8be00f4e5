import { useEffect, useRef, useState } from "preact/hooks";
import type { Playback, View } from "./playback";

/** "Nothing covers the stage for more than 3 s." */
const FADE_MS = 2500;

export function useIdle(): boolean {
  const [idle, set] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const awake = (): void => {
      set(false);
      clearTimeout(timer);
      timer = setTimeout(() => set(true), FADE_MS);
    };
    const kinds = ["pointermove", "pointerdown", "keydown", "focusin"] as const;
    for (const kind of kinds) window.addEventListener(kind, awake);
    awake();
    return () => {
      clearTimeout(timer);
      for (const kind of kinds) window.removeEventListener(kind, awake);
    };
  }, []);
  return idle;
}

/** Whether something has lasted longer than `ms`. */
export function useLasting(what: boolean, ms: number): boolean {
  const [long, set] = useState(false);
  useEffect(() => {
    set(false);
    if (!what) return;
    const timer = setTimeout(() => set(true), ms);
    return () => clearTimeout(timer);
  }, [what]);
  return what && long;
}

/** What the controls show, drawn again when it changes. */
export function useView(playback: Playback): View {
  const [, draw] = useState(0);
  useEffect(() => playback.onChange(() => draw((n) => n + 1)), [playback]);
  // In real time nothing tells that the show has grown longer.
  useEffect(() => {
    const timer = setInterval(() => draw((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return playback.view;
}

/** Keys of the page, where nothing else takes them: a slider keeps its arrows but for the one of time. */
export function useKeys(keys: Record<string, () => void>): void {
  const now = useRef(keys);
  now.current = keys;
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const { target } = event;
      const arrow = event.key.startsWith("Arrow");
      if (arrow && target instanceof HTMLInputElement && !target.closest(".watch-time")) return;
      const act = now.current[event.key] ?? now.current[event.key.toLowerCase()];
      if (!act) return;
      if (arrow) event.preventDefault();
      act();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
}
