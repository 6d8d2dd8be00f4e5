import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, left, playTime, ServerClock, when } from "../src/clock";

test("the freshest time seen wins, old news changes nothing", () => {
  let local = 1_000_000;
  const clock = new ServerClock(() => local);
  assert.equal(clock.now(), 1_000_000);
  clock.saw(1_004_000);
  clock.saw(990_000);
  clock.saw(Number.NaN);
  assert.equal(clock.now(), 1_004_000);
  local += 500;
  clock.saw(1_004_600);
  assert.equal(clock.now(), 1_004_600);
});

test("a clock behind the visitor's is believed too", () => {
  const clock = new ServerClock(() => 1_000_000);
  clock.saw(940_000);
  assert.equal(clock.now(), 940_000);
});

test("what is left counts down to nothing and not below", () => {
  assert.deepEqual(left(90_061_000, 0), { days: 1, hours: 1, minutes: 1, seconds: 1 });
  assert.deepEqual(left(999, 0), { days: 0, hours: 0, minutes: 0, seconds: 1 });
  assert.deepEqual(left(0, 5000), { days: 0, hours: 0, minutes: 0, seconds: 0 });
});

test("times and sizes are written as people read them", () => {
  assert.equal(playTime(245_900), "4:05");
  assert.equal(playTime(3_729_000), "1:02:09");
  assert.equal(playTime(-5), "0:00");
  assert.equal(bytes(48_200_000, "en"), "48 MB");
  assert.equal(bytes(0, "en"), "0 byte");
  assert.match(when("2026-03-01T20:00:00Z", "es"), /marzo/);
});
