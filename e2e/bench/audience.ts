// What one machine carries and how it looks from the seat: LL-HLS, the fallback, a whole night, and half an hour.
import { execFile, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { setTimeout as pass } from "node:timers/promises";
import { promisify } from "node:util";
import type { Page } from "playwright-core";
import { Api } from "../lib/api.ts";
import { Bot } from "../lib/bot.ts";
import { openBrowser, openContext } from "../lib/browser.ts";
import { tilesOf } from "../lib/layout.ts";
import { detour, Relay } from "../lib/relay.ts";
import { openScreenEyes, screenSeen, type Seen } from "../lib/screen.ts";
import { executable, Server } from "../lib/server.ts";
import { until } from "../lib/until.ts";
import { teachFacts } from "../lib/viewer.ts";
import type { Measured } from "./measures.ts";
import { cpuSeconds, residentBytes } from "./processes.ts";
import { Evening, numbers, slug } from "./scenes.ts";

const execute = promisify(execFile);
const wide = { maxBuffer: 64 << 20 };
const median = (values: number[]): number => numbers(values).p50;

/** A bot alone on stage, and the audience's page of one viewer whose media goes through a relay. */
export class Seat {
  private constructor(
    readonly server: Server,
    readonly relay: Relay,
    readonly bot: Bot,
    readonly page: Page,
    private readonly end: () => Promise<void>,
  ) {}

  static async take(): Promise<Seat> {
    const server = await Server.start(["--log", "warn"]);
    const api = new Api(server.url, server.adminToken);
    const relay = await Relay.start(server.rtcPort);
    const browser = await openBrowser();
    await api.post("/shows", { title: "Bench", slug });
    const { performer, whip_url, whip_token } = await api.post(`/shows/${slug}/performers`, { name: "Ada" });
    const bot = await Bot.start(new URL(whip_url, server.url).href, whip_token, 0);
    await api.patch(`/shows/${slug}/performers/${performer.id}`, { role: "host" });
    await api.put(`/shows/${slug}/scene`, { layout: "solo" });
    await api.post(`/shows/${slug}/start`);
    const tile = (await tilesOf("solo", 1)).get("1");
    if (!tile) throw new Error("solo has no tile");
    const context = await openContext(browser, { width: 1280, height: 800 });
    await teachFacts(context);
    await detour(context, server.rtcPort, relay.port);
    const page = await context.newPage();
    await page.goto(`${server.url}/shows/${slug}/watch`, { waitUntil: "domcontentloaded" });
    await openScreenEyes(page, tile);
    await until("the playlist has something", 20_000, async () => (await fetch(`${server.url}/hls/${slug}/index.m3u8`)).ok);
    return new Seat(server, relay, bot, page, async () => {
      await browser.close();
      await bot.stop();
      await relay.stop();
      await server.stop();
    });
  }

  /** Milliseconds from `since` to the second picture by this way. */
  async movesBy(way: Seen["way"], since: number): Promise<number> {
    return until(`a moving picture by ${way}`, 15_000, async () => {
      const here = (await screenSeen(this.page, since)).filter((it) => it.way === way && it.strip !== null);
      const next = here.find((it) => it.strip !== here[0]?.strip);
      return next ? Math.max(1, next.at - since) : null;
    });
  }

  /** Every picture since then, once: when it came and how old it was. */
  async pictures(way: Seen["way"], since: number): Promise<{ at: number; age: number }[]> {
    const seen = (await screenSeen(this.page, since)).filter((it) => it.way === way && it.strip !== null);
    const fresh = seen.filter((it, index) => it.strip !== seen[index - 1]?.strip);
    const { startedUnixMs, loopMs } = this.bot;
    return fresh.map(({ at, strip }) => ({ at, age: (((at - startedUnixMs) % loopMs) - (strip ?? 0) + loopMs) % loopMs }));
  }

  close = (): Promise<void> => this.end();
}

/**
 * Makes this machine's TCP over the loopback like a line's: segments of an Ethernet's size, each a packet of its own (it
 * has 64 kB otherwise, and a packet lost would be forty). For connections that are made after; `close` undoes it.
 */
class TcpLine {
  private static readonly table = "palco_bench";

  static async open(): Promise<TcpLine> {
    const line = new TcpLine();
    await line.nft("add table inet TABLE");
    try {
      await line.offload("off");
      await line.nft("add chain inet TABLE segments { type filter hook output priority 0 ; }");
      await line.nft("add rule inet TABLE segments tcp flags syn tcp option maxseg size set 1460");
    } catch (error) {
      await line.close();
      throw error;
    }
    return line;
  }

  /** Loses so many of a hundred packets that come from a port. */
  async lose(port: number, percent: number): Promise<void> {
    // On the way in: what is dropped on the way out, the sender is told of.
    await this.nft("add chain inet TABLE losses { type filter hook input priority 0 ; }");
    await this.nft(`add rule inet TABLE losses tcp sport ${port} numgen random mod 100 < ${percent} drop`);
  }

  async close(): Promise<void> {
    await this.nft("delete table inet TABLE");
    await this.offload("on");
  }

  private nft(rule: string): Promise<unknown> {
    return execute("nft", rule.replace("TABLE", TcpLine.table).split(" "));
  }

  private offload(state: "on" | "off"): Promise<unknown> {
    return execute("ethtool", ["-K", "lo", "tso", state, "gso", state, "gro", state]);
  }
}

/** Standing still for longer than this is a stall; looks are 40 ms apart, pictures 33. */
const STALL_MS = 250;

function stalled(pictures: { at: number }[]): { share: number; stalls: number } {
  let [lost, stalls] = [0, 0];
  pictures.forEach(({ at }, index) => {
    const gap = at - (pictures[index - 1]?.at ?? at);
    if (gap > STALL_MS) [lost, stalls] = [lost + gap, stalls + 1];
  });
  const all = (pictures.at(-1)?.at ?? 0) - (pictures[0]?.at ?? 0);
  return { share: lost / Math.max(all, 1), stalls };
}

export async function hlsGlass(seconds: number): Promise<Measured> {
  const line = await TcpLine.open();
  let seat: Seat | undefined;
  try {
    seat = await Seat.take();
    const { relay, server } = seat;
    await relay.say("cut");
    await seat.movesBy("hls", Date.now());
    // It has caught up by then.
    await pass(10_000);
    const watch = async (seat: Seat) => {
      const since = Date.now();
      await pass(seconds * 1000);
      const pictures = await seat.pictures("hls", since);
      return { age: numbers(pictures.map((it) => it.age)), ...stalled(pictures) };
    };
    const clean = await watch(seat);
    await line.lose(Number(new URL(server.url).port), 2);
    const lossy = await watch(seat);
    const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
    return {
      name: "hls-glass",
      what: "LL-HLS glass to glass in Chromium with hls.js, then with 2 % of the packets lost",
      bar: "p95 ≤ 2.5 s; stalls ≤ 0.5 % at 2 % loss",
      met: clean.age.p95 <= 2_500 && lossy.age.p95 <= 2_500 && lossy.share <= 0.005,
      figure: `p50 ${clean.age.p50} ms, p95 ${clean.age.p95} ms, stalled ${percent(clean.share)}; with loss p50 ${lossy.age.p50} ms, p95 ${lossy.age.p95} ms, stalled ${percent(lossy.share)}`,
      details: { clean, lossy },
    };
  } finally {
    await line.close();
    await seat?.close();
  }
}

export async function fallback(rounds: number): Promise<Measured> {
  const seat = await Seat.take();
  try {
    const [down, up]: [number[], number[]] = [[], []];
    await seat.movesBy("webrtc", 0);
    for (let round = 0; round < rounds; round++) {
      // A line that falls three times a minute is not trusted for half of one.
      await pass(32_000);
      await seat.relay.say("cut");
      down.push(await seat.movesBy("hls", Date.now()));
      await pass(3_000);
      await seat.relay.say("heal");
      up.push(await seat.movesBy("webrtc", Date.now()));
    }
    const [slowest, back] = [Math.max(...down), Math.max(...up)];
    return {
      name: "fallback",
      what: `WebRTC cut → HLS picture, healed → WebRTC picture, ${rounds} times, no reload`,
      bar: "each ≤ 3 s",
      met: slowest <= 3_000 && back <= 3_000,
      figure: `to HLS ${Math.round(median(down))} ms, at most ${Math.round(slowest)}; back ${Math.round(median(up))} ms, at most ${Math.round(back)}`,
      details: { to_hls_ms: down, back_ms: up },
    };
  } finally {
    await seat.close();
  }
}

/** The server and what it started. */
async function family(server: number): Promise<number[]> {
  const { stdout } = await execute("pgrep", ["-P", String(server)]).catch(() => ({ stdout: "" }));
  return [server, ...stdout.split("\n").filter(Boolean).map(Number)];
}

async function used(pids: number[]): Promise<number> {
  return (await Promise.all(pids.map(cpuSeconds))).reduce((a, b) => a + b, 0);
}

export async function night(viewers: number, hls: number, seconds: number): Promise<Measured> {
  const evening = await Evening.open(4, false);
  try {
    const { stdout: film } = await execute(executable("palco-bot"), ["--file", "--bot", "5"]);
    const clip = await evening.api.post(`/shows/${slug}/clips?name=reel.mkv`, await readFile(film.trim()));
    await evening.api.post(`/shows/${slug}/clips/${clip.id}/play`, { looped: true });
    await evening.api.put(`/shows/${slug}/scene`, { layout: "clip_with_hosts" });
    const ramp = 15;
    const crowd = ["--viewers", String(viewers), "--hls", String(hls), "--ramp", `${ramp}s`, "--for", `${seconds + 10}s`, "--json"];
    const rehearsal = execute(executable("palco"), ["rehearse", "--to", evening.server.url, "--show", slug, ...crowd], wide).catch(
      // It did not hold: the report says in what.
      (error: { stdout: string }) => error,
    );
    await pass((ramp + 5) * 1000);
    const pids = await family(evening.server.pid);
    const [before, mixerBefore] = [await used(pids), await used(pids.slice(1))];
    const began = performance.now();
    await pass(seconds * 1000);
    const wall = (performance.now() - began) / 1000;
    const [cores, mixer] = [((await used(pids)) - before) / wall, ((await used(pids.slice(1))) - mixerBefore) / wall];
    const { recording } = await evening.api.get(`/shows/${slug}/house`);
    const report = JSON.parse((await rehearsal).stdout);
    const [rtc, lines] = [report.webrtc, report.hls];
    const all = rtc.joins.ok === viewers && lines.joins.ok === hls && recording.state === "running";
    return {
      name: "night",
      what: `the deck's night: 4 hosts, a clip, ${viewers} viewers by WebRTC, ${hls} by LL-HLS, recording; load and bots on the same two cores`,
      bar: "≤ 1 core in all",
      met: cores <= 1 && all,
      figure: `${cores.toFixed(2)} core (mixer ${mixer.toFixed(2)}); ${rtc.joins.ok} + ${lines.joins.ok} joined, frozen ${(100 * rtc.frozen_share).toFixed(2)} %, stalled ${(100 * lines.stalled_share).toFixed(2)} %, recording ${recording.state}`,
      details: { cores, mixer, recording, report },
    };
  } finally {
    await evening.close();
  }
}

/** Growth per hour as a share of the first value, by least squares. */
function slope(points: { at: number; value: number }[]): number {
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [at, value] = [mean(points.map((it) => it.at)), mean(points.map((it) => it.value))];
  const above = points.reduce((sum, it) => sum + (it.at - at) * (it.value - value), 0);
  const below = points.reduce((sum, it) => sum + (it.at - at) ** 2, 0);
  return (3_600 * above) / Math.max(below, 1e-9) / (points[0]?.value ?? 1);
}

export async function soak(minutes: number): Promise<Measured> {
  const evening = await Evening.open(3, false);
  try {
    const watch = async () => {
      const tiles = (await evening.expected()).flatMap(({ tile }, index) => [
        "--tile",
        [tile.x, tile.y, tile.width, tile.height].map(Math.round).concat(index, evening.bots[index]?.startedUs ?? 0).join(","),
      ]);
      const args = ["--from", `${evening.server.url}/whep/${slug}`, "--token", evening.server.adminToken, "--seconds", "60", ...tiles];
      const { stdout } = await execute(executable("palco-watch"), args, wide);
      const summary = JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}");
      type Tile = { latency_ms: { p50: number }; av_ms: { p50: number } };
      return { delay: summary.tiles.map((it: Tile) => it.latency_ms.p50), sync: summary.tiles.map((it: Tile) => it.av_ms.p50) };
    };
    const crowd = ["--viewers", "20", "--hls", "20", "--ramp", "5s", "--for", `${minutes * 60 + 90}s`, "--json"];
    const child = spawn(executable("palco"), ["rehearse", "--to", evening.server.url, "--show", slug, ...crowd], { stdio: "ignore" });
    await pass(30_000);
    const first = await watch();
    const pids = await family(evening.server.pid);
    const memory: Record<string, { at: number; value: number }[]> = { server: [], mixer: [] };
    const began = performance.now();
    while (performance.now() - began < (minutes - 1) * 60_000) {
      const at = (performance.now() - began) / 1000;
      for (const [name, pid] of [["server", pids[0]], ["mixer", pids[1]]] as const) memory[name]?.push({ at, value: await residentBytes(pid ?? 0) });
      await pass(5_000);
    }
    const last = await watch();
    child.kill("SIGINT");
    // What is filled once (histories, playlists) is full after five minutes.
    const settled = (name: string) => slope(memory[name]?.filter((it) => it.at > Math.min(300, minutes * 20)) ?? []);
    const growth = { server: settled("server"), mixer: settled("mixer") };
    const grown = (kind: "delay" | "sync") => Math.max(...first[kind].map((before: number, index: number) => Math.abs((last[kind][index] ?? 0) - before)));
    const [delay, sync] = [grown("delay"), grown("sync")];
    const megabytes = (name: string) => `${Math.round((memory[name]?.[0]?.value ?? 0) / 1e6)} → ${Math.round((memory[name]?.at(-1)?.value ?? 0) / 1e6)} MB`;
    return {
      name: "soak",
      what: `${minutes} minutes: 3 hosts, 20 viewers by WebRTC, 20 by LL-HLS, recording`,
      bar: "memory grows < 1 % an hour; delay and A/V sync do not grow",
      met: growth.server < 0.01 && growth.mixer < 0.01 && delay <= 40 && sync <= 20,
      figure: `server ${megabytes("server")} (${(100 * growth.server).toFixed(2)} %/h), mixer ${megabytes("mixer")} (${(100 * growth.mixer).toFixed(2)} %/h); delay changed by ${delay.toFixed(0)} ms, sync by ${sync.toFixed(0)} ms`,
      details: { growth_per_hour: growth, first, last, memory },
    };
  } finally {
    await evening.close();
  }
}
