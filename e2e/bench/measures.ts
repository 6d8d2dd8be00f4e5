// One function per number of the issue. Each gives what it measured, the bar, and whether it is met.
import { execFile } from "node:child_process";
import { setTimeout as pass } from "node:timers/promises";
import { promisify } from "node:util";
import { latencies, sync, type Sightings } from "../lib/flashbeep.ts";
import { detour, Relay } from "../lib/relay.ts";
import { executable } from "../lib/server.ts";
import { Viewer, teachFacts } from "../lib/viewer.ts";
import { openContext } from "../lib/browser.ts";
import { Evening, numbers, slug } from "./scenes.ts";

export interface Measured {
  name: string;
  what: string;
  bar: string;
  met: boolean;
  figure: string;
  details: Record<string, unknown>;
}

const execute = promisify(execFile);

/** Watches for so many seconds. */
async function watchFor(viewer: Viewer, seconds: number, expected: Awaited<ReturnType<Evening["expected"]>>): Promise<Sightings> {
  await viewer.size(20_000);
  await viewer.startWatching(expected);
  await pass(seconds * 1000);
  return viewer.stopWatching();
}

export async function mix(seconds: number): Promise<Measured> {
  const files: string[] = [];
  for (const bot of ["0", "1", "2", "3"]) {
    files.push((await execute(executable("palco-bot"), ["--file", "--bot", bot])).stdout.trim());
  }
  const { stdout } = await execute(executable("palco-bench"), ["mix", "--seconds", String(seconds), ...files]);
  const report = JSON.parse(stdout);
  const { cores } = report.palco;
  const peers = Object.entries<number>(report.ffmpeg_offline_cores).map(([preset, peer]) => `${preset} ${peer.toFixed(3)}`);
  return {
    name: "mix",
    what: "mix 4 × 640x360p30 H.264 → 1280x720p30 H.264 + Opus, live",
    bar: "≤ 0.5 core",
    met: cores <= 0.5 && report.palco.pictures_per_second > 29.5,
    figure: `${cores.toFixed(3)} core, ${report.palco.pictures_per_second.toFixed(1)} pictures/s (ffmpeg offline: ${peers.join(", ")})`,
    details: report,
  };
}

export async function glass(seconds: number): Promise<Measured> {
  const evening = await Evening.open(3, true);
  try {
    const viewer = await Viewer.open(await evening.audience(), evening.watchUrl);
    const seen = await watchFor(viewer, seconds, await evening.expected());
    const delay = numbers(latencies(seen, 0));
    const spent = { viewer: await waits(viewer), mixer_held_s: await metric(evening, "palco_mixer_held_seconds") };
    return {
      name: "glass",
      what: "glass to glass through the mix (host page → viewer page, loopback)",
      bar: "p50 ≤ 250 ms, p95 ≤ 350 ms",
      met: delay.p50 <= 250 && delay.p95 <= 350,
      figure: `p50 ${delay.p50} ms, p95 ${delay.p95} ms`,
      details: { delay_ms: delay, spent },
    };
  } finally {
    await evening.close();
  }
}

/** Where a viewer's browser spends its time, ms per picture and per packet of sound. */
async function waits(viewer: Viewer): Promise<Record<string, number>> {
  const [video, audio] = [await viewer.videoStats(), await viewer.videoStats("audio")];
  const mean = (sum?: number, count?: number) => Math.round((1e4 * (sum ?? 0)) / Math.max(count ?? 0, 1)) / 10;
  return {
    picture_waits_ms: mean(video["jitterBufferDelay"], video["jitterBufferEmittedCount"]),
    picture_least_ms: mean(video["jitterBufferMinimumDelay"], video["jitterBufferEmittedCount"]),
    picture_decodes_ms: mean(video["totalDecodeTime"], video["framesDecoded"]),
    sound_waits_ms: mean(audio["jitterBufferDelay"], audio["jitterBufferEmittedCount"]),
    sound_least_ms: mean(audio["jitterBufferMinimumDelay"], audio["jitterBufferEmittedCount"]),
  };
}

async function metric(evening: Evening, name: string): Promise<number | undefined> {
  const text = await (await fetch(`${evening.server.url}/metrics`, { headers: { authorization: `Bearer ${evening.server.adminToken}` } })).text();
  const line = text.split("\n").find((it) => it.startsWith(`${name}{`) || it.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.split(" ").pop());
}

export async function forwarded(seconds: number): Promise<Measured> {
  const evening = await Evening.open(1, true);
  try {
    const context = await evening.audience();
    const path = `/whep/${slug}?performer=${evening.hostId}`;
    const viewer = await Viewer.play(context, evening.server.url, path, evening.server.adminToken);
    const size = { width: 640, height: 360 };
    await viewer.size(20_000);
    const tile = { x: 0, y: 0, ...size };
    await viewer.startWatching([{ who: "host", tile, tone: 2_500 }]);
    await pass(seconds * 1000);
    const delay = numbers(latencies(await viewer.stopWatching(), 0));
    return {
      name: "forwarded",
      what: "host to host, forwarded",
      bar: "p50 ≤ 150 ms",
      met: delay.p50 <= 150,
      figure: `p50 ${delay.p50} ms, p95 ${delay.p95} ms`,
      details: { delay_ms: delay },
    };
  } finally {
    await evening.close();
  }
}

export async function join(times: number): Promise<Measured> {
  const evening = await Evening.open(3, false);
  try {
    const joins: number[] = [];
    for (let time = 0; time < times; time++) {
      const context = await evening.audience();
      const page = await context.newPage();
      await page.goto(evening.watchUrl);
      const facts = await page.waitForFunction(() => {
        const facts = (window as unknown as { palco?: { firstFrameMs: number | null } }).palco;
        const video = document.querySelector("video");
        return facts?.firstFrameMs && video && video.videoWidth > 0 ? facts.firstFrameMs : false;
      });
      // `performance.now()` in a page counts from the navigation: the click.
      joins.push(Number(await facts.jsonValue()));
      await context.close();
    }
    const took = numbers(joins);
    return {
      name: "join",
      what: "click to first frame, WebRTC (navigation to first picture, cold page each time)",
      bar: "p95 ≤ 1 s",
      met: took.p95 <= 1000,
      figure: `p50 ${took.p50} ms, p95 ${took.p95} ms`,
      details: { first_frame_ms: took, all: joins },
    };
  } finally {
    await evening.close();
  }
}

/** What the Program itself says, without a browser: flash and beep of each tile on the RTP clocks, aligned by sender reports. */
async function programSync(evening: Evening, seconds: number): Promise<{ count: number; p05: number; p50: number; p95: number }[]> {
  const tiles = (await evening.expected()).flatMap(({ tile }, bot) => ["--tile", [tile.x, tile.y, tile.width, tile.height].map(Math.round).concat(bot).join(",")]);
  const from = `${evening.server.url}/whep/${slug}`;
  const args = ["--from", from, "--token", evening.server.adminToken, "--seconds", String(seconds), ...tiles];
  const { stdout } = await execute(executable("palco-watch"), args, { maxBuffer: 64 << 20 });
  const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
  if (!summary.aligned) throw new Error("no sender reports came");
  return summary.tiles.map((tile: { av_ms: unknown }) => tile.av_ms);
}

export async function avSync(seconds: number): Promise<Measured> {
  const evening = await Evening.open(3, false);
  try {
    const viewer = await Viewer.open(await evening.audience(), evening.watchUrl);
    const expected = await evening.expected();
    const whole = programSync(evening, seconds);
    const early = await watchFor(viewer, 60, expected);
    await pass(Math.max(seconds - 120, 0) * 1000);
    const last = programSync(evening, 58);
    const late = await watchFor(viewer, 60, expected);
    const offsets = (seen: Sightings) => expected.flatMap((_, index) => sync(seen, index));
    const inPage = (seen: Sightings) => {
      const values = offsets(seen).sort((a, b) => a - b);
      const at = (part: number) => Math.round((values[Math.floor(part * (values.length - 1))] ?? Number.NaN) * 10) / 10;
      return { count: values.length, p05: at(0.05), p50: at(0.5), p95: at(0.95) };
    };
    const [all, end] = [await whole, await last];
    const range = (tiles: typeof all) => `${Math.min(...tiles.map((it) => it.p05))}…${Math.max(...tiles.map((it) => it.p95))} ms`;
    const pages = { start: inPage(early), end: inPage(late) };
    return {
      name: "sync",
      what: `A/V sync in the Program (sound early +, late −), every tile over ${seconds} s, and the last minute for who joins then`,
      bar: "p95 within +40/−60 ms",
      met: [...all, ...end].every((it) => it.p95 <= 40 && it.p05 >= -60),
      figure: `${range(all)}, last minute ${range(end)}; median in a Chromium page, at its Web Audio (its device adds 30 ms): ${pages.start.p50} ms in the first minute, ${pages.end.p50} ms in the last`,
      details: { tiles_ms: all, tiles_last_minute_ms: end, page_ms: pages },
    };
  } finally {
    await evening.close();
  }
}

export async function loss(seconds: number): Promise<Measured> {
  const evening = await Evening.open(3, false);
  const relay = await Relay.start(evening.server.rtcPort, ["--loss", "0.1", "--delay", "20ms"]);
  try {
    const context = await openContext(evening.browser);
    await teachFacts(context);
    await detour(context, evening.server.rtcPort, relay.port);
    const viewer = await Viewer.open(context, evening.watchUrl);
    await viewer.size(30_000);
    const before = await viewer.videoStats();
    const opened = await viewer.opened();
    await pass(seconds * 1000);
    const stats = await viewer.videoStats();
    const frozen = (stats["totalFreezesDuration"] ?? 0) - (before["totalFreezesDuration"] ?? 0);
    const frames = (stats["framesDecoded"] ?? 0) - (before["framesDecoded"] ?? 0);
    const sessionsLost = (await viewer.opened()) - opened;
    const share = (frozen / seconds) * 100;
    return {
      name: "loss",
      what: "10 % random loss on the viewer's link, both ways, 20 ms delay",
      bar: "freeze ≤ 1 % of time, no session lost",
      met: share <= 1 && sessionsLost === 0,
      figure: `freeze ${share.toFixed(2)} % of ${seconds} s, ${(frames / seconds).toFixed(1)} pictures/s, ${sessionsLost} sessions lost`,
      details: { freeze_s: frozen, freezes: stats["freezeCount"], nacks: stats["nackCount"], plis: stats["pliCount"], frames, sessionsLost },
    };
  } finally {
    await relay.stop();
    await evening.close();
  }
}
