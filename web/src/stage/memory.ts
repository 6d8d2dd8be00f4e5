/** What a reload must not forget: that this tab had joined, and with which devices. */

import { drop, keep, kept } from "../ui/token";
import type { Wish } from "./devices";

export interface Memory extends Wish {
  joined: boolean;
  /** The person silenced their microphone. */
  quiet: boolean;
}

export const fresh: Memory = { joined: false, camera: "", microphone: "", quiet: false };

/** Reads what was kept; anything else is nothing. */
export function recall(text: string | null): Memory {
  try {
    const it: unknown = JSON.parse(text ?? "null");
    if (typeof it !== "object" || it === null) return fresh;
    const { joined, camera, microphone, quiet } = it as Record<string, unknown>;
    return {
      joined: joined === true,
      camera: typeof camera === "string" ? camera : "",
      microphone: typeof microphone === "string" ? microphone : "",
      quiet: quiet === true,
    };
  } catch {
    return fresh;
  }
}

const key = (code: string): string => `palco.stage.${code}`;
export const remembered = (code: string): Memory => recall(kept(key(code)));
export const remember = (code: string, memory: Memory): void => keep(key(code), JSON.stringify(memory));
export const forget = (code: string): void => drop(key(code));
