import assert from "node:assert/strict";
import { test } from "node:test";
import { Cutter, finalStatus } from "../src/sse";

const TEXT = 'event: state\r\ndata: {"a":1}\r\n\r\n: still here\n\ndata: one\ndata:two\n\nevent: levels\ndata: {}\n\nevent: lonely\n\n';
const EXPECTED = [
  { event: "state", data: '{"a":1}' },
  { event: "message", data: "one\ntwo" },
  { event: "levels", data: "{}" },
];

test("events survive any cutting of the stream", () => {
  for (let size = 1; size <= TEXT.length; size++) {
    const cutter = new Cutter();
    const got = [];
    for (let at = 0; at < TEXT.length; at += size) got.push(...cutter.push(TEXT.slice(at, at + size)));
    assert.deepEqual(got, EXPECTED, `pieces of ${size}`);
  }
});

test("an unfinished event is not one", () => {
  const cutter = new Cutter();
  assert.deepEqual(cutter.push("event: state\ndata: {}\n"), []);
  assert.deepEqual(cutter.push("\n"), [{ event: "state", data: "{}" }]);
});

test("a busy server is asked again, a refusing one is not", () => {
  assert.deepEqual([401, 403, 404, 409, 429, 500, 503].filter(finalStatus), [401, 403, 404]);
});
