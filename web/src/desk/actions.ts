/** What the director does: pending while the server has not answered, with its refusal beside the control. */

import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import { ask, type Ask, asFault, type Fault, type StageState } from "../api";
import { later } from "./model";

export interface Desk {
  slug: string;
  token: string;
  /** The path of this show in the API. */
  base: string;
  busy(key: string): boolean;
  fault(key: string): Fault | null;
  dismiss(key: string): void;
  /** Does it; the answer, or null after a refusal (which is then beside `key`). */
  act<T = StageState>(key: string, method: NonNullable<Ask["method"]>, path: string, body?: unknown): Promise<T | null>;
}

export const DeskContext = createContext<Desk | null>(null);

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("outside the desk");
  return desk;
}

const isState = (it: unknown): it is StageState => typeof it === "object" && it !== null && "revision" in it && "scene" in it;

export function useActions(slug: string, token: string, setState: (change: (before: StageState | null) => StageState | null) => void): Desk {
  const [busy, setBusy] = useState<ReadonlyMap<string, number>>(new Map());
  const [faults, setFaults] = useState<ReadonlyMap<string, Fault>>(new Map());
  const base = `/api/v1/shows/${encodeURIComponent(slug)}`;

  const dismiss = useCallback((key: string) => setFaults((before) => without(before, key)), []);
  const act = useCallback(
    async <T>(key: string, method: NonNullable<Ask["method"]>, path: string, body?: unknown): Promise<T | null> => {
      const count = (by: number): void =>
        setBusy((before) => {
          const next = (before.get(key) ?? 0) + by;
          return next > 0 ? new Map(before).set(key, next) : without(before, key);
        });
      count(1);
      dismiss(key);
      try {
        const answer = await ask<T>(`${base}${path}`, { method, token, body });
        if (isState(answer)) setState((before) => later(before, answer));
        return answer ?? ({} as T);
      } catch (error) {
        setFaults((before) => new Map(before).set(key, asFault(error)));
        return null;
      } finally {
        count(-1);
      }
    },
    [base, token],
  );
  return { slug, token, base, busy: (key) => busy.has(key), fault: (key) => faults.get(key) ?? null, dismiss, act };
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  if (!map.has(key)) return map;
  const next = new Map(map);
  next.delete(key);
  return next;
}

/** Calls at once, then at most every `ms`, and always with the last value. */
export function useThrottle<T>(call: (value: T) => void, ms: number): (value: T) => void {
  const latest = useRef(call);
  latest.current = call;
  const waiting = useRef<{ value: T } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return useCallback(
    (value: T) => {
      if (timer.current !== undefined) {
        waiting.current = { value };
        return;
      }
      latest.current(value);
      const next = (): void => {
        timer.current = undefined;
        const held = waiting.current;
        waiting.current = null;
        if (!held) return;
        latest.current(held.value);
        timer.current = setTimeout(next, ms);
      };
      timer.current = setTimeout(next, ms);
    },
    [ms],
  );
}
