// HLS from the outside: ffmpeg as an independent player, and the rules that a crash must not break.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Api } from "./lib/api.ts";
import { Bot } from "./lib/bot.ts";
import { Server } from "./lib/server.ts";
import { until } from "./lib/until.ts";

const slug = "hls";
const run = promisify(execFile);
let server: Server;
let api: Api;
let bot: Bot;

before(async () => {
  server = await Server.start(["--log", "warn"]);
  api = new Api(server.url, server.adminToken);
  await api.post("/shows", { title: "HLS", slug });
  const made = await api.post(`/shows/${slug}/performers`, { name: "Ana" });
  bot = await Bot.start(new URL(made.whip_url, server.url).href, made.whip_token, 0);
  await api.patch(`/shows/${slug}/performers/${made.performer.id}`, { role: "host" });
});

after(async () => {
  await bot?.stop();
  await server?.stop();
});

const at = (path: string) => `${server.url}/hls/${slug}/${path}`;

interface Segment {
  uri: string;
  msn: number;
  seconds: number;
  discontinuity: boolean;
  gap: boolean;
}

interface Playlist {
  segments: Segment[];
  /** Names of the parts of the segment that is being made. */
  parts: string[];
  ended: boolean;
  text: string;
}

async function playlist(track: string, query = ""): Promise<Playlist> {
  const response = await fetch(at(`${track}.m3u8${query}`));
  assert.equal(response.status, 200, await response.clone().text());
  const text = await response.text();
  const playlist: Playlist = { segments: [], parts: [], ended: false, text };
  let msn = Number(/^#EXT-X-MEDIA-SEQUENCE:(\d+)$/m.exec(text)?.[1] ?? Number.NaN);
  let next = { seconds: 0, discontinuity: false, gap: false };
  for (const line of text.split("\n")) {
    if (line.startsWith("#EXTINF:")) next.seconds = Number.parseFloat(line.slice(8));
    else if (line === "#EXT-X-DISCONTINUITY") next.discontinuity = true;
    else if (line === "#EXT-X-GAP") next.gap = true;
    else if (line === "#EXT-X-ENDLIST") playlist.ended = true;
    else if (line.startsWith("#EXT-X-PART:")) playlist.parts.push(/URI="([^"]+)"/.exec(line)?.[1] ?? "");
    else if (line !== "" && !line.startsWith("#")) {
      playlist.segments.push({ uri: line, msn, ...next });
      playlist.parts = [];
      msn += 1;
      next = { seconds: 0, discontinuity: false, gap: false };
    }
  }
  return playlist;
}

/** What ffmpeg says is wrong with what it plays. */
async function decoded(path: string, seconds?: number): Promise<{ complaints: string; pictures: number }> {
  const part = seconds === undefined ? [] : ["-t", String(seconds)];
  const args = ["-v", "error", "-i", at(path), ...part, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-progress", "pipe:1", "-"];
  const { stdout, stderr } = await run("ffmpeg", args, { timeout: 60_000 });
  return { complaints: stderr.trim(), pictures: Number([...stdout.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1] ?? 0) };
}

test("nothing is on air before the show", async () => {
  const response = await fetch(at("index.m3u8"));
  assert.equal(response.status, 403);
});

test("the show is on air in three renditions, and ffmpeg plays it", async () => {
  await api.post(`/shows/${slug}/start`);
  await until("segments come", 30_000, async () => (await fetch(at("720p.m3u8"))).ok && (await playlist("720p")).segments.length >= 2);
  const index = await (await fetch(at("index.m3u8"))).text();
  for (const wanted of [/RESOLUTION=1280x720/, /RESOLUTION=640x360/, /CODECS="avc1\.[0-9a-f]{6},mp4a\.40\.2"/, /FRAME-RATE=30/, /AVERAGE-BANDWIDTH=\d+/]) {
    assert.match(index, wanted);
  }
  const { complaints, pictures } = await decoded("index.m3u8", 3);
  assert.equal(complaints, "");
  // A busy machine mixes fewer than thirty a second; how many is for the benchmark.
  assert.ok(pictures >= 40, `${pictures} pictures in 3 s`);
});

test("a blocked request is answered with the part it waits for", async () => {
  const { segments, parts } = await playlist("720p");
  const msn = (segments.at(-1)?.msn ?? 0) + 1;
  const began = performance.now();
  const later = await playlist("720p", `?_HLS_msn=${msn}&_HLS_part=${parts.length + 1}`);
  const took = performance.now() - began;
  const names: string[] = later.text.match(/URI="720p\/\d+\.\d+\.m4s"/g) ?? [];
  const wanted = `URI="720p/${msn}.${parts.length + 1}.m4s"`;
  const rolled = later.segments.some((it) => it.msn === msn);
  assert.ok(names.includes(wanted) || rolled, `${wanted} is not in ${later.text}`);
  assert.ok(took < 6_000, `took ${Math.round(took)} ms`);
});

test("directives that make no sense are refused", async () => {
  const { segments } = await playlist("720p");
  const last = segments.at(-1)?.msn ?? 0;
  for (const query of [`_HLS_msn=${last + 20}`, "_HLS_part=1", "_HLS_msn=x", `_HLS_msn=${last + 1}&_HLS_part=99`]) {
    assert.equal((await fetch(at(`720p.m3u8?${query}`))).status, 400, query);
  }
  for (const path of ["720p/99999.m4s", "1080p.m3u8", "720p/init-9.mp4"]) {
    assert.equal((await fetch(at(path))).status, 404, path);
  }
});

test("caches can stand in front: ranges, conditions, lifetimes", async () => {
  const { segments } = await playlist("720p");
  const uri = at(segments[0]?.uri ?? "");
  const whole = await fetch(uri);
  const bytes = Buffer.from(await whole.arrayBuffer());
  assert.match(whole.headers.get("cache-control") ?? "", /public, max-age=\d{6,}/);
  const part = await fetch(uri, { headers: { range: "bytes=100-199" } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
  const same = await fetch(uri, { headers: { "if-none-match": whole.headers.get("etag") ?? "" } });
  assert.equal(same.status, 304);
});

test("kill -9 in the middle: the show goes on, no number is used twice, nothing listed is lost", async () => {
  const old = await until("five segments", 20_000, async () => {
    const now = await playlist("720p");
    return now.segments.length >= 5 && now;
  });
  const bytes = async ({ uri }: Segment) => Buffer.from(await (await fetch(at(uri))).arrayBuffer());
  const kept = await Promise.all(old.segments.map(bytes));
  await server.restart("SIGKILL");
  const now = await until("the show is on air again", 30_000, async () => {
    if (!(await fetch(at("720p.m3u8"))).ok) return false;
    const now = await playlist("720p");
    return now.segments.some(({ msn, gap }) => !gap && msn > (old.segments.at(-1)?.msn ?? 0) + 2) && now;
  });
  const last = old.segments.at(-1)?.msn ?? 0;
  // What was being written when it died may be gone: at most one segment, 2 s.
  const safe = old.segments.slice(0, -1);
  for (const [index, before] of safe.entries()) {
    const again = now.segments.find(({ msn }) => msn === before.msn);
    assert.ok(again && !again.gap, `segment ${before.msn} is gone`);
    assert.deepEqual(await bytes(again), kept[index], `segment ${before.msn} is another`);
  }
  assert.ok(now.segments.some(({ msn, discontinuity }) => discontinuity && msn > last - 1), "a discontinuity is told");
  const numbers = now.segments.map(({ uri }) => uri);
  assert.equal(new Set(numbers).size, numbers.length);
  const { complaints } = await decoded("index.m3u8", 2);
  assert.equal(complaints, "");
});

test("the replay is there the moment the show ends, and after a restart of the server", async () => {
  await api.post(`/shows/${slug}/end`);
  const ended = await until("the playlist ends", 5_000, async () => {
    const now = await playlist("720p");
    return now.ended && now;
  });
  const show = await (await fetch(`${server.url}/api/v1/public/shows/${slug}`)).json();
  assert.equal((show as { replay: boolean }).replay, true);
  await server.restart("SIGTERM");
  const replay = await playlist("720p");
  assert.ok(replay.ended);
  const media = (it: Playlist) => it.segments.filter(({ gap }) => !gap).map(({ uri }) => uri);
  assert.deepEqual(media(replay), media(ended));
  const seconds = replay.segments.filter(({ gap }) => !gap).reduce((sum, it) => sum + it.seconds, 0);
  const { complaints, pictures } = await decoded("index.m3u8");
  assert.equal(complaints, "");
  assert.ok(pictures > seconds * 12 && pictures < seconds * 30 + 30, `${pictures} pictures in ${seconds} s`);
});
