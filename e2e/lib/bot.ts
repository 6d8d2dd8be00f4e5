// The testkit's programs as child processes: bots that publish, watchers that look.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { end, executable } from "./server.ts";

/** A program that prints a JSON object per line. */
class Talker {
  readonly lines: Record<string, unknown>[] = [];
  readonly ended: Promise<void>;
  private waiting: (() => void)[] = [];
  private over = false;

  constructor(readonly child: ChildProcess) {
    if (!child.stdout) throw new Error("no output");
    createInterface(child.stdout).on("line", (line) => {
      this.lines.push(JSON.parse(line) as Record<string, unknown>);
      this.wake();
    });
    this.ended = new Promise((resolve) =>
      child.on("close", () => {
        this.over = true;
        this.wake();
        resolve();
      }),
    );
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake();
  }

  /** The first line with this event, as soon as it is there. */
  async event(event: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.lines.find((line) => line["event"] === event);
      if (found) return found;
      const failed = this.lines.find((line) => line["event"] === "failed");
      if (failed || this.over) throw new Error(`no ${event}: ${JSON.stringify(failed ?? this.lines)}`);
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }
}

export class Bot {
  private constructor(
    private readonly talker: Talker,
    readonly number: number,
    /** Media time zero on the machine's monotonic clock, for palco-watch. */
    readonly startedUs: number,
    /** Media time zero on the Unix clock. */
    readonly startedUnixMs: number,
    readonly loopMs: number,
    readonly tone: number,
    readonly size: { width: number; height: number },
  ) {}

  /** Publishes the media of bot `number` at a WHIP URL; resolves when media flows. */
  static async start(url: string, token: string, number: number, extra: string[] = []): Promise<Bot> {
    const args = ["--to", url, "--bot", String(number), ...extra];
    const env = { ...process.env, PALCO_TOKEN: token };
    const talker = new Talker(spawn(executable("palco-bot"), args, { stdio: ["ignore", "pipe", "inherit"], env }));
    const said = await talker.event("connected");
    const is = (key: string) => Number(said[key]);
    const size = { width: is("width"), height: is("height") };
    return new Bot(talker, number, is("started_us"), is("started_unix_ms"), is("loop_ms"), is("tone_hz"), size);
  }

  /** The last numbers it printed; once a second. */
  get stats(): Record<string, unknown> | undefined {
    return this.talker.lines.filter((line) => line["event"] === "stats").at(-1);
  }

  async stop(): Promise<void> {
    await end(this.talker.child, "SIGTERM");
  }
}

/** Watches a WHEP URL for some seconds; tiles as palco-watch takes them. */
export async function watch(url: string, seconds: number, tiles: string[], token?: string): Promise<Record<string, any>> {
  const args = ["--from", url, "--seconds", String(seconds), ...tiles.flatMap((tile) => ["--tile", tile])];
  const env = token === undefined ? process.env : { ...process.env, PALCO_TOKEN: token };
  const talker = new Talker(spawn(executable("palco-watch"), args, { stdio: ["ignore", "pipe", "inherit"], env }));
  return talker.event("summary");
}
