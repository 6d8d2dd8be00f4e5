import assert from "node:assert/strict";
import { test } from "node:test";
import { constraints, OFF, troubleOf } from "../src/stage/devices";
import { peak } from "../src/stage/loudness";
import { fresh, recall } from "../src/stage/memory";
import { choices } from "../src/stage/choices";
import { share } from "../src/ui/meter";

test("each way of not opening a camera has its words", () => {
  const named = (name: string): Error => Object.assign(new Error(), { name });
  assert.deepEqual(
    ["NotAllowedError", "NotFoundError", "OverconstrainedError", "NotReadableError", "AbortError", "TypeError"].map((it) => troubleOf(named(it))),
    ["denied", "none", "none", "busy", "busy", "unknown"],
  );
  assert.equal(troubleOf("text"), "unknown");
});

test("a device that is off is not asked for, and none is demanded", () => {
  assert.equal(constraints({ camera: OFF, microphone: "" }).video, false);
  assert.equal(constraints({ camera: "", microphone: OFF }).audio, false);
  const both = constraints({ camera: "cam", microphone: "mic" });
  assert.deepEqual((both.video as MediaTrackConstraints).deviceId, { ideal: "cam" });
  assert.deepEqual((both.video as MediaTrackConstraints).frameRate, { ideal: 30, max: 30 });
  assert.equal((both.audio as MediaTrackConstraints).echoCancellation, true);
});

test("what was kept is read, and anything else is nothing", () => {
  const memory = { joined: true, camera: "c", microphone: "off", quiet: true };
  assert.deepEqual(recall(JSON.stringify(memory)), memory);
  for (const broken of [null, "", "{", "null", "7", '"x"']) assert.deepEqual(recall(broken), fresh, String(broken));
  assert.deepEqual(recall('{"joined":"yes","camera":5}'), fresh);
});

test("levels are peaks in dBFS and shares of a bar", () => {
  assert.equal(peak(new Float32Array(8)), -90);
  assert.equal(peak(new Float32Array([0, -1, 0.5])), 0);
  assert.ok(Math.abs(peak(new Float32Array([0.1])) + 20) < 0.001);
  assert.equal(share(-90), 0);
  assert.equal(share(-30), 0.5);
  assert.equal(share(3), 1);
});

test("the list shows the device in use even when the browser names none", () => {
  const named = [{ deviceId: "1", label: "Front" }, { deviceId: "2", label: "" }];
  assert.deepEqual(choices(named, "1", "Camera", "No camera").map((it) => it.text), ["Front", "Camera 2", "No camera"]);
  assert.deepEqual(choices([{ deviceId: "", label: "" }], "", "Camera", "No camera").map((it) => it.value), ["", OFF]);
  assert.deepEqual(choices(named, "gone", "Camera", "No camera").map((it) => it.value), ["gone", "1", "2", OFF]);
});
