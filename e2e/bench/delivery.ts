// What carrying the Program costs: WebRTC fan-out, HLS beside nginx, and a house that fills.
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { setTimeout as pass } from "node:timers/promises";
import { promisify } from "node:util";
import { end, executable, freePort } from "../lib/server.ts";
import { until } from "../lib/until.ts";
import type { Measured } from "./measures.ts";
import { cpuSeconds, residentBytes } from "./processes.ts";
import { Evening, slug } from "./scenes.ts";

const execute = promisify(execFile);
const wide = { maxBuffer: 64 << 20 };
const pinned = (pid: number, core: string): Promise<unknown> => execute("taskset", ["-acp", core, String(pid)]);

export async function fanout(seconds: number): Promise<Measured> {
  const { stdout } = await execute(executable("palco-bench"), ["fanout", "--seconds", String(seconds)], wide);
  const report = JSON.parse(stdout);
  type Point = { viewers: number; core: number; viewers_per_core: number; delay_ms: { p99: number | null }; packets_lost_share: number };
  const curve: Point[] = report.curve;
  const shows: (Point & { shows: number })[] = report.curve_of_shows;
  // The largest house in which nothing got lost: beyond that, the viewers of the benchmark did not keep up.
  const whole = curve.filter((point) => point.packets_lost_share < 0.001);
  const best = whole.at(-1);
  const rows = curve.map((it) => `${it.viewers}: ${it.core.toFixed(3)} core, p99 ${it.delay_ms.p99?.toFixed(1)} ms`);
  return {
    name: "fanout",
    what: "WebRTC fan-out of 1.5 Mbit/s, server on one core, viewers on the other (kernel's receiving side included)",
    bar: "≥ 1,000 viewers per core, p99 of added delay ≤ 20 ms",
    met: (best?.viewers ?? 0) >= 1_000 && (best?.viewers_per_core ?? 0) >= 1_000 && (best?.delay_ms.p99 ?? 99) <= 20,
    figure: `${Math.round(best?.viewers_per_core ?? 0)} per core at ${best?.viewers}; ${rows.join("; ")}; ${shows[0]?.viewers} viewers of ${shows.map((it) => `${it.shows} shows: ${it.core.toFixed(3)} core`).join(", ")}`,
    details: report,
  };
}

/** Megabytes a second of CPU that `pid` serves this address with, loaded by wrk from the other core. */
async function served(pids: number[], url: string, seconds: number): Promise<{ mbPerCpuSecond: number; mbPerSecond: number; requests: number }> {
  const used = async () => (await Promise.all(pids.map(cpuSeconds))).reduce((a, b) => a + b, 0);
  const before = await used();
  const { stdout } = await execute("taskset", ["-c", "1", "wrk", "-t", "1", "-c", "32", "-d", `${seconds}s`, url], wide);
  const cpu = (await used()) - before;
  const [, requests, read, unit] = /(\d+) requests in [\d.]+s, ([\d.]+)(MB|GB)/.exec(stdout) ?? [];
  if (/Non-2xx/.test(stdout) || !requests) throw new Error(`wrk said:\n${stdout}`);
  const megabytes = Number(read) * (unit === "GB" ? 1_024 : 1);
  return { mbPerCpuSecond: megabytes / cpu, mbPerSecond: megabytes / seconds, requests: Number(requests) };
}

export async function hls(seconds: number): Promise<Measured> {
  const evening = await Evening.open(1, false);
  const folder = await mkdtemp(path(tmpdir(), "palco-nginx-"));
  const children: ReturnType<typeof spawn>[] = [];
  try {
    const base = `${evening.server.url}/hls/${slug}`;
    const segment = await until("segments", 60_000, async () => {
      const master = await fetch(`${base}/index.m3u8`).then((it) => it.text());
      const media = /^(?!#).*m3u8.*$/m.exec(master)?.[0];
      const playlist = media && (await fetch(`${base}/${media}`).then((it) => it.text()));
      const all = playlist ? [...playlist.matchAll(/^(?!#)(\S+)$/gm)].map((it) => it[1] ?? "") : [];
      return all.length > 4 && media ? new URL(all.at(-2) ?? "", `${base}/${media}`).href : null;
    });
    const bytes = Buffer.from(await (await fetch(segment)).arrayBuffer());
    await mkdir(path(folder, "www"));
    await writeFile(path(folder, "www/segment.m4s"), bytes);
    const port = await freePort();
    // As nginx is set up for such files: sendfile, open files cached, no log.
    await writeFile(
      path(folder, "nginx.conf"),
      `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error; events { worker_connections 1024; }
       http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=100;
       client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
       server { listen 127.0.0.1:${port}; root ${folder}/www; } }`,
    );
    const nginx = spawn("nginx", ["-p", folder, "-c", path(folder, "nginx.conf")], { stdio: "ignore" });
    children.push(nginx);
    const peer = `http://127.0.0.1:${port}/segment.m4s`;
    await until("nginx answers", 10_000, async () => (await fetch(peer).catch(() => undefined))?.ok);
    await pinned(nginx.pid ?? 0, "0");
    await pinned(evening.server.pid, "0");
    const idleBefore = await cpuSeconds(evening.server.pid);
    await pass(5_000);
    const idle = ((await cpuSeconds(evening.server.pid)) - idleBefore) / 5;
    const rounds = { palco: [] as number[], nginx: [] as number[] };
    const all: unknown[] = [];
    for (let round = 0; round < 3; round++) {
      const ours = await served([evening.server.pid], segment, seconds);
      const theirs = await served([nginx.pid ?? 0], peer, seconds);
      rounds.palco.push(ours.mbPerCpuSecond);
      rounds.nginx.push(theirs.mbPerCpuSecond);
      all.push({ palco: ours, nginx: theirs });
    }
    const median = (values: number[]) => [...values].sort((a, b) => a - b)[1] ?? 0;
    const [ours, theirs] = [median(rounds.palco), median(rounds.nginx)];
    return {
      name: "hls",
      what: `one live segment (${Math.round(bytes.length / 1024)} kB) over HTTP/1.1, 32 connections; Palco also runs the show (${idle.toFixed(2)} core, not taken off)`,
      bar: "bytes per CPU second ≥ nginx",
      met: ours >= theirs,
      figure: `Palco ${Math.round(ours)} MB, nginx ${Math.round(theirs)} MB per CPU second (${(ours / theirs).toFixed(2)})`,
      details: { segment_bytes: bytes.length, idle_core: idle, rounds: all },
    };
  } finally {
    for (const child of children) await end(child, "SIGTERM");
    await rm(folder, { recursive: true, force: true });
    await evening.close();
  }
}

/** `quiet`: a slate, whose Program takes little of the line, so that it is the joins that fill these cores. */
export async function house(viewers: number, seconds: number, quiet = false): Promise<Measured> {
  const evening = await Evening.open(2, false);
  try {
    if (quiet) await evening.api.put(`/shows/${slug}/scene`, { layout: "slate" });
    await pass(3_000);
    const pid = evening.server.pid;
    const empty = await residentBytes(pid);
    const args = ["rehearse", "--to", evening.server.url, "--show", slug, "--viewers", String(viewers), "--ramp", `${seconds}s`, "--for", "15s", "--json"];
    const child = spawn(executable("palco"), args, { stdio: ["ignore", "pipe", "ignore"] });
    let [said, full] = ["", 0];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    while (child.exitCode === null) {
      full = Math.max(full, await residentBytes(pid));
      await pass(500);
    }
    const report = JSON.parse(said);
    const { joins } = report.webrtc;
    const each = (full - empty) / viewers / 1024;
    return {
      name: quiet ? "doors" : "house",
      what: `${viewers} WebRTC viewers join within ${seconds} s${quiet ? " before a slate" : ""} and decrypt all they get, on the server's own two cores`,
      bar: "0 failed, first frame p95 ≤ 1.5 s, nobody inside freezes; ≤ 150 kB of memory per viewer",
      met: joins.ok === viewers && joins.time?.p95 <= 1.5 && report.webrtc.viewers_frozen === 0 && each <= 150,
      figure: `${joins.ok} joined, first frame p50 ${joins.time?.p50} s, p95 ${joins.time?.p95} s; ${report.webrtc.viewers_frozen} froze; ${Math.round(each)} kB per viewer; ${report.verdict.sentence}`,
      details: { ...report, kb_per_viewer: each },
    };
  } finally {
    await evening.close();
  }
}
