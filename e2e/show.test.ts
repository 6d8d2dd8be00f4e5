// A whole evening in a real browser: four people on stage, one of them in the real studio, directed
// from the real desk, watched on the real audience page, through every accident we can think of.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { Api } from "./lib/api.ts";
import { Bot } from "./lib/bot.ts";
import { openBrowser, openContext } from "./lib/browser.ts";
import { botColours, cameraColour, groundOf, neutral, openProbe, samples, type Chroma } from "./lib/colours.ts";
import { botLatencies, installCamera, latencies, percentile, sync, type Sightings } from "./lib/flashbeep.ts";
import { pictureSize, tilesOf, type Layout } from "./lib/layout.ts";
import { mixerOf, runs } from "./lib/processes.ts";
import { detour, Relay } from "./lib/relay.ts";
import { executable, Server } from "./lib/server.ts";
import { until } from "./lib/until.ts";
import { stillUntilNow, teachFacts, Viewer, type Expected } from "./lib/viewer.ts";

const slug = "night";
const cameraTone = 2_500;
const clipBot = 5;
const clipTone = 2_250;
const names = ["Hana", "Ada", "Ben", "Cleo"];
/** Who has which ground; Hana is the browser, the others bots 0, 1 and 2. */
const known = new Map<string, Chroma>([
  ["Hana", cameraColour.chroma],
  ["Ada", botColours[0] as Chroma],
  ["Ben", botColours[1] as Chroma],
  ["Cleo", botColours[2] as Chroma],
  ["clip", botColours[clipBot] as Chroma],
  ["nobody", neutral],
]);

let server: Server;
let api: Api;
let browser: Browser;
let relay: Relay;
let host: Page;
let hostContext: BrowserContext;
let desk: Page;
let viewer: Viewer;
let directorToken: string;
let audience: BrowserContext;
const bots: Bot[] = [];
const broken: string[] = [];

const tones = () => [cameraTone, ...bots.map((bot) => bot.tone)];

/** Everybody where this layout puts them. */
async function inLayout(layout: Layout): Promise<Expected[]> {
  const all: Expected[] = [];
  for (const [who, tile] of await tilesOf(layout, 4)) {
    const index = Number(who) - 1;
    if (who === "C") all.push({ who: "clip", tile, tone: clipTone });
    else if (who === "S") all.push({ who: "nobody", tile, tone: 0 });
    else all.push({ who: names[index] ?? who, tile, tone: tones()[index] ?? 0 });
  }
  return all;
}

const state = () => api.get(`/shows/${slug}/state`);
const performer = async (name: string) => (await state()).performers.find((it: { name: string }) => it.name === name);
const person = (name: string): Locator => desk.getByRole("listitem").filter({ hasText: name });
const scene = (name: string) => desk.getByRole("group", { name: "Scenes" }).getByRole("button", { name, exact: true });

function minding(page: Page, name: string): Page {
  page.on("pageerror", (error) => broken.push(`${name}: ${error.message}`));
  return page;
}

before(async () => {
  server = await Server.start();
  api = new Api(server.url, server.adminToken);
  await api.post("/shows", { title: "A long night", slug });
  ({ token: directorToken } = await api.post(`/shows/${slug}/director-links`));
  browser = await openBrowser();
  relay = await Relay.start(server.rtcPort);

  const invited = await api.post(`/shows/${slug}/performers`, { name: "Hana" });
  // Small windows: painting pictures costs more than decoding them.
  hostContext = await openContext(browser, { width: 800, height: 600 });
  await teachFacts(hostContext);
  await installCamera(hostContext, { ...pictureSize, colour: cameraColour.css, tone: cameraTone });
  await detour(hostContext, server.rtcPort, relay.port);
  host = minding(await hostContext.newPage(), "studio");
  await host.goto(new URL(invited.invitation_url, server.url).href);

  for (const [number, name] of names.slice(1).entries()) {
    const { whip_url, whip_token } = await api.post(`/shows/${slug}/performers`, { name });
    bots.push(await Bot.start(new URL(whip_url, server.url).href, whip_token, number));
  }

  const house = await openContext(browser, { width: 1_100, height: 800 });
  desk = minding(await house.newPage(), "desk");
  await desk.goto(`${server.url}/desk/${slug}#k=${directorToken}`);

  audience = await openContext(browser, { width: 640, height: 480 });
  await teachFacts(audience);
  viewer = await Viewer.open(audience, `${server.url}/shows/${slug}/watch`);
  minding(viewer.page, "audience");
});

after(async () => {
  await browser?.close();
  for (const bot of bots) await bot.stop();
  await relay?.stop();
  await server?.stop();
});

test("a host joins backstage, the director puts four on stage and starts the show; the picture opens by itself", async () => {
  await viewer.page.getByText("The show has not begun.").waitFor();
  await host.getByRole("button", { name: "Join backstage" }).click();
  await host.getByRole("status").filter({ hasText: "The audience neither sees nor hears you." }).waitFor();
  assert.equal((await performer("Hana")).role, "backstage");

  for (const name of names) {
    await person(name).getByRole("button", { name: "Put on" }).click();
    await person(name).getByRole("button", { name: "Take off" }).waitFor();
  }
  await scene("Grid").click();
  await desk.getByRole("button", { name: "Start the show" }).click();

  assert.deepEqual(await viewer.size(), { width: 1280, height: 720 });
  await host.getByRole("status").filter({ hasText: "The audience sees and hears you." }).waitFor();
  const { performers, show } = await state();
  assert.equal(show.state, "live");
  await deskSeesEverybody();
  const places = names.map((name) => performers.find((it: { name: string }) => it.name === name).place);
  assert.deepEqual(places, [0, 1, 2, 3]);
});

/** Whether the last five flashes and beeps came together, in the middle. */
function inStep(seen: Sightings, index: number): boolean {
  const offsets = sync(seen, index).slice(-5);
  const middle = percentile(offsets, 0.5);
  return offsets.length === 5 && middle < 200 && middle > -400;
}

/** The desk's own pictures come; then they end, because six decoders less leave the machine room for the show. */
async function deskSeesEverybody(): Promise<void> {
  for (const name of ["Program", ...names]) {
    await until(`the desk sees ${name}`, 15_000, () =>
      desk.locator(`video[aria-label="${name}"]`).evaluate((it: HTMLVideoElement) => it.readyState >= 2 && it.videoWidth >= 160),
    );
  }
  await desk.context().route("**/whep/**", (route) => route.abort());
  await desk.reload();
  await person("Hana").waitFor();
}

test("everybody is seen in their tile, moves, is not late, and is in step with their sound", async (t) => {
  const grid = await inLayout("grid");
  await viewer.seesInPlace(grid, known, 15_000);
  await viewer.page.getByRole("button", { name: "Turn on the sound" }).click();
  await viewer.page.getByRole("button", { name: "Turn off the sound" }).waitFor();
  await viewer.seesMoving(grid);
  // On a machine that has other things to do, sound and picture may need some seconds to settle;
  // what ITU-R BT.1359 calls acceptable must then hold. The benchmark holds the tighter bound.
  const seen = await viewer.watch(grid, 45_000, "sound and picture of everybody in step", (so) =>
    grid.every((_, index) => inStep(so, index)),
  );
  for (const [index, { who }] of grid.entries()) {
    const bot = bots[index - 1];
    const late = bot === undefined ? latencies(seen, index) : botLatencies(seen, index, bot.startedUnixMs, bot.loopMs);
    const read = late.length / seen.pictures.length;
    const delay = percentile(late, 0.5);
    t.diagnostic(`${who}: ${Math.round(delay)} ms late, sound ${Math.round(percentile(sync(seen, index).slice(-5), 0.5))} ms early`);
    assert.ok(read > 0.8, `${who}'s strip is readable in ${Math.round(read * 100)} % of the pictures`);
    assert.ok(delay > 0 && delay < 1_500, `${who} is ${Math.round(delay)} ms late`);
  }
  const expected = await host.evaluate(() => document.querySelectorAll("figure.tile:not(.self) video").length);
  assert.equal(expected, 3, "the host sees the three others");
});

test("scenes change by buttons, and the viewer's pixels show it", async () => {
  const scenes: [string, Layout][] = [
    ["Side by side", "side_by_side"],
    ["Picture in picture", "picture_in_picture"],
    ["Solo", "solo"],
    ["Slate", "slate"],
    ["Grid", "grid"],
  ];
  for (const [button, layout] of scenes) {
    await scene(button).click();
    await viewer.seesInPlace(await inLayout(layout), known);
    assert.equal((await state()).scene.layout, layout);
  }
  await viewer.seesMoving(await inLayout("grid"));
});

test("a cut is one picture long, a fade is as long as was asked", async () => {
  const [tile] = await inLayout("grid");
  assert.ok(tile);
  const between = async (change: string, button: string, who: string): Promise<number> => {
    await desk.getByLabel("Change by").selectOption({ label: change });
    await openProbe(viewer.page, "video", [groundOf(tile.tile)]);
    const first = await until("pictures before", 5_000, async () => (await samples(viewer.page))[0]?.at(-1));
    await scene(button).click();
    await viewer.page.waitForFunction(([u, v]) => {
      const now = globalThis.palcoProbe?.samples[0]?.slice(-5) ?? [];
      return now.length === 5 && now.every(({ chroma }) => Math.hypot(chroma[0] - (u ?? 0), chroma[1] - (v ?? 0)) < 12);
    }, known.get(who) ?? neutral);
    const taken = (await samples(viewer.page))[0] ?? [];
    const last = taken.at(-1);
    assert.ok(last && Math.hypot(last.chroma[0] - first.chroma[0], last.chroma[1] - first.chroma[1]) > 30);
    const [u0, v0, u1, v1] = [...first.chroma, ...last.chroma];
    const share = taken.map(({ at, chroma: [u, v] }) => ({
      at,
      share: ((u - u0) * (u1 - u0) + (v - v0) * (v1 - v0)) / ((u1 - u0) ** 2 + (v1 - v0) ** 2),
    }));
    const begun = share.findLast((it) => it.share < 0.15)?.at ?? 0;
    const done = share.find((it) => it.at > begun && it.share > 0.85)?.at ?? Number.POSITIVE_INFINITY;
    return done - begun;
  };
  const cut = await between("Cut", "Slate", "nobody");
  const fade = await between("Fade 1.5 s", "Grid", "Hana");
  assert.ok(cut < 400, `the cut took ${Math.round(cut)} ms`);
  assert.ok(fade > 700 && fade < 2_500, `70 % of a fade of 1.5 s took ${Math.round(fade)} ms`);
  await desk.getByLabel("Change by").selectOption({ label: "Cut" });
});

test("a clip uploaded at the desk is played, paused, sought and stopped, seen and heard", async () => {
  const { stdout } = await promisify(execFile)(executable("palco-bot"), ["--file", "--bot", String(clipBot)]);
  const reel = join(server.data, "reel.mkv");
  await copyFile(stdout.trim(), reel);
  await desk.getByLabel("Upload a clip").setInputFiles(reel);
  const card = desk.getByRole("region", { name: "Clips" }).getByRole("listitem").filter({ hasText: "reel.mkv" });
  await card.getByRole("button", { name: "Play reel.mkv on stage" }).click();

  const full = await inLayout("clip_full");
  await viewer.seesInPlace(full, known, 10_000);
  await viewer.watch(full, 18_000, "the clip's sound and picture in step", (so) => inStep(so, 0));
  assert.equal((await state()).playback.state, "playing");

  await scene("Clip with hosts").click();
  await viewer.seesInPlace(await inLayout("clip_with_hosts"), known);
  await scene("Clip").click();
  await viewer.seesInPlace(full, known);

  await card.getByRole("button", { name: "Pause reel.mkv" }).click();
  const paused = await viewer.watch(full, 25_000, "thirty pictures of the same moment", (so) => still(so) >= 30);
  const at = paused.pictures.at(-1)?.strips[0] ?? 0;
  const told = (await state()).playback;
  assert.equal(told.state, "paused");
  assert.ok(Math.abs(told.position_ms - at) < 500, `told ${told.position_ms}, shown ${at}`);

  await card.getByRole("slider", { name: "Position in reel.mkv" }).fill("15000");
  await viewer.watch(full, 10_000, "the moment sought", (so) => Math.abs((so.pictures.at(-1)?.strips[0] ?? 0) - 15_000) < 400);
  await card.getByRole("button", { name: "Play reel.mkv" }).click();
  await viewer.watch(full, 10_000, "the clip goes on from there", (so) => {
    const strip = so.pictures.at(-1)?.strips[0] ?? 0;
    return strip > 15_700 && strip < 19_500;
  });

  await card.getByRole("button", { name: "Stop" }).click();
  await viewer.seesInPlace(await inLayout("grid"), known);
  assert.equal((await state()).playback, null);
});

/** How many of the last pictures show the same strip. */
function still(seen: Sightings): number {
  const last = seen.pictures.at(-1)?.strips[0];
  if (last === undefined || last === null) return 0;
  const other = seen.pictures.findLastIndex(({ strips }) => strips[0] !== last);
  return seen.pictures.length - 1 - other;
}

test("the audience is sent to a clip and to a slate and back, and the stage does not notice", async () => {
  const grid = await inLayout("grid");
  const elsewhere = await openContext(browser, { width: 640, height: 480 });
  await teachFacts(elsewhere);
  const stageMix = await Viewer.play(elsewhere, server.url, `/whep/${slug}?output=stage`, directorToken);
  await stageMix.seesInPlace(grid, known, 15_000);
  await stageMix.markConnection();
  await viewer.markConnection();
  const opened = await viewer.opened();
  await stageMix.startWatching(grid);
  const shown = await framesOfOthers();

  const send = async (where: string): Promise<void> => {
    await desk.getByRole("group", { name: "Send the audience to" }).getByText(where, { exact: true }).click();
  };
  await send("A clip");
  await desk.getByRole("button", { name: "Send the audience" }).click();
  await viewer.seesMoving(await inLayout("clip_full"), 10_000);
  await desk.getByText("The audience sees the clip reel.mkv").waitFor();
  await desk.getByRole("button", { name: "Bring the audience back" }).click();
  await viewer.seesMoving(grid, 10_000);

  await send("A slate");
  await desk.getByRole("region", { name: "Audience" }).getByLabel("Slate title").fill("A word from the house");
  await desk.getByRole("button", { name: "Send the audience" }).click();
  await viewer.seesInPlace(await inLayout("slate"), known);
  await desk.getByRole("button", { name: "Bring the audience back" }).click();
  await viewer.seesMoving(grid, 10_000);

  const seen = await stageMix.stopWatching();
  for (const [index, { who }] of grid.entries()) {
    const gap = stillUntilNow(seen, index);
    assert.ok(gap < 4_000, `${who} stood still on the stage's mix for ${Math.round(gap)} ms`);
  }
  assert.ok(await stageMix.sameConnection(), "the stage's mix went on in its session");
  assert.ok(await viewer.sameConnection(), "the viewer's session went on");
  assert.equal(await viewer.opened(), opened);
  const later = await framesOfOthers();
  for (const [name, frames] of Object.entries(shown)) {
    assert.ok((later[name] ?? 0) > frames + 60, `the host saw ${name} all the while: ${frames} then ${later[name]}`);
  }
  await elsewhere.close();
});

/** Pictures of each other performer shown on the host's page so far. */
async function framesOfOthers(): Promise<Record<string, number>> {
  return host.evaluate(() => {
    const tiles = [...document.querySelectorAll<HTMLVideoElement>("figure.tile:not(.self) video")];
    return Object.fromEntries(tiles.map((it) => [it.ariaLabel ?? "", it.getVideoPlaybackQuality().totalVideoFrames]));
  });
}

test("the mixer's process is killed: same session, new pictures in seconds", async () => {
  const grid = await inLayout("grid");
  await viewer.markConnection();
  const opened = await viewer.opened();
  const mixer = await mixerOf(server.pid);
  process.kill(mixer, "SIGKILL");
  await until("another mixer runs", 5_000, async () => (await mixerOf(server.pid)) !== mixer);
  await viewer.seesMoving(grid, 8_000);
  assert.ok(await viewer.sameConnection());
  assert.equal(await viewer.opened(), opened);
  await until("the desk says that the mixer is up", 5_000, async () => (await state()).mixer === "up");
});

test("the host reloads and is back on air in the same place", async () => {
  const { id, place } = await performer("Hana");
  await host.reload();
  await host.getByRole("status").filter({ hasText: "The audience sees and hears you." }).waitFor({ timeout: 15_000 });
  await viewer.seesMoving(await inLayout("grid"), 10_000);
  const now = await performer("Hana");
  assert.deepEqual([now.id, now.place, now.role], [id, place, "host"]);
});

test("the host's network is cut and heals: back on air in the same place", async () => {
  const grid = await inLayout("grid");
  await hostContext.setOffline(true);
  await relay.say("cut");
  await viewer.watch(grid, 10_000, "the host's picture stands while the others move", (so) => {
    const moved = (index: number) => {
      const end = so.pictures.at(-1)?.at ?? 0;
      return new Set(so.pictures.filter(({ at }) => at > end - 1_000).map(({ strips }) => strips[index] ?? 0)).size;
    };
    return so.pictures.length > 30 && moved(0) <= 1 && [1, 2, 3].every((index) => moved(index) >= 5);
  });
  await until("the desk knows that nothing comes", 10_000, async () => (await performer("Hana")).video === false);
  assert.equal((await performer("Hana")).place, 0, "the place is kept");

  await relay.say("heal");
  await hostContext.setOffline(false);
  await viewer.seesMoving(grid, 20_000);
  const now = await performer("Hana");
  assert.deepEqual([now.connection, now.place, now.role], ["connected", 0, "host"]);
});

test("the server is killed and started again: everybody comes back by themselves", async () => {
  const mixer = await mixerOf(server.pid);
  await server.restart("SIGKILL");
  await viewer.seesMoving(await inLayout("grid"), 30_000);
  const { show, performers, scene } = await state();
  assert.deepEqual([show.state, scene.layout], ["live", "grid"]);
  for (const it of performers) assert.deepEqual([it.connection, it.role], ["connected", "host"], it.name);
  await until("the old mixer has ended", 5_000, async () => !(await runs(mixer)));
  await scene_works_again();
});

async function scene_works_again(): Promise<void> {
  await scene("Solo").click({ timeout: 15_000 });
  await viewer.seesInPlace(await inLayout("solo"), known);
}

test("the show ends, and the viewer's page says so", async () => {
  await desk.getByRole("button", { name: "End", exact: true }).click();
  await desk.getByRole("dialog").getByRole("button", { name: "End the show" }).click();
  await viewer.page.getByRole("heading", { name: "The show is over" }).waitFor();
  assert.equal((await state()).show.state, "over");
  await until("the mixer has ended", 10_000, async () => (await state()).mixer === "off");
  assert.deepEqual(broken, [], "no page threw");
});
