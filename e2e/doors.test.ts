// Bad input at every door gets a clear fault, and whoever watches does not notice.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, before, test } from "node:test";
import { Api, faultOf } from "./lib/api.ts";
import { Server } from "./lib/server.ts";

const offer = [
  "v=0",
  "o=- 1 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "c=IN IP4 0.0.0.0",
  "a=mid:0",
  "a=sendonly",
  "a=rtcp-mux",
  "a=setup:actpass",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789abcdef01234567",
  `a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
  "a=rtpmap:111 opus/48000/2",
  "",
].join("\r\n");

let server: Server;
let api: Api;
let whipToken: string;

before(async () => {
  server = await Server.start();
  api = new Api(server.url, server.adminToken);
  await api.post("/shows", { title: "One", slug: "one" });
  await api.post("/shows", { title: "Two", slug: "two" });
  ({ whip_token: whipToken } = await api.post("/shows/one/performers", { name: "Ana" }));
});

after(() => server.stop());

async function whip(path: string, body: string, token?: string, type = "application/sdp") {
  const response = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": type, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    body,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, fault: text.startsWith("{") ? JSON.parse(text) : {} };
}

test("WHIP refuses what is not an offer, with a fault that says so", async () => {
  const cases: [string, string, string | undefined, string, number, string][] = [
    ["/whip/one", "nonsense", whipToken, "application/sdp", 400, "sdp_broken"],
    ["/whip/one", "", whipToken, "application/sdp", 400, "sdp_broken"],
    ["/whip/one", `v=0\r\n${"a=x\r\n".repeat(2_000_000)}`, whipToken, "application/sdp", 413, "sdp_too_large"],
    ["/whip/one", offer, whipToken, "text/plain", 415, "not_sdp"],
    ["/whip/one", offer, undefined, "application/sdp", 401, "token_missing"],
    ["/whip/one", offer, "wrong", "application/sdp", 401, "token_invalid"],
    ["/whip/two", offer, whipToken, "application/sdp", 403, "token_other_show"],
    ["/whip/nowhere", offer, whipToken, "application/sdp", 404, "unknown_show"],
    ["/whep/one", offer.replace("sendonly", "recvonly"), undefined, "application/sdp", 409, "show_not_live"],
    ["/whip/one", offer.replace("opus/48000/2", "speex/8000"), whipToken, "application/sdp", 422, "no_common_codec"],
  ];
  for (const [path, body, token, type, status, code] of cases) {
    const reply = await whip(path, body, token, type);
    assert.deepEqual([reply.status, reply.fault.code], [status, code], `${path} ${code}`);
    assert.ok(reply.fault.text.length > 10, `${code} is explained`);
  }
});

test("an expired WHIP token says that it has expired", async () => {
  const { performer } = await api.post("/shows/one/performers", { name: "Late" });
  const credentials = await api.post(`/shows/one/performers/${performer.id}/credentials`, { expires_in_s: 1 });
  const wait = new Promise((resolve) => setTimeout(resolve, 1_600));
  await wait;
  const reply = await whip("/whip/one", offer, credentials.whip_token);
  assert.deepEqual([reply.status, reply.fault.code], [401, "token_expired"]);
});

test("a removed performer's token and invitation are dead", async () => {
  const made = await api.post("/shows/one/performers", { name: "Gone" });
  await api.delete(`/shows/one/performers/${made.performer.id}`);
  assert.equal((await whip("/whip/one", offer, made.whip_token)).status, 401);
  const invitation = made.invitation_url.split("/").at(-1);
  const fault = await faultOf(api.withToken(invitation).get("/stage"));
  assert.ok([401, 404].includes(fault.status), String(fault));
});

test("the API refuses what does not exist or does not fit", async () => {
  assert.equal((await faultOf(api.put("/shows/one/scene", { layout: "spiral" }))).code, "unknown_layout");
  assert.equal((await faultOf(api.put("/shows/one/scene", { layout: "grid", colour: "red" }))).code, "unknown_key");
  assert.equal(
    (await faultOf(api.patch("/shows/one/performers/0000000000000000", { role: "host" }))).code,
    "unknown_performer",
  );
  assert.equal((await faultOf(api.get("/shows/nowhere"))).code, "unknown_show");
  assert.equal((await faultOf(api.post("/shows", { title: "" }))).status, 400);
  assert.equal((await faultOf(api.post("/shows", { title: "One", slug: "one" }))).code, "slug_taken");
  assert.equal((await faultOf(api.withToken(undefined).get("/shows"))).code, "token_missing");
  assert.equal((await faultOf(api.withToken(whipToken).get("/shows/one/state"))).status, 403);
});

test("a fifth host on air is refused", async () => {
  await api.post("/shows", { title: "Full", slug: "full" });
  const ids: string[] = [];
  for (const name of ["A", "B", "C", "D", "E"]) {
    ids.push((await api.post("/shows/full/performers", { name })).performer.id);
  }
  for (const id of ids.slice(0, 4)) await api.patch(`/shows/full/performers/${id}`, { role: "host" });
  const fault = await faultOf(api.patch(`/shows/full/performers/${ids[4]}`, { role: "host" }));
  assert.deepEqual([fault.status, fault.code], [409, "stage_full"]);
});

test("WHIP answers as RFC 9725 wants it: 201, Location, ETag; PATCH, GET, OPTIONS, DELETE", async () => {
  const headers = { authorization: `Bearer ${whipToken}`, "content-type": "application/sdp" };
  const reply = await fetch(`${server.url}/whip/one`, { method: "POST", headers, body: offer });
  assert.equal(reply.status, 201);
  assert.equal(reply.headers.get("content-type"), "application/sdp");
  assert.match(await reply.text(), /a=recvonly/);
  const session = new URL(reply.headers.get("location") ?? "", server.url);
  const bearer = { authorization: `Bearer ${whipToken}` };
  assert.ok((await fetch(session, { headers: bearer })).ok);
  const trickle = { method: "PATCH", headers: { ...bearer, "content-type": "application/trickle-ice-sdpfrag" } };
  const fragment = "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdef01234567\r\na=end-of-candidates\r\n";
  assert.equal((await fetch(session, { ...trickle, body: fragment })).status, 204);
  assert.equal((await fetch(session, { method: "DELETE" })).status, 401, "not without the token");
  assert.equal((await fetch(session, { method: "DELETE", headers: bearer })).status, 200);
  assert.equal((await fetch(session, { method: "DELETE", headers: bearer })).status, 404);
  const options = await fetch(`${server.url}/whip/one`, { method: "OPTIONS" });
  assert.ok(options.ok);
  assert.equal(options.headers.get("accept-post"), "application/sdp");
});

test("datagrams of every shape and length leave the server standing", async () => {
  const socket = createSocket("udp4");
  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve) => socket.send(bytes, server.rtcPort, "127.0.0.1", () => resolve()));
  for (let length = 0; length <= 64; length++) {
    const stun = new Uint8Array(length);
    stun.set([0, 1, 0, length & 0xff, 0x21, 0x12, 0xa4, 0x42].slice(0, length));
    await send(stun);
  }
  for (let first = 0; first < 256; first++) await send(new Uint8Array(200).fill(first));
  await send(new Uint8Array(65_000).fill(0x80));
  socket.close();
  assert.ok((await fetch(`${server.url}/health/ready`)).ok);
});
