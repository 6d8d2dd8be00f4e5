// The command line, as somebody meets it who has never seen it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { executable, Server } from "./lib/server.ts";

interface Ended {
  code: number;
  out: string;
  err: string;
}

function palco(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: 20_000 };
    execFile(executable("palco"), args, options, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, out, err });
    });
  });
}

const folders: string[] = [];

async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "palco-cli-"));
  folders.push(folder);
  return folder;
}

after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

test("--help names every key with its environment variable and default", async () => {
  const { code, out } = await palco(["serve", "--help"]);
  assert.equal(code, 0);
  for (const key of ["data", "listen", "rtc", "rtc-public", "rtc-shards", "public-url", "tls-cert", "tls-key", "mixer", "log"]) {
    assert.match(out, new RegExp(`--${key}\\b`));
    assert.match(out, new RegExp(`PALCO_${key.replaceAll("-", "_").toUpperCase()}`));
  }
});

test("a misspelt key is refused, in the file and in the environment", async () => {
  const folder = await ownFolder();
  const file = join(folder, "palco.toml");
  await writeFile(file, 'lisen = "127.0.0.1:1"\n');
  const fromFile = await palco(["serve", "--config", file]);
  assert.notEqual(fromFile.code, 0);
  assert.match(fromFile.err, /lisen/);
  const fromEnvironment = await palco(["serve", "--data", folder], { PALCO_LISEN: "127.0.0.1:1" });
  assert.notEqual(fromEnvironment.code, 0);
  assert.match(fromEnvironment.err, /PALCO_LISEN/);
});

test("an address in use is said so, with what to do", async () => {
  const server = await Server.start();
  try {
    const folder = await ownFolder();
    const listen = server.url.slice("http://".length);
    const ended = await palco(["serve", "--data", folder, "--listen", listen, "--rtc", "127.0.0.1:0"]);
    assert.notEqual(ended.code, 0);
    assert.match(ended.err, /cannot be used/);
    assert.match(ended.err, /--listen/);
    const sameData = await palco(["serve", "--data", server.data, "--listen", "127.0.0.1:0", "--rtc", "127.0.0.1:0"]);
    assert.notEqual(sameData.code, 0);
    assert.match(sameData.err, /Another Palco is using/);
  } finally {
    await server.stop();
  }
});

test("the admin token is a secret file, and never in the log", async () => {
  const server = await Server.start(["--log", "debug"]);
  try {
    const mode = (await stat(join(server.data, "admin.token"))).mode & 0o777;
    assert.equal(mode, 0o600);
    const token = (await readFile(join(server.data, "admin.token"), "utf8")).trim();
    const response = await fetch(`${server.url}/api/v1/shows`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200);
    assert.ok(!server.log.join("").includes(token));
  } finally {
    await server.stop();
  }
});

test("perform says in the server's words why it is refused", async () => {
  const server = await Server.start();
  try {
    const file = join(server.data, "none.mkv");
    await writeFile(file, "this is no film");
    const ended = await palco(["perform", "--to", `${server.url}/whip/nowhere`, "--token", "wrong", file]);
    assert.notEqual(ended.code, 0);
    assert.match(ended.err, /palco: /);
  } finally {
    await server.stop();
  }
});
