// A mail server that nobody here wrote (aiosmtpd), and what it was given.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { end, repository } from "./server.ts";
import { until } from "./until.ts";

interface Part {
  type: string;
  disposition: string | null;
  name: string | null;
  text: string | null;
}

export interface Letter {
  to: string[];
  subject: string;
  text: string;
  html: string;
  /** Names of what is attached. */
  attached: string[];
}

export class Post {
  readonly letters: Letter[] = [];
  private port = 0;

  private constructor(private readonly child: ChildProcess) {
    if (!child.stdout) throw new Error("no output");
    createInterface(child.stdout).on("line", (line) => {
      if (this.port === 0) this.port = Number(line);
      else this.take(JSON.parse(line));
    });
  }

  static async start(): Promise<Post> {
    const script = join(repository, "crates/io/mail/tests/server.py");
    const child = spawn(join(repository, "target/python/bin/python"), [script, "plain"], { stdio: ["pipe", "pipe", "inherit"] });
    const post = new Post(child);
    await until("the mail server is there", 10_000, () => post.port > 0);
    return post;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  /** The first letter to this address whose subject fits, as soon as it is there. */
  async letter(to: string, subject: RegExp, millis = 15_000): Promise<Letter> {
    return until(`a letter to ${to} about ${subject}`, millis, () => this.letters.find((it) => it.to.includes(to) && subject.test(it.subject)));
  }

  async stop(): Promise<void> {
    this.child.stdin?.end();
    await end(this.child, "SIGTERM");
  }

  private take(said: { to: string[]; headers: [string, string][]; parts: Part[] }): void {
    const text = (type: string): string => said.parts.find((it) => it.type === type && it.disposition !== "attachment")?.text ?? "";
    this.letters.push({
      to: said.to,
      subject: said.headers.find(([name]) => name.toLowerCase() === "subject")?.[1] ?? "",
      text: text("text/plain"),
      html: text("text/html"),
      attached: said.parts.flatMap((it) => (it.disposition === "attachment" && it.name ? [it.name] : [])),
    });
  }
}
