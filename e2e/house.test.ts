// The director sees the house while it is in, and its report and recording when it is over. Real pages in a real
// Chromium; ffprobe judges the film.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { promisify } from "node:util";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { Api, faultOf } from "./lib/api.ts";
import { Bot } from "./lib/bot.ts";
import { openBrowser, openContext } from "./lib/browser.ts";
import { Server } from "./lib/server.ts";
import { until } from "./lib/until.ts";
import { teachFacts } from "./lib/viewer.ts";

const slug = "house";
const run = promisify(execFile);
let server: Server;
let api: Api;
let browser: Browser;
let bot: Bot;
let desk: Page;
let context: BrowserContext;
const broken: string[] = [];

async function open(path: string, size = { width: 1280, height: 800 }, locale = "en-US"): Promise<Page> {
  const its = await openContext(browser, size, locale);
  await teachFacts(its);
  const page = await its.newPage();
  page.on("pageerror", (error) => broken.push(error.message));
  await page.goto(server.url + path, { waitUntil: "domcontentloaded" });
  return page;
}

const house = () => api.get(`/shows/${slug}/house`);
const way = (page: Page) => page.evaluate(() => (window as unknown as { palco: { way: string } }).palco.way);

async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env["E2E_SHOTS"];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

before(async () => {
  server = await Server.start(["--log", "warn"]);
  api = new Api(server.url, server.adminToken);
  browser = await openBrowser();
  await api.post("/shows", { title: "The house", slug });
  const made = await api.post(`/shows/${slug}/performers`, { name: "Ana" });
  bot = await Bot.start(new URL(made.whip_url, server.url).href, made.whip_token, 0);
  await api.patch(`/shows/${slug}/performers/${made.performer.id}`, { role: "host" });
  await api.post(`/shows/${slug}/start`);
  desk = await open(`/desk/${slug}#k=${server.adminToken}`);
  context = desk.context();
});

after(async () => {
  await browser?.close();
  await bot?.stop();
  await server?.stop();
});

const panel = () => desk.getByRole("region", { name: "House", exact: true });

test("the director sees a viewer by WebRTC, how they joined, and that they left", async (t: TestContext) => {
  const viewer = await open(`/shows/${slug}/watch`);
  await until("a picture by WebRTC", 15_000, async () => (await way(viewer)) === "webrtc" && viewer.evaluate(() => (window as unknown as { palco: { firstFrameMs: number | null } }).palco.firstFrameMs !== null));
  const inRealTime = panel().getByRole("list", { name: "How they watch" }).getByRole("listitem").filter({ hasText: "Real time" });
  await inRealTime.getByText("1", { exact: true }).waitFor({ timeout: 10_000 });
  await until("the viewer has told", 10_000, async () => (await house()).join.count === 1);
  // Fifteen seconds later they tell how it goes.
  const told = await until("a second word", 25_000, async () => {
    const now = await house();
    return now.watched_s >= 10 && now;
  });
  assert.equal(told.came, 1);
  assert.deepEqual(told.by_way, { webrtc: 1, hls: 0, audio: 0 });
  const [join, delay] = [told.join.p50_ms, told.delay_by_way.webrtc.p50_ms];
  t.diagnostic(`joined in ${join} ms, ${delay} ms from the server to the screen, ${told.frozen_share * 100} % frozen`);
  assert.ok(join > 0 && join < 15_000 && delay > 0 && delay < 5_000);
  await shot(desk, "desk-live");
  const hls = await open(`/shows/${slug}/watch`);
  await until("the second has a picture", 15_000, async () => {
    const now = await house();
    return now.by_way.webrtc === 2 && now.join.count === 2;
  });
  await hls.getByRole("button", { name: "Quality" }).click();
  await hls.getByRole("radio", { name: /^Smooth A few/ }).click();
  const moved = await until("one of two moved to HLS", 20_000, async () => {
    const now = await house();
    return now.by_way.hls === 1 && now.moved.hls === 1 && now;
  });
  assert.deepEqual([moved.by_way.webrtc, moved.viewers, moved.came, moved.peak], [1, 2, 2, 2]);
  await viewer.close();
  await until("the first left, the second is there", 10_000, async () => {
    const now = await house();
    return now.left.left === 1 && now.viewers === 1;
  });
  await panel().getByText("Left the page").waitFor();
  await viewer.context().close();
});

test("the numbers are metrics too, and name nobody", async () => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const value = (line: string) => Number(new RegExp(`^${line.replace(/[{}"]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1]);
  assert.equal(value(`palco_house_viewers{show="${slug}",way="hls"}`), 1);
  assert.equal(value(`palco_house_viewers_peak{show="${slug}"}`), 2);
  assert.equal(value(`palco_house_left_total{show="${slug}",why="left"}`), 1);
  assert.ok(value(`palco_house_join_seconds{show="${slug}",way="webrtc",quantile="0.5"}`) > 0);
  assert.ok(text.split("\n").filter((line) => line.startsWith("palco_house_")).length < 50);
});

test("kill -9 costs no more than a minute of the report", async () => {
  const came = (await house()).came;
  await server.restart("SIGKILL");
  // What was kept at the start of the show is all that is sure so early; who is back already came anew.
  const now = await until("the house is known", 60_000, () => house().catch(() => null));
  assert.ok(now.came - now.viewers <= came, `${now.came} came, of whom ${now.viewers} are here; ${came} before`);
  await until("the viewer is back by itself", 30_000, async () => (await house()).viewers >= 1);
});

test("the show ends: the report says how it went, as page and as table", async () => {
  await until("something is recorded again", 20_000, async () => (await house()).recording.state === "running");
  await api.post(`/shows/${slug}/end`);
  const over = await until("the house is empty", 5_000, async () => {
    const now = await house();
    return now.viewers === 0 && now;
  });
  assert.ok(over.left.ended >= 1, JSON.stringify(over.left));
  await desk.getByRole("link", { name: "Open the report" }).waitFor();
  await shot(desk, "desk-over");
  await desk.getByRole("link", { name: "Open the report" }).click();
  await desk.getByRole("heading", { name: "Report: The house" }).waitFor();
  await desk.getByText("Stayed to the end").waitFor();
  const chart = desk.getByRole("img", { name: "Viewers over time" });
  await chart.waitFor();
  await shot(desk, "report-desktop");
  // The same for who cannot see the drawing.
  await desk.getByText("As a table").first().click();
  await desk.getByRole("table").first().getByRole("columnheader", { name: "Smooth (HLS)" }).waitFor();
  const saved = desk.waitForEvent("download");
  await desk.getByRole("button", { name: "Download the table (CSV)" }).click();
  const table = await readFile(await (await saved).path(), "utf8");
  assert.match(table, /^title,The house\r$/m);
  assert.match(table, new RegExp(`^left_show_ended,${over.left.ended}\\r$`, "m"));
  assert.match(table, /^at,viewers_webrtc,viewers_hls,viewers_audio,watched_s,frozen_s\r\n\d{4}-/m);
});

test("the report on a phone, in Spanish, fits", async () => {
  const phone = await open(`/desk/${slug}/report#k=${server.adminToken}`, { width: 390, height: 844 }, "es-MX");
  await phone.getByRole("heading", { name: "Informe: The house" }).waitFor();
  await phone.getByRole("img", { name: "Espectadores en el tiempo" }).waitFor();
  await shot(phone, "report-phone");
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${wide} px too wide`);
  await phone.goto(`${server.url}/desk/${slug}`, { waitUntil: "domcontentloaded" });
  await phone.getByRole("button", { name: "Público" }).click();
  await phone.getByRole("link", { name: "Abrir el informe" }).waitFor();
  await shot(phone, "desk-phone");
  await phone.context().close();
});

test("the recording is downloaded from the desk, and ffprobe and Chromium play it", async (t) => {
  await desk.goto(`${server.url}/desk/${slug}`, { waitUntil: "domcontentloaded" });
  const saved = desk.waitForEvent("download");
  await desk.getByRole("button", { name: "Download the recording (MP4)" }).click();
  const file = await (await saved).path();
  assert.equal((await saved).suggestedFilename(), "house.mp4");
  const show = ["-v", "error", "-show_entries", "format=duration:stream=codec_name,width,height", "-of", "json", file];
  const { stdout, stderr } = await run("ffprobe", show);
  assert.equal(stderr.trim(), "");
  const probe = JSON.parse(stdout) as { format: { duration: string }; streams: { codec_name: string; width?: number; height?: number }[] };
  const codecs = probe.streams.map(({ codec_name: codec, width, height }) => [codec, width, height].join(" ").trim());
  assert.deepEqual(codecs, ["h264 1280 720", "aac"]);
  // What was listed for the replay is what is in the file.
  const playlist = await (await fetch(`${server.url}/hls/${slug}/720p.m3u8`)).text();
  const listed = playlist.split("#EXTINF:").slice(1).filter((it, at, all) => !(all[at - 1] ?? "").includes("EXT-X-GAP") && !it.startsWith("NaN"));
  const seconds = listed.reduce((sum, it) => sum + Number.parseFloat(it), 0);
  const duration = Number(probe.format.duration);
  t.diagnostic(`${duration} s in the file, ${seconds} s in the playlist, over a kill -9`);
  assert.ok(playlist.includes("EXT-X-DISCONTINUITY"), "the kill is in it");
  assert.ok(duration > 8 && Math.abs(duration - seconds) < 7, `${duration} s, the playlist has ${seconds}`);
  const { stderr: complaints } = await run("ffmpeg", ["-v", "error", "-xerror", "-i", file, "-f", "null", "-"]);
  assert.equal(complaints.trim(), "");
  const times = await run("ffprobe", ["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0", file]);
  const pts = times.stdout.split("\n").map((line) => Number.parseFloat(line)).filter(Number.isFinite);
  assert.ok(pts.length > 100 && pts.every((at, n) => n === 0 || at > (pts[n - 1] ?? 0)), "times only go forward");
  const whole = await readFile(file);
  const played = await playsInChromium(whole);
  assert.ok(Math.abs(played.duration - duration) < 0.5, `Chromium says ${played.duration} s`);
  assert.ok(Math.abs(played.at - duration * 0.8) < 3 && played.width === 1280, JSON.stringify(played));
  // A download that broke off goes on where it was.
  const path = `${server.url}/api/v1/shows/${slug}/recording.mp4`;
  for (const from of [7, Math.floor(whole.length / 3), whole.length - 1]) {
    const rest = await fetch(path, { headers: { authorization: `Bearer ${server.adminToken}`, range: `bytes=${from}-` } });
    assert.equal(rest.status, 206);
    assert.ok(whole.subarray(from).equals(Buffer.from(await rest.arrayBuffer())), `the rest from ${from}`);
  }
});

/** What a browser makes of the file: its length, and the picture at four fifths of it. */
async function playsInChromium(film: Buffer): Promise<{ duration: number; at: number; width: number }> {
  const page = await context.newPage();
  await page.route(`${server.url}/film.mp4`, (route) => route.fulfill({ body: film, contentType: "video/mp4" }));
  await page.goto(`${server.url}/nothing-here`);
  const played = await page.evaluate(async () => {
    // As a file: what is fetched piece by piece could not be sought in.
    const film = URL.createObjectURL(await (await fetch("/film.mp4")).blob());
    const video = Object.assign(document.createElement("video"), { muted: true, src: film });
    document.body.replaceChildren(video);
    const happens = (name: string) =>
      new Promise((done, fail) => {
        video.addEventListener(name, done, { once: true });
        video.addEventListener("error", () => fail(new Error(video.error?.message ?? "error")), { once: true });
      });
    await happens("loadeddata");
    const ready = happens("seeked");
    video.currentTime = video.duration * 0.8;
    await ready;
    await video.play();
    await happens("timeupdate");
    return { duration: video.duration, at: video.currentTime, width: video.videoWidth };
  });
  await page.close();
  return played;
}

test("nobody but the director has report and recording", async () => {
  const { token } = await api.post(`/shows/${slug}/viewer-links`, {});
  for (const path of [`/shows/${slug}/report`, `/shows/${slug}/house`, `/shows/${slug}/recording.mp4`]) {
    assert.equal((await faultOf(api.withToken(token).get(path))).code, "not_allowed", path);
    assert.equal((await faultOf(api.withToken(undefined).get(path))).code, "token_missing", path);
  }
});

test("after its days the recording is gone, the show says so, and the report stays", async () => {
  // A show of the day before yesterday, as the clock of its document says.
  const id = (await readdir(join(server.data, "shows")))[0] ?? "";
  await server.restart("SIGTERM", async () => {
    const path = join(server.data, "shows", id, "show.json");
    const document = JSON.parse(await readFile(path, "utf8")) as { record: { show: { ended_at: number } } };
    document.record.show.ended_at -= 2 * 86_400_000;
    await writeFile(path, JSON.stringify(document));
    return ["--keep-recordings-days", "1"];
  });
  await until("the recording is gone", 10_000, async () => (await house()).recording.state === "gone");
  const folder = join(server.data, "shows", id, "recording");
  await until("its files are deleted", 5_000, () => stat(folder).then(() => false, () => true));
  assert.equal((await faultOf(api.get(`/shows/${slug}/recording.mp4`))).code, "recording_gone");
  const viewer = await open(`/shows/${slug}/watch`);
  await viewer.getByText("The replay was not kept any longer.").waitFor();
  assert.equal(await viewer.getByRole("button", { name: "Watch the replay" }).count(), 0);
  assert.ok((await api.get(`/shows/${slug}/report`)).timeline.length > 0);
  assert.deepEqual(broken, [], "no page threw");
});
