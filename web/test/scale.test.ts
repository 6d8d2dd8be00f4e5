import assert from "node:assert/strict";
import { test } from "node:test";
import { path, some, steps, ticks, wholeTicks } from "../src/report/scale";

test("ticks are round and hold the most", () => {
  for (const most of [0.004, 0.1, 0.37, 1, 3, 9, 10, 11, 99, 250, 1_234, 65_536]) {
    const found = ticks(most);
    assert.ok((found.at(-1) ?? 0) >= most - 1e-9, `${most}: ${found}`);
    assert.ok(found.length >= 2 && found.length <= 6, `${most}: ${found}`);
  }
  assert.deepEqual(ticks(250), [0, 100, 200, 300]);
  assert.deepEqual(ticks(0), [0, 1]);
});

test("nobody is divided", () => {
  assert.deepEqual(wholeTicks(1), [0, 1]);
  assert.deepEqual(wholeTicks(2), [0, 1, 2]);
});

test("some of many keep the ends", () => {
  assert.deepEqual(some([1, 2, 3], 5), [1, 2, 3]);
  const few = some(Array.from({ length: 720 }, (_, at) => at), 5);
  assert.deepEqual([few.length, few[0], few.at(-1)], [5, 0, 719]);
});

test("a step holds until the next", () => {
  const line = steps([1, 3], (at) => at * 10, (value) => -value);
  assert.equal(path(line), "M0.0 -1.0L10.0 -1.0L10.0 -3.0L20.0 -3.0");
});
