// The measuring tools measured: a page with the testing camera, a peer connection inside it, and
// the eyes and ears on the far end. No server of ours takes part.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { openBrowser, openContext } from "./lib/browser.ts";
import { closeEyes, installCamera, latencies, lookAt, longestStill, openEyes, percentile, sightings, sync } from "./lib/flashbeep.ts";
import { strip } from "./lib/strip.ts";
import { until } from "./lib/until.ts";

let browser: Browser;
let site: Server;
let url: string;

before(async () => {
  browser = await openBrowser();
  site = createServer((_request, response) => {
    // As strict as the real pages.
    response.setHeader("content-security-policy", "default-src 'self'; media-src 'self' blob:");
    response.setHeader("content-type", "text/html").end("<!doctype html><video autoplay muted playsinline></video>");
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const address = site.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  url = `http://127.0.0.1:${address.port}/`;
});

after(async () => {
  await browser.close();
  site.close();
});

test("strips of every time come back, also shifted and dimmed; others do not", () => {
  const [width, height] = [640, 40];
  const rect = strip.top(width);
  // The same pairs stand in crates/dev/testkit/src/strip.rs.
  assert.deepEqual([0, 1, 123_456, 2 ** 24 - 1].map(strip.code), [0x2b, 0x12c, 0x1e2_40ee, 0xffff_ff24]);
  for (const millis of [0, 1, 123_456, 0x55_5555, 2 ** 24 - 1]) {
    const data = new Uint8ClampedArray(width * height * 4).fill(90);
    const block = rect.width / 32;
    for (let index = 0; index < 32; index++) {
      const white = Math.floor(strip.code(millis) / 2 ** (31 - index)) % 2 === 1;
      for (let y = rect.y; y < rect.y + rect.height; y++) {
        const from = (y * width + rect.x + index * block + 1) * 4;
        data.fill(white ? 180 : 60, from, from + block * 4);
      }
    }
    assert.equal(strip.read({ data, width, height }, rect), millis);
    assert.equal(strip.read({ data, width, height }, { ...rect, x: rect.x + 40 }), undefined);
  }
});

test("a page reads the strip, the flash and the beep that a page made", async () => {
  const camera = { width: 640, height: 360, colour: "#306", tone: 1500 };
  const context = await openContext(browser);
  await installCamera(context, camera);
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(async () => {
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
    near.onicecandidate = (e) => void (e.candidate && far.addIceCandidate(e.candidate));
    far.onicecandidate = (e) => void (e.candidate && near.addIceCandidate(e.candidate));
    const video = document.querySelector("video");
    far.ontrack = (e) => void (video && (video.srcObject = e.streams[0] ?? null));
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    for (const track of stream.getTracks()) near.addTrack(track, stream);
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription!);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription!);
  });
  await page.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) === 640, undefined, { timeout: 20_000 });
  await openEyes(page, "video", [lookAt(strip, camera, { x: 0, y: 0, width: 640, height: 360 }, camera.tone)]);
  await until("some seconds were seen and heard", 30_000, async () => {
    const seen = await sightings(page);
    return (seen.flashes[0]?.length ?? 0) >= 5 && (seen.beeps[0]?.length ?? 0) >= 5;
  });
  const seen = await closeEyes(page);
  const ages = latencies(seen, 0);
  const apart = sync(seen, 0);
  console.log(`age p50 ${percentile(ages, 0.5).toFixed(0)} ms, p95 ${percentile(ages, 0.95).toFixed(0)} ms; flash minus beep`, apart.map(Math.round));
  assert.ok(ages.length > seen.pictures.length * 0.9, `${ages.length} of ${seen.pictures.length} strips were read`);
  assert.ok(percentile(ages, 0) > 0 && percentile(ages, 0.5) < 5_000, `ages from ${percentile(ages, 0)} ms`);
  assert.ok(apart.length >= 4, "flashes and beeps are paired");
  assert.ok(Math.abs(percentile(apart, 0.5)) < 200, `picture and sound are ${percentile(apart, 0.5)} ms apart`);
  assert.ok(longestStill(seen, 0) < 5_000);
  await context.close();
});
