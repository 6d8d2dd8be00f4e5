// Starts a real `palco serve` on free ports with a folder of its own, and ends it.
import { spawn, type ChildProcess } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { until } from "./until.ts";

export const repository = resolve(new URL("../..", import.meta.url).pathname);
const profile = process.env["E2E_PROFILE"] ?? "debug";

/** The path of one of our executables. */
export function executable(name: string): string {
  return join(repository, "target", profile, name);
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A UDP port that was free a moment ago, and so were the others above it, `count` in all. */
export async function freeUdpPort(count = 1): Promise<number> {
  for (;;) {
    const sockets = [createSocket("udp4")];
    try {
      const first = await bound(sockets[0]!, 0);
      while (sockets.length < count) {
        const next = createSocket("udp4");
        sockets.push(next);
        await bound(next, first + sockets.length - 1);
      }
      return first;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    } finally {
      for (const socket of sockets) socket.close();
    }
  }
}

async function bound(socket: Socket, port: number): Promise<number> {
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}

export class Server {
  private constructor(
    readonly url: string,
    readonly rtcPort: number,
    readonly data: string,
    readonly adminToken: string,
    private child: ChildProcess,
    private readonly args: string[],
    readonly log: string[],
  ) {}

  /**
   * With the large picture for everybody, whatever this machine is busy with: strips are read in it; and with one shard,
   * however many cores it has. `extra` may say otherwise. `softFiles`: how many files a process may open here that does
   * not ask for more.
   */
  static async start(extra: string[] = [], shards = 1, softFiles?: number): Promise<Server> {
    const data = await mkdtemp(join(tmpdir(), "palco-e2e-"));
    const port = await freePort();
    const rtcPort = await freeUdpPort(shards);
    const doors = ["--listen", `127.0.0.1:${port}`, "--rtc", `127.0.0.1:${rtcPort}`, "--rtc-shards", `${shards}`];
    const args = ["serve", "--data", data, ...doors, ...extra];
    if (!extra.includes("--follow-bandwidth")) args.push("--follow-bandwidth", "false");
    const log: string[] = [];
    const child = launch(args, log, softFiles === undefined ? [] : ["prlimit", `--nofile=${softFiles}:`]);
    const url = `http://127.0.0.1:${port}`;
    await ready(url, child, log);
    const adminToken = (await readFile(join(data, "admin.token"), "utf8")).trim();
    return new Server(url, rtcPort, data, adminToken, child, args, log);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error("the server has no process");
    return this.child.pid;
  }

  /**
   * Ends the process as `signal` says and starts another on the same folder and ports; `between` may change the folder
   * and gives what else to say on the command line.
   */
  async restart(signal: NodeJS.Signals, between?: () => Promise<string[]>): Promise<void> {
    await end(this.child, signal);
    if (between) this.args.push(...(await between()));
    this.child = launch(this.args, this.log);
    await ready(this.url, this.child, this.log);
  }

  async stop(): Promise<void> {
    await end(this.child, "SIGTERM");
    await rm(this.data, { recursive: true, force: true });
  }
}

function launch(args: string[], log: string[], under: string[] = []): ChildProcess {
  const env = { ...process.env, NO_COLOR: "1" };
  const [program = "", ...rest] = [...under, executable("palco"), ...args];
  const child = spawn(program, rest, { stdio: ["ignore", "pipe", "pipe"], env });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log.push(text);
      if (process.env["E2E_LOG"]) process.stderr.write(text);
    });
  }
  return child;
}

async function ready(url: string, child: ChildProcess, log: string[]): Promise<void> {
  await until("the server is ready", 30_000, async () => {
    if (child.exitCode !== null) throw new Error(`palco ended with ${child.exitCode}:\n${log.join("")}`);
    // Node may take up a connection of the server that was killed, and wait on it for ever.
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    return response?.ok;
  });
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  const exited = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await exited;
  clearTimeout(timer);
}
