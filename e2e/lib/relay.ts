// A bad network for one client: palco-netem between a browser (or a bot) and the server's media port.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { BrowserContext } from "playwright-core";
import { end, executable } from "./server.ts";

export class Relay {
  private waiting: ((line: string) => void)[] = [];

  private constructor(
    private readonly child: ChildProcess,
    /** Where a client sends what is meant for the server. */
    public port: number,
  ) {}

  /** Relays to a port of this machine; `how` as palco-netem's options, such as `--loss 0.1`. */
  static async start(to: number, how: string[] = []): Promise<Relay> {
    const args = ["--to", `127.0.0.1:${to}`, "--seed", "7", ...how];
    const child = spawn(executable("palco-netem"), args, { stdio: ["pipe", "pipe", "inherit"] });
    const relay = new Relay(child, 0);
    createInterface(child.stdout).on("line", (line) => relay.waiting.shift()?.(line));
    child.on("close", () => relay.waiting.splice(0).forEach((wake) => wake("")));
    const address = await relay.line();
    relay.port = Number(address.split(":").at(-1));
    if (!relay.port) throw new Error(`palco-netem said "${address}"`);
    return relay;
  }

  /** `loss 0.1`, `cut`, `heal` and so on; resolves when it is done. */
  async say(word: string): Promise<void> {
    const answer = this.line();
    this.child.stdin?.write(`${word}\n`);
    const said = await answer;
    if (said !== "ok") throw new Error(`palco-netem answered "${said}" to "${word}"`);
  }

  async stop(): Promise<void> {
    await end(this.child, "SIGTERM");
  }

  private line(): Promise<string> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

/** Sends all media of a context's pages to another port than the server names. */
export async function detour(context: BrowserContext, from: number, to: number): Promise<void> {
  await context.addInitScript(
    ([from, to]) => {
      const set: (is: RTCSessionDescriptionInit) => Promise<void> = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (this: RTCPeerConnection, description: RTCSessionDescriptionInit) {
        const sdp = description.sdp?.replaceAll(` ${from} typ `, ` ${to} typ `);
        return set.call(this, { type: description.type, ...(sdp === undefined ? {} : { sdp }) });
      };
    },
    [from, to] as const,
  );
}
