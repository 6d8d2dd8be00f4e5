// A viewer whose line gives way and heals: WebRTC, then the playlist, then WebRTC again, without a reload; back in
// time and live again; and the replay when the show is over. On the real page in a real browser.
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test, type TestContext } from "node:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { Api } from "./lib/api.ts";
import { Bot } from "./lib/bot.ts";
import { openBrowser, openContext } from "./lib/browser.ts";
import { tilesOf } from "./lib/layout.ts";
import { openScreenEyes, screenSeen, type Seen } from "./lib/screen.ts";
import { detour, Relay } from "./lib/relay.ts";
import { Server } from "./lib/server.ts";
import { until } from "./lib/until.ts";
import { teachFacts } from "./lib/viewer.ts";
import type { Rect } from "./lib/strip.ts";

const slug = "audience";
let server: Server;
let api: Api;
let browser: Browser;
let relay: Relay;
let bot: Bot;
let tile: Rect;
/** Of the test that runs: what one did to its line counts against it in the player for a while. */
let page: Page;
const broken: string[] = [];

/** The audience's page, its media through a relay. */
async function seat(through: Relay, url = `${server.url}/shows/${slug}/watch`, script = ""): Promise<Page> {
  const context = await openContext(browser, { width: 1280, height: 800 });
  await context.addInitScript(script);
  await teachFacts(context);
  await detour(context, server.rtcPort, through.port);
  const it = await context.newPage();
  it.on("pageerror", (error) => broken.push(error.stack ?? error.message));
  await it.goto(url, { waitUntil: "domcontentloaded" });
  await openScreenEyes(it, tile);
  return it;
}

before(async () => {
  server = await Server.start(["--follow-bandwidth", "true"]);
  api = new Api(server.url, server.adminToken);
  browser = await openBrowser();
  await api.post("/shows", { title: "Audience", slug, description: "One voice, one line that gives way." });
  const { performer, whip_url, whip_token } = await api.post(`/shows/${slug}/performers`, { name: "Ada" });
  bot = await Bot.start(new URL(whip_url, server.url).href, whip_token, 0);
  await api.patch(`/shows/${slug}/performers/${performer.id}`, { role: "host" });
  await api.put(`/shows/${slug}/scene`, { layout: "solo" });
  const solo = (await tilesOf("solo", 1)).get("1");
  assert.ok(solo);
  tile = solo;
  await api.post(`/shows/${slug}/start`);
});

after(async () => {
  await browser?.close();
  await bot?.stop();
  await server?.stop();
});

/** Milliseconds from `since` to when the strip went on by this way: the second picture that differs. */
async function movesBy(it: Page, way: Seen["way"], since: number, millis: number): Promise<number> {
  let last = "";
  try {
    return await until(`a moving picture by ${way}`, millis, async () => {
      const seen = await screenSeen(it, since);
      const here = seen.filter((s) => s.way === way && s.strip !== null);
      last = JSON.stringify(seen.slice(-3));
      const first = here[0];
      const next = here.find((s) => s.strip !== first?.strip);
      return next ? Math.max(1, next.at - since) : null;
    });
  } catch (error) {
    throw new Error(`${String(error)}; last seen ${last}`);
  }
}

/** The longest time without a new strip since then. */
function longestGap(seen: Seen[], since: number): number {
  let [longest, at, strip] = [0, since, null as number | null];
  for (const s of seen) {
    if (s.strip === null || s.strip === strip) continue;
    longest = Math.max(longest, s.at - at);
    [at, strip] = [s.at, s.strip];
  }
  return longest;
}

/** How old the picture on screen is, by the strip of the bot. */
async function age(it: Page): Promise<number> {
  const last = (await screenSeen(it, Date.now() - 1_000)).findLast((s) => s.strip !== null);
  assert.ok(last?.strip !== null && last !== undefined, "a picture is on screen");
  const media = (last.at - bot.startedUnixMs) % bot.loopMs;
  return (media - last.strip + bot.loopMs) % bot.loopMs;
}

beforeEach(async () => {
  // A line of its own: who sat there before may be sent to for a while.
  relay = await Relay.start(server.rtcPort);
  page = await seat(relay);
  await movesBy(page, "webrtc", 0, 15_000);
});

afterEach(async () => {
  await page.context().close();
  await relay.stop();
  assert.deepEqual(broken.splice(0), [], "no page threw");
});

/** Chooses in the menu. */
async function pick(name: string): Promise<void> {
  await page.getByRole("button", { name: "Quality" }).click();
  await page.getByRole("radio", { name }).click();
}

test("WebRTC is cut: the playlist's picture takes over; it heals: WebRTC again", async (t: TestContext) => {
  await until("the playlist has something", 15_000, async () => (await fetch(`${server.url}/hls/${slug}/index.m3u8`)).ok);
  for (const round of [1, 2]) {
    await relay.say("cut");
    const cut = Date.now();
    const down = await movesBy(page, "hls", cut, 5_000);
    await page.getByText(/^Smooth, \d+ s behind$/).waitFor();
    const behind = await age(page);
    const told = await page.evaluate(() => (window as unknown as { palco: { behindMs: number } }).palco.behindMs);
    await relay.say("heal");
    const healed = Date.now();
    const up = await movesBy(page, "webrtc", healed, 6_000);
    await page.getByText("Real time", { exact: true }).waitFor();
    const gap = longestGap(await screenSeen(page, healed), healed);
    t.diagnostic(
      `${round}: cut to HLS ${Math.round(down)} ms, picture then ${Math.round(behind)} ms old (told ${Math.round(told)}); ` +
        `healed to WebRTC ${Math.round(up)} ms, longest still meanwhile ${Math.round(gap)} ms`,
    );
  }
});

test("UDP is blocked from the start: the playlist's picture", async (t) => {
  const wall = await Relay.start(server.rtcPort);
  await wall.say("cut");
  const began = Date.now();
  const other = await seat(wall);
  const ms = await movesBy(other, "hls", began, 8_000);
  t.diagnostic(`HLS picture ${Math.round(ms)} ms after the page was asked for`);
  await other.context().close();
  await wall.stop();
});

test("a browser that plays HLS by itself, as older iPhones do, behind doors that want a grant", async (t) => {
  await api.patch(`/shows/${slug}`, { door: "grant" });
  const { url } = await api.post(`/shows/${slug}/viewer-links`);
  const wall = await Relay.start(server.rtcPort);
  await wall.say("cut");
  const began = Date.now();
  const other = await seat(wall, url, "delete window.MediaSource; delete window.ManagedMediaSource;");
  const ms = await movesBy(other, "hls", began, 15_000);
  t.diagnostic(`HLS picture ${Math.round(ms)} ms after the page was asked for, ${Math.round(await age(other))} ms old`);
  assert.ok(await other.evaluate(() => document.querySelector<HTMLVideoElement>(".watch-hls video")?.src.endsWith(".m3u8")), "by itself");
  await other.context().close();
  await wall.stop();
  await api.patch(`/shows/${slug}`, { door: "open" });
});

/** What the viewer's WebRTC brings: picture height, and bits in the last `millis`. */
async function incoming(it: Page, millis: number): Promise<{ height: number; rate: number }> {
  const bits = () =>
    it.evaluate(async () => {
      const { pc } = (window as unknown as { palco: { pc: RTCPeerConnection | null } }).palco;
      const stats: { type: string; bytesReceived?: number }[] = [...((await pc?.getStats()) ?? new Map()).values()];
      return 8 * (stats.find((s) => s.type === "transport")?.bytesReceived ?? 0);
    });
  const first = await bits();
  await new Promise((resolve) => setTimeout(resolve, millis));
  const rate = ((await bits()) - first) / (millis / 1_000);
  return { height: await it.evaluate(() => document.querySelector("video")?.videoHeight ?? 0), rate };
}

test("the line shrinks: the small picture, without a freeze; it widens: the large one again", async (t) => {
  // On a busy machine the player may give up on it sooner, which the tests above are about.
  await pick("Real time");
  await until("the large picture", 20_000, async () => (await incoming(page, 500)).height === 720);
  const { rate } = await incoming(page, 3_000);
  await relay.say("queue 30000");
  await relay.say(`rate ${600_000}`);
  const shrunk = Date.now();
  await until("the small picture", 6_000, async () => (await incoming(page, 200)).height === 360);
  const small = Date.now() - shrunk;
  const narrow = await incoming(page, 5_000);
  const seen = await screenSeen(page, shrunk);
  const freeze = longestGap(seen, shrunk);
  await relay.say("rate off");
  const widened = Date.now();
  await until("the large picture again", 60_000, async () => (await incoming(page, 500)).height === 720);
  t.diagnostic(
    `large ${Math.round(rate / 1e3)} kbit/s, line 600; small after ${small} ms, ${Math.round(narrow.rate / 1e3)} kbit/s, ` +
      `longest still ${Math.round(freeze)} ms; large again ${Date.now() - widened} ms after the line was wide`,
  );
  assert.ok(freeze < 2_000, `${freeze} ms without a new picture`);
});

test("a line of 64 kbit/s: nobody else notices, the page says what it does, and is back when the line is", async (t) => {
  const thin = await Relay.start(server.rtcPort);
  const poor = await seat(thin);
  await movesBy(poor, "webrtc", 0, 15_000);
  const since = Date.now();
  await thin.say("queue 30000");
  await thin.say("rate 64000");
  const wire = await poor.context().newCDPSession(poor);
  await wire.send("Network.enable");
  const line = { offline: false, latency: 50, downloadThroughput: 8_000, uploadThroughput: 8_000 };
  await wire.send("Network.emulateNetworkConditions", line);
  const way = () => poor.evaluate(() => (window as unknown as { palco: { way: string } }).palco.way);
  await until("sound alone", 60_000, async () => (await way()) === "audio");
  const down = Date.now() - since;
  const { E2E_SHOTS: folder } = process.env;
  if (folder) await poor.screenshot({ path: join(folder, "watch-64k.png") });
  await wire.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await thin.say("rate off");
  const healed = Date.now();
  const up = await movesBy(poor, "webrtc", healed, 60_000);
  const others = longestGap(await screenSeen(page, since), since);
  t.diagnostic(`sound alone after ${down} ms, WebRTC ${Math.round(up)} ms after the line was wide; longest still of the other viewer ${Math.round(others)} ms`);
  assert.ok(others < 1_000, "the other viewer lost nothing");
  await poor.context().close();
  await thin.stop();
});

test("back ten seconds by key and by button, and live again", async (t) => {
  await until("the show is 30 s old", 40_000, async () => (await page.locator(".watch-time input").getAttribute("max")) !== null && Number(await page.locator(".watch-time input").getAttribute("max")) > 30);
  const before = await age(page);
  let since = Date.now();
  await page.keyboard.press("ArrowLeft");
  const back = await movesBy(page, "hls", since, 6_000);
  const once = await age(page);
  assert.ok(once - before > 7_000 && once - before < 14_000, `from ${before} to ${once} ms`);
  await page.getByRole("button", { name: "Back 10 seconds" }).click();
  // The bot's film is twenty seconds long, then it begins again.
  const more = await until("ten seconds more", 8_000, async () => {
    const more = ((await age(page)) - once + bot.loopMs) % bot.loopMs;
    return more > 7_000 && more < 14_000 && more;
  });
  await page.getByText(/^\d+:\d\d behind$/).first().waitFor();
  since = Date.now();
  await page.getByRole("button", { name: "Go live" }).click();
  const live = await movesBy(page, "webrtc", since, 8_000);
  t.diagnostic(`back in ${Math.round(back)} ms, ${Math.round(once)} then ${Math.round(more)} ms more behind; live in ${Math.round(live)} ms`);
  assert.ok((await age(page)) < 2_000);
});

test("what the viewer chooses plays: smooth, 360 lines, sound only, real time", async () => {
  const way = () => page.evaluate(() => (window as unknown as { palco: { way: string; pc: unknown } }).palco.way);
  const hls = page.locator(".watch-hls video");
  await pick("360p");
  await until("360 lines", 8_000, async () => (await way()) === "hls" && (await hls.evaluate((it: HTMLVideoElement) => it.videoHeight)) === 360);
  await pick("720p");
  await until("720 lines", 12_000, () => hls.evaluate((it: HTMLVideoElement) => it.videoHeight === 720));
  await pick("Sound only");
  await until("sound alone", 8_000, async () => (await way()) === "audio");
  const at = await hls.evaluate((it: HTMLVideoElement) => it.currentTime);
  await until("the sound goes on", 5_000, () => hls.evaluate((it: HTMLVideoElement, at) => it.currentTime > at + 1 && it.videoWidth === 0, at));
  const since = Date.now();
  await pick("Automatic");
  await movesBy(page, "webrtc", since, 8_000);
});

test("the show ends: its replay plays at the same address, from the beginning", async () => {
  await api.post(`/shows/${slug}/end`);
  await page.getByRole("heading", { name: "The show is over" }).waitFor();
  await page.getByRole("button", { name: "Watch the replay" }).click();
  await movesBy(page, "hls", Date.now() - 1, 10_000);
  const video = page.locator(".watch-hls video");
  const first = await video.evaluate((it: HTMLVideoElement) => it.currentTime);
  assert.ok(first < 5, `began at ${first} s`);
  const slider = page.getByRole("slider", { name: "Position in the show" });
  const length = Number(await slider.getAttribute("max"));
  assert.ok(length > 30, `${length} s`);
  await slider.fill("20");
  await until("the moment sought", 8_000, () => video.evaluate((it: HTMLVideoElement) => Math.abs(it.currentTime - 21) < 2.5));
  await page.getByRole("button", { name: "Pause" }).click();
  await until("it rests", 3_000, () => video.evaluate((it: HTMLVideoElement) => it.paused));
  await page.getByRole("button", { name: "Play", exact: true }).click();
  await movesBy(page, "hls", Date.now(), 5_000);
});
