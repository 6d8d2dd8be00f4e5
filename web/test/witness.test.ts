import assert from "node:assert/strict";
import { test } from "node:test";
import { ASLEEP_MS, blind, FREEZE_MS, look, told, type Witness } from "../src/watch/witness";

/** Looks every 250 ms from one moment to another; `movedAt` as it was at each. */
function watch(w: Witness, from: number, to: number, movedAt: (now: number) => number | null, watching = true): Witness {
  for (let now = from; now <= to; now += 250) w = look(w, { watching, movedAt: movedAt(now) }, now);
  return w;
}

test("what moves is watched and does not stand still", () => {
  const w = watch(blind, 0, 10_000, (now) => now - 100);
  assert.deepEqual([w.watchedMs, w.frozenMs, w.freezes], [10_000, 0, 0]);
});

test("a still picture is frozen from its last movement on, once", () => {
  let w = watch(blind, 0, 5_000, (now) => now);
  w = watch(w, 5_250, 8_000, () => 5_000);
  w = watch(w, 8_250, 9_000, (now) => now);
  assert.deepEqual([w.watchedMs, w.frozenMs, w.freezes], [9_000, 3_000, 1]);
  w = watch(w, 9_250, 9_000 + FREEZE_MS, () => 9_000);
  assert.equal(w.freezes, 1, "half a second is no freeze yet");
});

test("nobody watches what is paused, over or asleep, and no picture is known to stand where none is shown", () => {
  let w = watch(blind, 0, 4_000, () => 0, false);
  assert.equal(w.watchedMs, 0);
  w = look(w, { watching: true, movedAt: 0 }, 4_000 + ASLEEP_MS + 1);
  assert.deepEqual([w.watchedMs, w.frozenMs], [0, 0]);
  const hidden = watch(blind, 0, 4_000, () => null);
  assert.deepEqual([hidden.watchedMs, hidden.frozenMs], [4_000, 0]);
});

test("what was told is not told again, and a freeze that goes on is the same freeze", () => {
  let w = told(watch(blind, 0, 5_000, () => 0));
  assert.deepEqual([w.watchedMs, w.frozenMs, w.freezes], [0, 0, 0]);
  w = watch(w, 5_250, 6_000, () => 0);
  assert.deepEqual([w.watchedMs, w.frozenMs, w.freezes], [1_000, 1_000, 0]);
});
