// `./dev bench [name…] [--quick]`: measures, prints a table, keeps it under benches/results.
import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { join as path } from "node:path";
import { repository } from "../lib/server.ts";
import { books, foyer, till } from "./boxoffice.ts";
import { fallback, hlsGlass, night, soak } from "./audience.ts";
import { fanout, hls, house } from "./delivery.ts";
import { avSync, forwarded, glass, join, loss, mix, type Measured } from "./measures.ts";

const quick = process.argv.includes("--quick");
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const all: Record<string, () => Promise<Measured>> = {
  mix: () => mix(quick ? 10 : 30),
  glass: () => glass(quick ? 10 : 60),
  forwarded: () => forwarded(quick ? 10 : 60),
  join: () => join(quick ? 5 : 30),
  sync: () => avSync(quick ? 120 : 600),
  loss: () => loss(quick ? 20 : 120),
  fanout: () => fanout(quick ? 4 : 10),
  hls: () => hls(quick ? 3 : 8),
  house: () => (quick ? house(50, 5) : house(300, 6)),
  doors: () => (quick ? house(100, 5, true) : house(1_000, 20, true)),
  night: () => (quick ? night(50, 50, 15) : night(250, 250, 60)),
  "hls-glass": () => hlsGlass(quick ? 15 : 60),
  fallback: () => fallback(quick ? 2 : 5),
  foyer: () => foyer(quick ? 3 : 10),
  till: () => till(quick ? 3 : 10),
  books: () => (quick ? books(20, 100) : books(10_000, 1_000)),
  soak: () => soak(quick ? 3 : 30),
};
for (const name of wanted) {
  if (!(name in all)) throw new Error(`there is no benchmark "${name}"; there are: ${Object.keys(all).join(", ")}`);
}

const commit = execFileSync("git", ["-C", repository, "rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
const machine = {
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory_gb: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  profile: process.env["E2E_PROFILE"] ?? "debug",
};
const date = new Date().toISOString();
const results: Measured[] = [];
for (const [name, measure] of Object.entries(all)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`measuring ${name}…\n`);
  // One that breaks does not take the others' figures with it.
  const broke = (error: unknown): Measured => ({ name, what: name, bar: "measured", met: false, figure: `broke: ${String(error)}`, details: {} });
  const measured = await measure().catch(broke);
  results.push(measured);
  process.stderr.write(`  ${measured.met ? "met   " : "MISSED"} ${measured.figure}\n`);
}

const table = [
  `# ${date.slice(0, 10)}, commit ${commit}`,
  "",
  `\`./dev bench ${process.argv.slice(2).join(" ")}\` on ${machine.cores} × ${machine.cpu}, ${machine.memory_gb} GB, Linux ${machine.kernel}, profile ${machine.profile}.`,
  "Server, mixer, bots, the host's and the viewer's browser share these cores.",
  "",
  "| what | bar | measured | |",
  "|---|---|---|---|",
  ...results.map(({ what, bar, figure, met }) => `| ${what} | ${bar} | ${figure} | ${met ? "met" : "**missed**"} |`),
  "",
].join("\n");
const folder = path(repository, "benches/results");
await mkdir(folder, { recursive: true });
const file = path(folder, `${date.slice(0, 16).replace(/[T:]/g, "-")}${wanted.length > 0 ? `-${wanted.join("-")}` : ""}`);
await writeFile(`${file}.md`, table);
await writeFile(`${file}.json`, `${JSON.stringify({ date, commit, machine, results }, null, 2)}\n`);
process.stdout.write(`${table}\n${file}.md\n`);
