// `npm run shots -- DIR [name…]`: every page in every state at desktop and phone size, in real Chromium, to be looked at.
// Pictures come over real WebRTC from a second page that paints them. Not shipped.
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { chromium } from "playwright-core";
import { fixture, serve } from "./mock.mjs";

const [dir = "shots", ...only] = process.argv.slice(2);
const out = resolve(process.env.INIT_CWD ?? ".", dir);
await mkdir(out, { recursive: true });
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 }, small: { width: 360, height: 640 } };
const { house, url, close } = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection", "--disable-features=WebRtcHideLocalIpsWithMdns"],
});

/** The other end of every media session: paints a picture per asked feed, or takes what is sent. */
const peer = await (await browser.newContext()).newPage();
await peer.goto(`${url}/nowhere`);
await peer.evaluate(() => {
  const paint = (seed) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
    const draw = canvas.getContext("2d");
    const hue = (seed * 67 + 250) % 360;
    const timer = setInterval(() => {
      const t = performance.now() / 1000;
      const light = draw.createRadialGradient(320 + 60 * Math.sin(t + seed), 150, 20, 320, 180, 380);
      light.addColorStop(0, `hsl(${hue} 60% 58%)`);
      light.addColorStop(1, `hsl(${hue + 30} 45% 9%)`);
      draw.fillStyle = light;
      draw.fillRect(0, 0, 640, 360);
      draw.fillStyle = "rgba(10,6,16,.85)";
      draw.beginPath();
      draw.arc(320, 165 + 4 * Math.sin(t * 2 + seed), 62, 0, 7);
      draw.ellipse(320, 370, 150, 130, 0, 0, 7);
      draw.fill();
    }, 40);
    (window.timers ??= []).push(timer);
    return canvas.captureStream(25);
  };
  window.clear = () => {
    window.timers?.splice(0).forEach(clearInterval);
    window.kept?.splice(0).forEach((pc) => pc.close());
  };
  window.answer = async (offer, seed) => {
    const pc = new RTCPeerConnection();
    (window.kept ??= []).push(pc);
    await pc.setRemoteDescription({ type: "offer", sdp: offer });
    if (seed !== null) {
      const stream = paint(seed);
      for (const it of pc.getTransceivers()) {
        if (it.receiver.track.kind !== "video") continue;
        it.direction = "sendonly";
        await it.sender.replaceTrack(stream.getVideoTracks()[0]);
      }
    }
    await pc.setLocalDescription();
    if (pc.iceGatheringState !== "complete") await new Promise((done) => (pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done()));
    return pc.localDescription.sdp;
  };
});

async function open(size, path, { lang = "en", media = true, camera = true, init } = {}) {
  const context = await browser.newContext({ viewport: SIZES[size], deviceScaleFactor: 1, locale: lang, timezoneId: "America/Mexico_City", hasTouch: size !== "desktop" });
  if (camera) await context.grantPermissions(["camera", "microphone"], { origin: url });
  const page = await context.newPage();
  page.on("pageerror", (error) => process.stdout.write(`PAGE ERROR ${path}: ${error.message}\n`));
  page.on("console", (message) => message.type() === "error" && !/status of (4|5)/.test(message.text()) && process.stdout.write(`console ${path}: ${message.text()}\n`));
  if (init) await page.addInitScript(init);
  if (media) {
    await page.route(/\/wh(e|i)p\//, async (route) => {
      const request = route.request();
      if (request.method() !== "POST") return route.fulfill({ status: 200 });
      const asked = new URL(request.url());
      const id = asked.searchParams.get("performer");
      const seed = request.url().includes("/whip/") ? null : id ? Number(id.slice(-2)) : 9;
      const sdp = await peer.evaluate(([offer, it]) => window.answer(offer, it), [request.postData(), seed]);
      await route.fulfill({ status: 201, contentType: "application/sdp", headers: { location: `${asked.pathname}/s1`, etag: '"1"' }, body: sdp });
    });
  }
  await page.goto(url + path, { waitUntil: "commit" });
  return { page, close: () => context.close() };
}

const wait = (page, ms) => page.waitForTimeout(ms);
const WATCH = "/shows/noche/watch";
const STAGE = "/stage/code-0000000000000004";
const DESK = "/desk/noche#k=director";
const live = (page) => page.waitForSelector('.picture[data-shown="true"]');
const denied = () => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotAllowedError"));
};

/** name → what the house is like, how the page is opened, what is done before the picture. */
const SCENES = {
  "watch-live": { path: WATCH, then: async (page) => (await live(page), await wait(page, 400)) },
  "watch-live-sound": { path: WATCH, lang: "es", then: async (page) => (await live(page), await page.click(".spot")) },
  "watch-loading": { path: WATCH, media: false, house: (h) => (h.whep = { status: 503, body: { code: "house_full", text: "" } }) },
  "watch-early": { path: WATCH, media: false, house: (h) => (h.state.show.state = "scheduled") },
  "watch-early-es": { path: WATCH, media: false, lang: "es", house: (h) => (h.state.show.state = "scheduled") },
  "watch-undated": { path: WATCH, media: false, house: (h) => Object.assign(h.state.show, { state: "scheduled", starts_at: null }) },
  "watch-paused": { path: WATCH, house: (h) => (h.state.show.state = "paused"), then: live },
  "watch-over": { path: WATCH, media: false, house: (h) => (h.state.show.state = "over") },
  "watch-closed": { path: WATCH, media: false, house: (h) => (h.whep = { status: 401, body: { code: "token_expired", text: "That link has expired." } }) },
  "watch-nowhere": { path: "/shows/otra/watch", media: false },
  "watch-broken": { path: WATCH, media: false, house: (h) => (h.whep = { status: 422, body: { code: "sdp_refused", text: "The offer could not be used." } }) },
  "watch-lost": {
    path: WATCH,
    then: async (page) => {
      await live(page);
      await page.unroute(/\/wh(e|i)p\//);
      await peer.evaluate(() => window.clear());
      await wait(page, 9500);
    },
  },
  "stage-setup": { path: STAGE, then: (page) => wait(page, 1500) },
  "stage-setup-es": { path: STAGE, lang: "es", house: (h) => (h.state.show.state = "scheduled"), then: (page) => wait(page, 1500) },
  "stage-denied": { path: STAGE, init: denied, then: (page) => wait(page, 500) },
  "stage-unknown": { path: "/stage/none" },
  "stage-backstage": { path: STAGE, then: async (page) => (await wait(page, 800), await page.click(".big"), await wait(page, 3000)) },
  "stage-on-air": {
    path: STAGE,
    house: (h) => Object.assign(h.state.performers[3], { role: "host", place: 3 }),
    then: async (page) => (await wait(page, 800), await page.click(".big"), await wait(page, 3000)),
  },
  "stage-left": { path: STAGE, lang: "es", then: async (page) => (await wait(page, 800), await page.click(".big"), await wait(page, 800), await page.click(".room-buttons > :last-child")) },
  "desk-live": { path: DESK, then: async (page) => (await live(page), await wait(page, 1500)) },
  "desk-es": { path: DESK, lang: "es", house: (h) => (h.state.show.state = "scheduled"), then: async (page) => (await live(page), await wait(page, 1200)) },
  "desk-elsewhere": {
    path: DESK,
    house: (h) => Object.assign(h.state.audience, { target: "clip", clip: h.state.clips[0].id }),
    then: async (page) => {
      await live(page);
      const tab = page.locator(".desk-tabs button").nth(3);
      if (await tab.isVisible()) await tab.click();
      await wait(page, 1500);
    },
  },
  "desk-clip": {
    path: DESK,
    house: (h) => (h.state.playback = { clip: h.state.clips[0].id, state: "playing", position_ms: 14_000, at: new Date().toISOString(), duration_ms: 62_000, looped: true, volume: 0.8, error: null }),
    then: async (page) => {
      await live(page);
      const tab = page.locator(".desk-tabs button").nth(2);
      if (await tab.isVisible()) await tab.click();
      await page.setInputFiles(".desk-clips input[type=file]", { name: "notes.mp4", mimeType: "video/mp4", buffer: Buffer.from("not a video") });
      await wait(page, 900);
      await page.locator(".desk-clips").scrollIntoViewIfNeeded();
    },
  },
  "desk-person": {
    path: DESK,
    then: async (page) => {
      await live(page);
      const tab = page.locator(".desk-tabs button").nth(1);
      if (await tab.isVisible()) await tab.click();
      await page.locator('[data-id="0000000000000001"] [aria-expanded]').click();
      await page.fill(".people-add input", "Gabriela");
      await page.click(".people-add [type=submit]");
      await wait(page, 900);
    },
  },
  "desk-end": { path: DESK, then: async (page) => (await live(page), await page.click(".show-buttons > :nth-child(2)"), await wait(page, 300)) },
  "desk-empty": { path: DESK, media: false, house: (h) => (Object.assign(h.state, { performers: [], clips: [] }), (h.state.show.state = "scheduled")) },
  "desk-gate": { path: "/desk/noche", media: false },
  "desk-lost": { path: DESK, then: async (page) => (await live(page), (house.down = true), await page.evaluate(() => dispatchEvent(new Event("online"))), await wait(page, 1000)) },
  lost: { path: "/no/such/place", lang: "es" },
};

const sizes = (process.env.SIZES ?? "desktop,phone").split(",");
for (const [name, scene] of Object.entries(SCENES)) {
  if (only.length > 0 && !only.some((it) => name.startsWith(it))) continue;
  for (const size of sizes) {
    Object.assign(house, { state: fixture(), shows: null, refuse: null, down: false, whep: { status: 409, body: { code: "show_not_live", text: "Not live." } } });
    scene.house?.(house);
    const { page, close: done } = await open(size, scene.path, scene);
    try {
      await wait(page, 500);
      await scene.then?.(page);
      await page.screenshot({ path: `${out}/${name}-${size}.png` });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      process.stdout.write(`${name}-${size}${wide > 0 ? `  OVERFLOWS by ${wide}px` : ""}\n`);
    } catch (error) {
      process.stdout.write(`${name}-${size} FAILED ${error.message.split("\n")[0]}\n`);
      await page.screenshot({ path: `${out}/${name}-${size}.png` });
    }
    await done();
    await peer.evaluate(() => window.clear());
  }
}
await browser.close();
close();
