import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cushion, noCushion, step } from "../src/rtc/cushion";

/** A second after another on a line that loses this share of 200 packets. */
function seconds(before: Cushion, many: number, share: number, roundTripMs: number | null = 40): Cushion {
  let now = before;
  for (let second = 0; second < many; second++) {
    const { received, lost } = now.counts;
    now = step(now, { received: received + 200 * (1 - share), lost: lost + 200 * share, roundTripMs });
  }
  return now;
}

test("a clean line is left to the browser", () => {
  assert.equal(seconds(noCushion, 60, 0).holdMs, null);
  assert.equal(seconds(noCushion, 60, 0.005).holdMs, null, "a packet now and then is no reason");
});

test("loss is answered in the first second, with time for three tries", () => {
  assert.equal(seconds(noCushion, 1, 0.1, 40).holdMs, 195);
  assert.equal(seconds(noCushion, 1, 0.1, 5).holdMs, 120, "never less than is worth it");
  assert.equal(seconds(noCushion, 1, 0.1, 500).holdMs, 400, "never so much that the show is late");
  assert.equal(seconds(noCushion, 1, 0.1, null).holdMs, 375);
});

test("it goes when the line has been calm for a while, not before", () => {
  const lossy = seconds(noCushion, 5, 0.1);
  assert.equal(seconds(lossy, 15, 0).holdMs, 195);
  const shaken = seconds(seconds(lossy, 15, 0), 1, 0.015);
  assert.equal(seconds(shaken, 15, 0).holdMs, 195, "a shake starts the wait anew");
  assert.equal(seconds(shaken, 20, 0).holdMs, null);
});

test("it does not shrink while packets get lost", () => {
  assert.equal(seconds(seconds(noCushion, 3, 0.1, 60), 10, 0.1, 20).holdMs, 255);
});

test("counts that go back are no loss", () => {
  const before = seconds(noCushion, 3, 0.01);
  assert.equal(step(before, { received: 10, lost: 0, roundTripMs: 1 }).holdMs, null);
});
