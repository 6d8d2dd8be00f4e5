// Standard clients that nobody here wrote: aiortc publishes by WHIP and plays by WHEP.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Api } from "./lib/api.ts";
import { aiortc } from "./lib/peers.ts";
import { Server } from "./lib/server.ts";
import { until } from "./lib/until.ts";

let server: Server;
let api: Api;

before(async () => {
  server = await Server.start();
  api = new Api(server.url, server.adminToken);
});

after(() => server.stop());

for (const codec of ["VP8", "H264"]) {
  test(`aiortc publishes ${codec}, aiortc watches the mix and the performer`, async () => {
    const slug = `interop-${codec.toLowerCase()}`;
    await api.post("/shows", { title: `Interop ${codec}`, slug });
    const { performer, whip_url, whip_token } = await api.post(`/shows/${slug}/performers`, { name: "Ana" });
    const publishing = aiortc("publish", whip_url, whip_token, codec, "12");
    await until("the performer is connected", 10_000, async () => {
      const state = await api.get(`/shows/${slug}/state`);
      return state.performers[0].video && state.performers[0].video_codec === codec.toLowerCase();
    });
    await api.patch(`/shows/${slug}/performers/${performer.id}`, { role: "host" });
    await api.post(`/shows/${slug}/start`);

    const [program, forwarded] = await Promise.all([
      aiortc("play", `${server.url}/whep/${slug}`, "-", "5"),
      aiortc("play", `${server.url}/whep/${slug}?performer=${performer.id}`, server.adminToken, "5"),
    ]);
    assert.equal(program.state, "connected");
    assert.deepEqual([program.width, program.height], [1280, 720]);
    assert.ok(program.frames.video > 60, `pictures of the Program: ${program.frames.video}`);
    assert.ok(program.frames.audio > 100, `sound of the Program: ${program.frames.audio}`);
    assert.deepEqual([forwarded.width, forwarded.height], [640, 360], "forwarded as it came");
    assert.ok(forwarded.frames.video > 40, `pictures forwarded: ${forwarded.frames.video}`);

    const published = await publishing;
    assert.equal(published.state, "connected");
    assert.equal(published.deleted, 200);
    await until("the performer has left", 5_000, async () => {
      const state = await api.get(`/shows/${slug}/state`);
      return state.performers[0].connection === "away";
    });
  });
}
