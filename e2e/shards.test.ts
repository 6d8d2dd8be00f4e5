// A machine with more cores: viewers are spread over the shards, and none of them notices.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { Api } from "./lib/api.ts";
import { Bot } from "./lib/bot.ts";
import { openBrowser, openContext } from "./lib/browser.ts";
import { tilesOf } from "./lib/layout.ts";
import { Server, executable } from "./lib/server.ts";
import { until } from "./lib/until.ts";
import { Viewer, teachFacts, type Expected } from "./lib/viewer.ts";

const slug = "shards";
let server: Server, api: Api, bot: Bot, browser: Browser, expected: Expected[];

before(async () => {
  server = await Server.start([], 2);
  api = new Api(server.url, server.adminToken);
  await api.post("/shows", { title: "Two shards", slug });
  const made = await api.post(`/shows/${slug}/performers`, { name: "Ada" });
  bot = await Bot.start(new URL(made.whip_url, server.url).href, made.whip_token, 0);
  await until("Ada publishes", 20_000, async () => (await api.get(`/shows/${slug}/state`)).performers[0]?.video);
  await api.patch(`/shows/${slug}/performers/${made.performer.id}`, { role: "host" });
  await api.put(`/shows/${slug}/scene`, { layout: "solo" });
  await api.post(`/shows/${slug}/start`);
  const tile = (await tilesOf("solo", 1)).get("1");
  assert.ok(tile);
  expected = [{ who: "Ada", tile, tone: bot.tone }];
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await bot?.stop();
  await server?.stop();
});

/** Sessions of each shard; the performer's is on the first. */
async function sessions(): Promise<number[]> {
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.adminToken}` } });
  const found = (await response.text()).matchAll(/^palco_rtc_shard_sessions\{shard="(\d+)"\} (\d+)$/gm);
  const counts: number[] = [];
  for (const [, shard, count] of found) counts[Number(shard)] = Number(count);
  return counts;
}

test("the second port is one above the first, and both are told in the log", () => {
  assert.ok(server.log.join("").includes(`127.0.0.1:${server.rtcPort}, 127.0.0.1:${server.rtcPort + 1}`), server.log.join(""));
});

test("browsers on either shard see the same performer move", async () => {
  assert.deepEqual(await sessions(), [1, 0]);
  const viewers: Viewer[] = [];
  for (const count of [[1, 1], [2, 1], [2, 2]]) {
    const context = await openContext(browser);
    await teachFacts(context);
    const viewer = await Viewer.open(context, `${server.url}/shows/${slug}/watch`);
    await viewer.size();
    viewers.push(viewer);
    assert.deepEqual(await sessions(), count);
  }
  for (const viewer of viewers.slice(0, 2)) await viewer.seesMoving(expected);
  // Who leaves makes room on their own shard.
  await viewers[0]?.page.goto("about:blank");
  await until("the viewer of the second shard has left", 10_000, async () => String(await sessions()) === "2,1");
  for (const viewer of viewers.slice(1)) await viewer.page.goto("about:blank");
  await until("everybody has left", 10_000, async () => String(await sessions()) === "1,0");
});

test("twenty rehearsed viewers are spread evenly, decrypt all they get, and go when the show ends", async () => {
  const args = ["rehearse", "--to", server.url, "--show", slug, "--viewers", "20", "--ramp", "2s", "--for", "6s", "--json"];
  const rehearsal = promisify(execFile)(executable("palco"), args, { maxBuffer: 16 << 20 });
  await until("all are in", 20_000, async () => {
    const [first = 0, second = 0] = await sessions();
    return first + second === 21 && Math.abs(first - second) <= 1;
  });
  const report = JSON.parse((await rehearsal).stdout);
  assert.equal(report.webrtc.joins.ok, 20);
  assert.equal(report.webrtc.dropped + report.webrtc.lost, 0, JSON.stringify(report.webrtc));
  assert.ok(report.webrtc.packets > 20 * 100, JSON.stringify(report.webrtc));
  await api.post(`/shows/${slug}/end`);
  await until("nobody is left but the performer", 15_000, async () => (await sessions()).slice(1).every((it) => it === 0));
});
