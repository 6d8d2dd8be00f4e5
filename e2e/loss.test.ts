// A viewer on a bad line: every tenth packet is lost, both ways. The benchmark measures how little
// that shows; here it must not end the session or the picture.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { Api } from "./lib/api.ts";
import { Bot } from "./lib/bot.ts";
import { openBrowser, openContext } from "./lib/browser.ts";
import { tilesOf } from "./lib/layout.ts";
import { detour, Relay } from "./lib/relay.ts";
import { Server } from "./lib/server.ts";
import { teachFacts, Viewer, type Expected } from "./lib/viewer.ts";

const slug = "storm";
let server: Server;
let api: Api;
let browser: Browser;
let relay: Relay;
let viewer: Viewer;
const bots: Bot[] = [];
const tiles: Expected[] = [];

before(async () => {
  server = await Server.start();
  api = new Api(server.url, server.adminToken);
  relay = await Relay.start(server.rtcPort);
  browser = await openBrowser();
  await api.post("/shows", { title: "Storm", slug });
  const grid = [...(await tilesOf("grid", 2)).values()];
  for (const [number, name] of ["Ada", "Ben"].entries()) {
    const { performer, whip_url, whip_token } = await api.post(`/shows/${slug}/performers`, { name });
    const bot = await Bot.start(new URL(whip_url, server.url).href, whip_token, number);
    bots.push(bot);
    await api.patch(`/shows/${slug}/performers/${performer.id}`, { role: "host" });
    const tile = grid[number];
    assert.ok(tile);
    tiles.push({ who: name, tile, tone: bot.tone });
  }
  await api.put(`/shows/${slug}/scene`, { layout: "grid" });
  await api.post(`/shows/${slug}/start`);
  const context = await openContext(browser, { width: 640, height: 480 });
  await teachFacts(context);
  await detour(context, server.rtcPort, relay.port);
  viewer = await Viewer.open(context, `${server.url}/shows/${slug}/watch`);
});

after(async () => {
  await browser?.close();
  for (const bot of bots) await bot.stop();
  await relay?.stop();
  await server?.stop();
});

test("with every tenth packet lost the session stays and pictures go on", async (t) => {
  await viewer.seesMoving(tiles, 20_000);
  await viewer.markConnection();
  const opened = await viewer.opened();
  const before = await viewer.videoStats();
  await relay.say("loss 0.1");
  const began = performance.now();
  const seen = await viewer.watch(tiles, 40_000, "15 seconds in the storm", (so) => {
    const first = so.pictures[0]?.at ?? Number.POSITIVE_INFINITY;
    return (so.pictures.at(-1)?.at ?? 0) - first > 15_000;
  });
  const lasted = performance.now() - began;
  const now = await viewer.videoStats();
  const grown = (name: string): number => (now[name] ?? 0) - (before[name] ?? 0);

  assert.ok(grown("retransmittedPacketsReceived") > 20 || grown("packetsLost") > 20, "packets really were lost");
  assert.ok(await viewer.sameConnection());
  assert.equal(await viewer.opened(), opened);
  const frozen = (grown("totalFreezesDuration") * 1_000) / lasted;
  const gaps = still(seen.pictures.map(({ at, strips }) => ({ at, strip: strips[0] ?? null })));
  t.diagnostic(
    `frozen ${(frozen * 100).toFixed(1)} % of ${Math.round(lasted / 1_000)} s by WebRTC's count, ` +
      `${((gaps / lasted) * 100).toFixed(1)} % by the strips; ` +
      `${grown("packetsLost")} packets lost for good, ${grown("retransmittedPacketsReceived")} sent again, ${grown("pliCount")} key frames asked`,
  );
  // WebRTC counts each picture that came 150 ms late as frozen from the one before; people see the strips.
  assert.ok(gaps / lasted < 0.1, `no new strip for ${((gaps / lasted) * 100).toFixed(1)} % of the time`);
  assert.ok(frozen < 0.5, `frozen for ${(frozen * 100).toFixed(1)} % of the time`);
});

/** Milliseconds beyond 200 in which no new strip came. */
function still(pictures: { at: number; strip: number | null }[]): number {
  let [sum, last, since]: [number, number | null, number | undefined] = [0, null, undefined];
  for (const { at, strip } of pictures) {
    if (strip === null || strip === last) continue;
    if (since !== undefined && at - since > 200) sum += at - since - 200;
    [last, since] = [strip, at];
  }
  return sum;
}

test("a line that is cut and heals: another way meanwhile, then the same picture by itself", async () => {
  await relay.say("loss 0");
  await relay.say("cut");
  await viewer.page.getByText(/^Smooth, \d+ s behind$/).waitFor({ timeout: 15_000 });
  await relay.say("heal");
  await viewer.page.getByText("Real time", { exact: true }).waitFor({ timeout: 15_000 });
  await viewer.seesMoving(tiles, 15_000);
  await viewer.page.getByText("The picture will be back in a moment").waitFor({ state: "detached" });
});
