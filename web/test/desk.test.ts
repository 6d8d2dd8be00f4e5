import assert from "node:assert/strict";
import { test } from "node:test";
import type { Clip, Performer, Playback, Scene, StageState } from "../src/api";
import { heldFocus, kindOf, later, offAir, onAir, position, sceneKey } from "../src/desk/model";

const playback = (some: Partial<Playback>): Playback => ({
  clip: "c", state: "playing", position_ms: 1000, at: "2026-01-01T00:00:00.000Z", duration_ms: 10_000, looped: false, volume: 1, error: null, ...some,
});
const T0 = Date.parse("2026-01-01T00:00:00.000Z");
const person = (id: string, some: Partial<Performer>): Performer => ({
  id, name: id, feed: id, role: "backstage", place: null, connection: "connected", audio: true, video: true, video_codec: null,
  muted: false, hidden: false, volume: 1, invitation_url: "", ...some,
});

test("a playing clip moves on, a paused one stands, neither beyond its end", () => {
  assert.equal(position(playback({}), T0 + 2500), 3500);
  assert.equal(position(playback({ state: "paused" }), T0 + 2500), 1000);
  assert.equal(position(playback({}), T0 + 60_000), 10_000);
  assert.equal(position(playback({ looped: true }), T0 + 10_000), 1000);
  assert.equal(position(playback({}), T0 - 500), 1000, "a clock behind does not run backwards");
  assert.equal(position(playback({ duration_ms: null }), T0 + 500), 1500);
});

test("an answer older than what is on screen is not shown", () => {
  const state = (revision: number): StageState => ({ revision }) as StageState;
  assert.equal(later(state(5), state(4)).revision, 5);
  assert.equal(later(state(5), state(5)).revision, 5);
  assert.equal(later(state(5), state(6)).revision, 6);
  assert.equal(later(null, state(1)).revision, 1);
});

test("people stand in their places, and those who can go on come first", () => {
  const all = [
    person("b", { role: "host", place: 1 }),
    person("away", { connection: "away" }),
    person("a", { role: "host", place: 0 }),
    person("crew", { role: "crew" }),
    person("here", {}),
  ];
  assert.deepEqual(onAir(all).map((it) => it.id), ["a", "b"]);
  assert.deepEqual(offAir(all).map((it) => it.id), ["here", "away", "crew"]);
});

test("the focus is held only while it is on air", () => {
  const scene = { focus: "a" } as Scene;
  assert.equal(heldFocus(scene, [person("a", { role: "host" })]), "a");
  assert.equal(heldFocus(scene, [person("a", {})]), null);
  assert.equal(heldFocus(scene, []), null);
});

test("clips are told apart by what they have", () => {
  const clip = { width: 1280, height: 720, duration_ms: 5000 } as Clip;
  assert.equal(kindOf(clip), "film");
  assert.equal(kindOf({ ...clip, duration_ms: null }), "picture");
  assert.equal(kindOf({ ...clip, width: null, height: null }), "sound");
});

test("keys choose scenes only where nobody is typing", () => {
  const at = (tag: string, type = ""): { tag: string; type: string; editable: boolean } => ({ tag, type, editable: false });
  assert.equal(sceneKey("3", at("BODY"), false), 2);
  assert.equal(sceneKey("7", at("BUTTON"), false), 6);
  assert.equal(sceneKey("8", at("BODY"), false), null);
  assert.equal(sceneKey("3", at("BODY"), true), null);
  for (const where of [at("INPUT", "text"), at("INPUT", "range"), at("TEXTAREA"), at("SELECT"), { ...at("DIV"), editable: true }]) assert.equal(sceneKey("3", where, false), null);
});
