// What the foyer and the till carry: the show page by wrk, completed orders by many buyers at once, and the races and
// kills of the books' own tests at full count.
import { execFile } from "node:child_process";
import { join as path } from "node:path";
import { promisify } from "node:util";
import { Server, executable, repository } from "../lib/server.ts";
import type { Measured } from "./measures.ts";
import { cpuSeconds } from "./processes.ts";

const execute = promisify(execFile);
const wide = { maxBuffer: 64 << 20 };
/** One without an end of its seats. */
const show = "reyes-del-danzon";

/** A server with a season of shows. */
async function season(): Promise<Server> {
  const server = await Server.start(["--log", "warn"]);
  await server.restart("SIGTERM", async () => {
    await execute(executable("palco"), ["demo-data", "--data", server.data, "--log", "warn"], wide);
    return [];
  });
  await execute("taskset", ["-acp", "0", String(server.pid)], wide);
  return server;
}

export async function foyer(seconds: number): Promise<Measured> {
  const server = await season();
  try {
    const before = await cpuSeconds(server.pid);
    const { stdout } = await execute("taskset", ["-c", "1", "wrk", "-t", "1", "-c", "32", "-d", `${seconds}s`, "--latency", `${server.url}/shows/${show}`], wide);
    const cpu = (await cpuSeconds(server.pid)) - before;
    const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    const [, value, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
    const p99 = Number(value) * ({ us: 0.001, ms: 1, s: 1_000 }[unit ?? "ms"] ?? 1);
    if (/Non-2xx/.test(stdout) || !requests) throw new Error(`wrk said:\n${stdout}`);
    const rate = requests / seconds;
    return {
      name: "foyer",
      what: "a show's page, server on one core, 32 connections from the other",
      bar: "≥ 2,000 requests/s, p99 ≤ 50 ms",
      met: rate >= 2_000 && p99 <= 50,
      figure: `${Math.round(rate)} requests/s, p99 ${p99.toFixed(1)} ms, ${((cpu / requests) * 1e6).toFixed(0)} µs of CPU each`,
      details: { requests, cpu, p99, stdout },
    };
  } finally {
    await server.stop();
  }
}

/** One buyer: the form, the demo's page, the ticket. */
async function buy(server: Server, kind: string, number: number): Promise<boolean> {
  const same = { "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };
  const form = new URLSearchParams({ once: `bench-${number}-${Math.random().toString(16).slice(2)}`, [`n-${kind}`]: "1", email: `buyer${number}@example.com`, provider: "demo", pay: "1" });
  const held = await fetch(`${server.url}/shows/${show}/buy`, { method: "POST", headers: same, body: form, redirect: "manual" });
  const pay = held.headers.get("location");
  await held.arrayBuffer();
  if (held.status !== 303 || !pay?.startsWith("/pay/demo/")) return false;
  const paid = await fetch(`${server.url}${pay}`, { method: "POST", headers: same, body: new URLSearchParams({ pay: "1" }), redirect: "manual" });
  await paid.arrayBuffer();
  return paid.status === 303;
}

export async function till(seconds: number): Promise<Measured> {
  const server = await season();
  try {
    const page = await (await fetch(`${server.url}/shows/${show}/buy`)).text();
    const kind = /name="n-([0-9a-f]{16})"/.exec(page)?.[1];
    if (!kind) throw new Error("no kind of ticket on the form");
    const before = await cpuSeconds(server.pid);
    const end = performance.now() + seconds * 1_000;
    let done = 0;
    let failed = 0;
    let number = 0;
    const buyer = async (): Promise<void> => {
      while (performance.now() < end) {
        number += 1;
        if (await buy(server, kind, number)) done += 1;
        else failed += 1;
      }
    };
    await Promise.all(Array.from({ length: 16 }, buyer));
    const cpu = (await cpuSeconds(server.pid)) - before;
    const rate = done / seconds;
    return {
      name: "till",
      what: "orders completed (form, demo payment, ticket) on SQLite, synchronous=FULL, 16 buyers at once",
      bar: "≥ 200 orders/s",
      met: rate >= 200 && failed === 0,
      figure: `${rate.toFixed(0)} orders/s, ${failed} refused, ${((cpu / Math.max(1, done)) * 1e3).toFixed(2)} ms of CPU each`,
      details: { done, failed, cpu },
    };
  } finally {
    await server.stop();
  }
}

/** The books' tests at the count of the bar, both databases. */
export async function books(races: number, kills: number): Promise<Measured> {
  const begun = Date.now();
  const run = (filter: string, env: Record<string, string>) =>
    execute("cargo", ["test", "--release", "--workspace", "--test", "books", "--", filter], { ...wide, cwd: repository, env: { ...process.env, ...env } });
  const results: string[] = [];
  let met = true;
  for (const [filter, env] of [
    ["two_hundred_race_for_fifty_seats", { RACES: String(races) }],
    ["without_the_lock_it_is_oversold", {}],
    ["paid_once_however_often_killed", { KILLS: String(kills) }],
    ["refunded_once_however_often_killed", { KILLS: String(kills) }],
  ] as [string, Record<string, string>][]) {
    const from = Date.now();
    const outcome = await run(filter, env).then(({ stdout }) => /test result: ok\. [2-9]\d* passed/.test(stdout), () => false);
    met &&= outcome;
    results.push(`${filter}: ${outcome ? "held" : "BROKE"} (${Math.round((Date.now() - from) / 1_000)} s)`);
  }
  return {
    name: "books",
    what: `${races} races of 200 buyers for 50 seats and the negative control, ${kills} kills at commits of payments told five times and of a cancelled show, on SQLite and PostgreSQL each`,
    bar: "0 oversold, 1 ticket, 1 ledger set, each refunded once; the control oversells",
    met,
    figure: results.join("; "),
    details: { seconds: (Date.now() - begun) / 1_000, folder: path("target", "release") },
  };
}
