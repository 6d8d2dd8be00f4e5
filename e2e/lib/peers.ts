// Programs beside the browser: aiortc, our bots, ffmpeg.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { end, executable, repository } from "./server.ts";

/** Runs a program to its end; its standard output is JSON. */
export async function run(program: string, args: string[], env: Record<string, string> = {}): Promise<any> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}:\n${err}`);
  return JSON.parse(out.trim().split("\n").at(-1) ?? "null");
}

/** A WebRTC client that nobody here wrote; see peers/peer.py. */
export function aiortc(...args: string[]): Promise<any> {
  return run(join(repository, "target/python/bin/python"), [join(repository, "e2e/peers/peer.py"), ...args]);
}

/** A program of ours that runs until it is stopped and prints JSON lines. */
export class Running {
  readonly lines: any[] = [];
  private waiting: (() => void)[] = [];
  private errors = "";

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
  ) {
    let rest = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const pieces = (rest + text).split("\n");
      rest = pieces.pop() ?? "";
      for (const piece of pieces) if (piece.startsWith("{")) this.lines.push(JSON.parse(piece));
      this.wake();
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
      if (process.env["E2E_LOG"]) process.stderr.write(text);
    });
    child.on("close", () => this.wake());
  }

  static start(name: string, args: string[], env: Record<string, string> = {}): Running {
    const child = spawn(executable(name), args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", ...env },
    });
    return new Running(name, child);
  }

  /** Writes a command to its standard input. */
  say(command: string): void {
    this.child.stdin?.write(`${command}\n`);
  }

  /** The first line, now or later, that `such` picks. */
  async line(such: (line: any) => boolean, millis = 20_000): Promise<any> {
    const deadline = performance.now() + millis;
    for (;;) {
      const found = this.lines.find(such);
      if (found !== undefined) return found;
      if (this.child.exitCode !== null) {
        throw new Error(`${this.name} ended with ${this.child.exitCode}:\n${this.errors}`);
      }
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${this.name} did not say it within ${millis} ms:\n${this.errors}`);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }

  /** Waits until it ends by itself; gives all it printed. */
  async ended(): Promise<any[]> {
    if (this.child.exitCode === null) await once(this.child, "close");
    if (this.child.exitCode !== 0) throw new Error(`${this.name} ended with ${this.child.exitCode}:\n${this.errors}`);
    return this.lines;
  }

  /** Stops it for a while, kills it, and so on. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<void> {
    await end(this.child, "SIGTERM");
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
