/** What the desk works out from the stage's state. Pure. */

import type { Clip, Performer, Playback, Scene, StageState } from "../api";

/** Of an answer and the state on screen, the later. The stream of states is always believed: it survives a restart. */
export function later(current: StageState | null, answer: StageState): StageState {
  return current === null || answer.revision >= current.revision ? answer : current;
}

/** Where a clip is now; `now` by the server's clock. */
export function position(playback: Playback, now: number): number {
  const { position_ms: from, duration_ms: duration } = playback;
  if (playback.state !== "playing") return from;
  const at = from + Math.max(0, now - Date.parse(playback.at));
  if (duration === null || duration <= 0) return at;
  return playback.looped ? at % duration : Math.min(at, duration);
}

export const onAir = (performers: Performer[]): Performer[] =>
  performers.filter((it) => it.role === "host").sort((a, b) => (a.place ?? 99) - (b.place ?? 99));

const rank = (it: Performer): number => (it.connection === "connected" ? 0 : it.connection === "away" ? 2 : 1) + (it.role === "crew" ? 3 : 0);

/** Backstage first those who are there; by name, so that nobody jumps about. */
export const offAir = (performers: Performer[]): Performer[] =>
  performers.filter((it) => it.role !== "host").sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));

/** A focus that is still on air, or none. */
export function heldFocus(scene: Scene, performers: Performer[]): string | null {
  return performers.some((it) => it.id === scene.focus && it.role === "host") ? scene.focus : null;
}

export type ClipKind = "film" | "picture" | "sound";

export function kindOf(clip: Clip): ClipKind {
  if (clip.width === null) return "sound";
  return clip.duration_ms === null ? "picture" : "film";
}

/** Whether a key pressed here means a scene, and which (0-based). */
export function sceneKey(key: string, target: { tag: string; type: string; editable: boolean }, modified: boolean): number | null {
  const typing = target.editable || target.tag === "TEXTAREA" || target.tag === "SELECT" || (target.tag === "INPUT" && target.type !== "checkbox");
  return !modified && !typing && /^[1-7]$/.test(key) ? Number(key) - 1 : null;
}
