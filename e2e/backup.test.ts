// The data folder is copied while the server runs, lost, and brought back.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { executable, Server } from "./lib/server.ts";

const execute = promisify(execFile);
const palco = (...args: string[]) => execute(executable("palco"), args);
const show = "/shows/theatre-of-small-things";
let server: Server;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "palco-backup-"));
  server = await Server.start(["--log", "warn"]);
  await server.restart("SIGTERM", async () => {
    await palco("demo-data", "--data", server.data, "--log", "warn");
    return [];
  });
});
after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function text(path: string): Promise<string> {
  const response = await fetch(`${server.url}${path}`);
  assert.equal(response.status, 200, path);
  return response.text();
}

test("a backup made while the server runs brings shows, tickets and keys back", async () => {
  assert.match(await text(show), /Sold out/);
  const backup = join(folder, "monday");
  await palco("backup", "--data", server.data, "--to", backup);
  const admin = server.adminToken;
  await server.restart("SIGKILL", async () => {
    await rm(server.data, { recursive: true });
    await palco("restore", "--from", backup, "--data", server.data);
    return [];
  });
  assert.match(await text(show), /Sold out/, "all its tickets are in the books");
  const shows = await fetch(`${server.url}/api/v1/shows`, { headers: { authorization: `Bearer ${admin}` } });
  assert.equal(shows.status, 200, "the admin token is the same");
  const form = new URLSearchParams({ email: "owner@example.com", password: "palco-demo-night" });
  const headers = { "sec-fetch-site": "same-origin" };
  const office = await fetch(`${server.url}/office/sign-in`, { method: "POST", headers, body: form, redirect: "manual" });
  assert.equal(office.status, 303, "staff signs in as before");
});

test("nothing is written over", async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const outcome = await palco(...args).then(() => "done", (error: { stderr: string }) => error.stderr);
    return outcome;
  };
  assert.match(await refused("backup", "--data", server.data, "--to", server.data), /is not empty/);
  assert.match(await refused("restore", "--from", join(folder, "monday"), "--data", server.data), /is not empty/);
  assert.match(await refused("restore", "--from", folder, "--data", join(folder, "new")), /is no backup/);
  assert.match(await refused("backup", "--data", join(folder, "nowhere"), "--to", join(folder, "new")), /There is no/);
  assert.match(await refused("demo-data", "--data", server.data), /Another Palco is using/);
});
