// A stand-in server for looking at the pages: the HTTP contract with made-up people and no media.
// `npm run mock` serves dist/ on 127.0.0.1:8099; dev/shots.mjs imports it and lends it media. Not shipped.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const dist = join(dirname(fileURLToPath(import.meta.url)), "../dist");
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const SECURITY = { "content-security-policy": "default-src 'self'; media-src 'self' blob:; img-src 'self' data: blob:", "x-content-type-options": "nosniff" };

const person = (id, name, role, place, connection = "connected", some = {}) => ({
  id, name, feed: id, role, place, connection, audio: connection === "connected", video: connection === "connected",
  video_codec: "h264", muted: false, hidden: false, volume: 1, invitation_url: `/stage/code-${id}`, ...some,
});

/** A show with four on stage and three around it. */
export function fixture() {
  const show = {
    id: "00000000000000aa", slug: "noche", title: "Noche de boleros en la azotea", state: "live",
    description: "Four voices, one guitar and the lights of the city. An hour of boleros, told between songs.",
    starts_at: new Date(Date.now() + 5_025_000).toISOString(), started_at: null, ended_at: null, max_on_air: 4, canvas: "16:9", door: "open", replay: false, replay_gone: false,
    links: { watch: "/shows/noche/watch", desk: "/desk/noche" },
  };
  return {
    revision: 1, show,
    performers: [
      person("0000000000000001", "Ana Lucía Ferrer", "host", 0), person("0000000000000002", "Benjamín Soto", "host", 1),
      person("0000000000000003", "Carmen Ríos", "host", 2), person("0000000000000004", "Diego Paz", "backstage", null),
      person("0000000000000005", "Elena Duarte", "backstage", null, "lost"), person("0000000000000006", "Fito", "backstage", null, "away"),
    ],
    scene: { layout: "grid", focus: null, slate: { title: "Back in a moment", text: "We are tuning the guitar." }, transition: { kind: "fade", millis: 300 } },
    clips: [
      { id: "00000000000000c1", name: "opening-titles.mp4", size: 48_200_000, duration_ms: 62_000, width: 1920, height: 1080, sound: true, created_at: new Date().toISOString() },
      { id: "00000000000000c2", name: "poster.png", size: 1_900_000, duration_ms: null, width: 2400, height: 1350, sound: false, created_at: new Date().toISOString() },
      { id: "00000000000000c3", name: "applause.wav", size: 900_000, duration_ms: 8_000, width: null, height: null, sound: true, created_at: new Date().toISOString() },
    ],
    playback: null,
    audience: { target: "program", clip: null, performer: null, slate: { title: "Be right back", text: "" }, playback: null },
    mixer: "up", viewers: 128,
  };
}

const fault = (status, code, text, hint = null) => ({ status, body: { code, text, hint } });

/** Commands of the director, on the made-up state. */
function command(state, method, path, body) {
  const [what, id, verb] = path;
  const playback = (clip, some) => ({ clip, state: "playing", position_ms: 0, at: new Date().toISOString(), duration_ms: state.clips.find((c) => c.id === clip)?.duration_ms ?? null, looped: false, volume: 1, error: null, ...some });
  if (["start", "resume"].includes(what)) state.show.state = "live";
  else if (what === "pause") state.show.state = "paused";
  else if (what === "end") state.show.state = "over";
  else if (what === "scene") Object.assign(state.scene, body);
  else if (what === "audience") Object.assign(state.audience, { clip: null, performer: null }, body, { playback: body.clip ? playback(body.clip) : null });
  else if (what === "performers" && method === "POST" && !id) {
    const made = person(String(Date.now()).padStart(16, "0"), body.name, "backstage", null, "away");
    state.performers.push(made);
    return { status: 201, body: { performer: made, invitation_url: made.invitation_url, whip_url: "/whip/noche", whip_token: "made-up.token" } };
  } else if (what === "performers" && verb === "credentials") return { status: 200, body: { invitation_url: `/stage/code-${id}`, whip_url: "/whip/noche", whip_token: "made-up.token" } };
  else if (what === "performers" && method === "DELETE") state.performers = state.performers.filter((p) => p.id !== id);
  else if (what === "performers") {
    const it = state.performers.find((p) => p.id === id);
    const hosts = state.performers.filter((p) => p.role === "host");
    if (body.role === "host" && it.role !== "host" && hosts.length >= state.show.max_on_air) return fault(409, "stage_full", "The stage is full.");
    if (body.role) it.place = body.role === "host" ? hosts.length : null;
    Object.assign(it, body);
  } else if (what === "clips" && method === "DELETE") state.clips = state.clips.filter((c) => c.id !== id);
  else if (what === "clips" && verb === "play") state.playback = state.playback?.clip === id ? { ...state.playback, state: "playing", at: new Date().toISOString() } : playback(id, body);
  else if (what === "clips" && verb === "pause") Object.assign(state.playback, { position_ms: state.playback.position_ms + Date.now() - Date.parse(state.playback.at), at: new Date().toISOString(), state: "paused" });
  else if (what === "clips" && verb === "seek") Object.assign(state.playback, { position_ms: body.position_ms, at: new Date().toISOString() });
  else if (what === "clips" && verb === "stop") state.playback = null;
  else if (what === "clips" && verb === "playback") Object.assign(state.playback, body);
  else return fault(404, "not_found", "Nothing here.");
  return method === "DELETE" ? { status: 204 } : { status: 200, body: state };
}

const publicShow = ({ show: { max_on_air: _, links: __, ...rest } }) => rest;
function stageView(state, id) {
  const me = state.performers.find((p) => p.id === id);
  return { show: state.show, me, others: state.performers.filter((p) => p.id !== id), whip_url: `/whip/${state.show.slug}` };
}

/** Listens; `house` is what scenes of dev/shots.mjs reach into. */
export async function serve(port = 0) {
  const house = { state: fixture(), shows: null, streams: new Set(), whep: fault(409, "show_not_live", "The show is not live."), changed };
  function changed() {
    house.state.revision += 1;
    for (const stream of house.streams) stream();
  }
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    const path = url.pathname.split("/").slice(1);
    const say = ({ status, body }) => response.writeHead(status, { "content-type": "application/json", ...SECURITY }).end(body === undefined ? "" : JSON.stringify(body));
    const events = (name, make, extra) => {
      response.writeHead(200, { "content-type": "text/event-stream", ...SECURITY });
      const send = () => response.write(`event: ${name}\ndata: ${JSON.stringify(make())}\n\n`);
      send();
      house.streams.add(send);
      const timer = extra && setInterval(extra, 200);
      request.on("close", () => (house.streams.delete(send), clearInterval(timer)));
    };
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const bearer = request.headers.authorization?.replace("Bearer ", "");
    if (house.down) return response.destroy();
    if (path[0] === "api" && path[2] === "public") {
      if (path[4] && path[4] !== house.state.show.slug) return say(fault(404, "show_unknown", "There is no such show."));
      if (path[5] === "events") return house.refuse ? say(house.refuse) : events("show", () => publicShow(house.state));
      return say({ status: 200, body: path[4] ? publicShow(house.state) : { shows: house.shows ?? [publicShow(house.state)] } });
    }
    if (path[0] === "api" && path[2] === "stage") {
      const id = bearer?.replace("code-", "");
      if (!house.state.performers.some((p) => p.id === id)) return say(fault(404, "invitation_unknown", "This invitation does not work."));
      if (request.method === "PATCH") Object.assign(house.state.performers.find((p) => p.id === id), JSON.parse(bytes)), changed();
      return path[3] === "events" ? events("stage", () => stageView(house.state, id)) : say({ status: 200, body: stageView(house.state, id) });
    }
    if (path[0] === "api" && path[2] === "shows") {
      if (bearer !== "director") return say(fault(401, "token_invalid", "That token is not valid."));
      if (path[4] === "state") return say({ status: 200, body: house.state });
      if (path[4] === "events") {
        const levels = () => response.write(`event: levels\ndata: ${JSON.stringify({ levels: Object.fromEntries(house.state.performers.map((p) => [p.id, p.connection === "connected" ? -8 - Math.random() * 30 : -90])) })}\n\n`);
        return events("state", () => house.state, levels);
      }
      if (path[4] === "clips" && !path[5]) return say(fault(422, "clip_not_media", "This is not media."));
      const answer = command(house.state, request.method, path.slice(4), bytes.length ? JSON.parse(bytes) : {});
      if (answer.status < 300) changed();
      return say(answer);
    }
    if (path[0] === "whep" || path[0] === "whip") return say(house.whep);
    const page = { shows: "watch.html", stage: "stage.html", desk: "desk.html" }[path[0]] ?? (path[0] === "assets" ? null : "404.html");
    const file = page ?? normalize(url.pathname).slice(1);
    try {
      const content = await readFile(join(dist, file));
      response.writeHead(page === "404.html" ? 404 : 200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", ...SECURITY }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return { house, url: `http://127.0.0.1:${server.address().port}`, close: () => (server.closeAllConnections(), server.close()) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await serve(8099);
  process.stdout.write(`${url}/desk/noche#k=director\n${url}/stage/code-0000000000000004\n${url}/shows/noche/watch\n`);
}
