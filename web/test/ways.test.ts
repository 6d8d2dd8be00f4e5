import assert from "node:assert/strict";
import { test } from "node:test";
import { FALLS, FIRST_MS, HOLD_MS, type Input, rest, STALL_MS, STARVED_MS, STEADY_MS, step, THIN_MS, type Way, type Ways, wantsWebRtc } from "../src/watch/ways";
import { soundIn } from "../src/watch/hls";

const PULSE = 200;

/** A viewer in virtual time; the lines are up or down, and what plays moves on. */
class Bench {
  ways: Ways = rest;
  now = 1000;
  udp = true;
  http = true;
  readonly moves: [number, Way][] = [];
  feed(input: Input): this {
    const { way } = this.ways;
    this.ways = step(this.ways, input, this.now);
    if (this.ways.way !== way) this.moves.push([this.now, this.ways.way]);
    return this;
  }
  /** Lets time pass as `playback.ts` does, which looks every 200 ms. */
  pass(ms: number): this {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += PULSE;
      if (this.udp && wantsWebRtc(this.ways)) this.feed({ on: "picture" });
      if (this.http && this.ways.way !== "webrtc") this.feed({ on: "played" });
      this.feed({ on: "tick" });
    }
    return this;
  }
  live(): this {
    return this.feed({ on: "show", live: true });
  }
  get way(): Way {
    return this.ways.way;
  }
}

test("a line that carries WebRTC stays there", () => {
  const it = new Bench().live().pass(120_000);
  assert.deepEqual([it.way, it.moves], ["webrtc", []]);
});

test("a cut moves to HLS within 1.5 s, and healing back up within 1.5 s of pictures", () => {
  const it = new Bench().live().pass(10_000);
  it.udp = false;
  const cut = it.now;
  it.pass(5000);
  assert.equal(it.way, "hls");
  assert.ok((it.moves[0]?.[0] ?? 0) - cut <= STALL_MS + PULSE);
  it.udp = true;
  const healed = it.now;
  it.pass(5000);
  assert.equal(it.way, "webrtc");
  assert.ok((it.moves[1]?.[0] ?? 0) - healed <= STEADY_MS + 2 * PULSE);
});

test("a hiccup moves nobody", () => {
  const it = new Bench().live().pass(10_000);
  it.udp = false;
  it.pass(1000);
  it.udp = true;
  it.pass(5000);
  assert.deepEqual(it.moves, []);
});

test("where WebRTC never connects, HLS is asked for after the first try has had its time", () => {
  const it = new Bench();
  it.udp = false;
  it.live().pass(10_000);
  assert.deepEqual(it.moves.map(([, way]) => way), ["hls"]);
  assert.ok((it.moves[0]?.[0] ?? 0) - 1000 <= FIRST_MS + PULSE);
  assert.ok(wantsWebRtc(it.ways), "and WebRTC is tried beneath");
});

test("single pictures bring nobody up", () => {
  const it = new Bench();
  it.udp = false;
  it.live().pass(4000);
  for (let n = 0; n < 20; n++) it.feed({ on: "picture" }).pass(800);
  assert.equal(it.way, "hls");
});

test("a line that keeps falling stays on HLS for a while, and then gets another chance", () => {
  const it = new Bench().live().pass(5000);
  for (let n = 0; n < FALLS; n++) {
    it.udp = false;
    it.pass(3000);
    it.udp = true;
    if (n < FALLS - 1) it.pass(3000);
  }
  const fell = it.moves.at(-1)?.[0] ?? 0;
  it.pass(HOLD_MS - 4000);
  assert.equal(it.way, "hls");
  it.pass(5000);
  assert.equal(it.way, "webrtc");
  assert.ok((it.moves.at(-1)?.[0] ?? 0) - fell >= HOLD_MS);
  assert.equal(it.moves.filter(([, way]) => way === "hls").length, FALLS);
});

test("falls that are long ago are forgotten", () => {
  const it = new Bench().live().pass(5000);
  for (let n = 0; n < 5; n++) {
    it.udp = false;
    it.pass(3000);
    it.udp = true;
    it.pass(40_000);
  }
  assert.equal(it.way, "webrtc");
  assert.equal(it.moves.length, 10);
});

test("where HLS brings no picture the sound goes on, and the picture is tried again, more and more rarely", () => {
  const it = new Bench();
  [it.udp, it.http] = [false, false];
  it.live().pass(FIRST_MS + STARVED_MS + 1000);
  assert.equal(it.way, "audio");
  it.pass(THIN_MS);
  assert.deepEqual(it.moves.map(([, way]) => way), ["hls", "audio", "hls"]);
  it.pass(STARVED_MS);
  assert.equal(it.way, "audio");
  it.pass(THIN_MS + 1000);
  assert.equal(it.way, "audio", "the second time it waits twice as long");
  it.http = true;
  it.pass(THIN_MS);
  assert.equal(it.way, "hls");
  it.pass(60_000);
  assert.equal(it.way, "hls");
  it.udp = true;
  it.pass(3000);
  assert.equal(it.way, "webrtc");
});

test("from sound alone it goes straight to WebRTC when that heals", () => {
  const it = new Bench();
  [it.udp, it.http] = [false, false];
  it.live().pass(FIRST_MS + STARVED_MS + 1000);
  it.udp = true;
  it.pass(2000);
  assert.equal(it.way, "webrtc");
});

test("what the viewer chooses is done, and WebRTC is closed where it is of no use", () => {
  const it = new Bench().live().pass(2000);
  for (const [wish, way, rtc] of [["hls", "hls", false], ["360", "hls", false], ["audio", "audio", false], ["webrtc", "webrtc", true], ["720", "hls", false]] as const) {
    it.feed({ on: "wish", wish }).pass(20_000);
    assert.deepEqual([it.way, wantsWebRtc(it.ways)], [way, rtc], wish);
  }
  it.feed({ on: "wish", wish: "auto" }).pass(2000);
  assert.equal(it.way, "webrtc");
});

test("real time that was chosen is not left, even while nothing comes", () => {
  const it = new Bench().live().feed({ on: "wish", wish: "webrtc" });
  it.udp = false;
  it.pass(60_000);
  assert.deepEqual(it.moves, []);
});

test("going back in time is HLS, and live again is WebRTC", () => {
  const it = new Bench().live().pass(5000).feed({ on: "rewound", rewound: true });
  assert.deepEqual([it.way, wantsWebRtc(it.ways)], ["hls", false]);
  it.pass(60_000);
  assert.equal(it.way, "hls");
  it.feed({ on: "rewound", rewound: false }).pass(2000);
  assert.equal(it.way, "webrtc");
  assert.deepEqual(it.ways.falls, [], "which is no fall");
});

test("a browser without HLS stays with WebRTC", () => {
  const it = new Bench().live();
  it.udp = false;
  it.pass(4000).feed({ on: "unable" }).pass(20_000);
  assert.equal(it.way, "webrtc");
  assert.equal(it.ways.due, null);
});

test("coming back to a page out of sight is not a fall", () => {
  const it = new Bench().live().pass(5000);
  it.now += 30_000;
  it.feed({ on: "seen" }).pass(3000);
  assert.deepEqual(it.moves, []);
});

test("a show that is not on moves nowhere and asks for no tick", () => {
  const it = new Bench().pass(20_000);
  assert.deepEqual([it.moves, it.ways.due, wantsWebRtc(it.ways)], [[], null, false]);
  it.live().pass(1000).feed({ on: "show", live: false });
  assert.equal(it.ways.due, null);
});

test("the sound alone is found in the playlist", () => {
  const media = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Program",URI="sound.m3u8"';
  const picture = "#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1280x720,AUDIO=\"audio\"\n720.m3u8";
  assert.equal(soundIn(`#EXTM3U\n${media}\n${picture}\n#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="audio"\n\nalone.m3u8\n`), "alone.m3u8");
  assert.equal(soundIn(`#EXTM3U\r\n${media}\r\n${picture}\r\n`), "sound.m3u8");
  assert.equal(soundIn(`#EXTM3U\n${picture}`), null);
});
