// From the landing page to the picture with a ticket that was bought on the way; one seat, one screen; a ticket that is
// given back. Real pages in a real Chromium, the demo provider, and a mail server that nobody here wrote.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, test, type TestContext } from "node:test";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { Api } from "./lib/api.ts";
import { Bot } from "./lib/bot.ts";
import { openBrowser, openContext } from "./lib/browser.ts";
import { Office } from "./lib/office.ts";
import { type Letter, Post } from "./lib/post.ts";
import { Server } from "./lib/server.ts";
import { until } from "./lib/until.ts";
import { teachFacts } from "./lib/viewer.ts";

/** Taken over or given back: the picture is gone within. */
const GONE_MS = 3_000;

let server: Server;
let post: Post;
let api: Api;
let office: Office;
let browser: Browser;
let bot: Bot | undefined;
const broken: string[] = [];
const contexts: BrowserContext[] = [];

before(async () => {
  post = await Post.start();
  server = await Server.start(["--smtp", post.url, "--demo-payments", "true", "--log", "warn"]);
  api = new Api(server.url, server.adminToken);
  office = await Office.open(server);
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await bot?.stop();
  await server?.stop();
  await post?.stop();
});

afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  assert.deepEqual(broken.splice(0), [], "no page threw");
});

/** A device of somebody's own. */
async function device(locale = "en-US", size = { width: 1280, height: 800 }): Promise<Page> {
  const context = await openContext(browser, size, locale);
  contexts.push(context);
  await teachFacts(context);
  const page = await context.newPage();
  page.on("pageerror", (error) => broken.push(error.stack ?? error.message));
  return page;
}

const open = (page: Page, path: string) => page.goto(new URL(path, server.url).href, { waitUntil: "domcontentloaded" });

async function shot(page: Page, name: string): Promise<void> {
  const { E2E_SHOTS: folder } = process.env;
  if (folder) await page.screenshot({ path: join(folder, `boxoffice-${name}.png`) });
}

/** A show on sale that is live, with one performer on stage; the one that was live before ends. */
async function live(fields: Record<string, string>): Promise<string> {
  const slug = await ready(fields);
  await api.post(`/shows/${slug}/start`);
  return slug;
}

/** The same before it begins. */
async function ready(fields: Record<string, string>): Promise<string> {
  for (const show of (await api.get("/shows")).shows) if (show.state === "live") await api.post(`/shows/${show.slug}/end`);
  await bot?.stop();
  const kinds: Record<string, string>[] = [
    { name: "Live", price: "10.00" },
    { name: "Live and replay", price: "14.00", replay: "1" },
  ];
  const slug = await office.show({ fee_percent: "10", fee_fixed: "0.20", ...fields }, kinds);
  const { performer, whip_url, whip_token } = await api.post(`/shows/${slug}/performers`, { name: "Ada" });
  bot = await Bot.start(new URL(whip_url, server.url).href, whip_token, 0);
  await api.patch(`/shows/${slug}/performers/${performer.id}`, { role: "host" });
  await api.put(`/shows/${slug}/scene`, { layout: "solo" });
  return slug;
}

/** How many pictures were shown so far, by whatever way. */
const frames = (page: Page) =>
  page.evaluate(() => [...document.querySelectorAll("video")].reduce((sum, it) => sum + it.getVideoPlaybackQuality().totalVideoFrames, 0));

/** Waits until the picture moves. */
async function picture(page: Page, millis = 20_000): Promise<void> {
  try {
    await until("a picture", millis, async () => (await frames(page)) > 10);
  } catch (error) {
    throw new Error(`${String(error)}; ${page.url()} says: ${(await page.locator("body").innerText()).slice(0, 300)}`);
  }
}

/** Milliseconds since then until there is no picture; and it stays away. */
async function gone(page: Page, since: number): Promise<number> {
  const ms = await until("the picture is gone", GONE_MS + 5_000, async () => (await page.locator("video").count()) === 0 && Math.max(1, Date.now() - since), 20);
  assert.ok(ms <= GONE_MS, `${ms} ms`);
  return ms;
}

/** Buys one ticket by what the buyer sees, and is on its page then. */
async function buy(page: Page, slug: string, email: string, kind = "Live"): Promise<string> {
  await open(page, `/shows/${slug}/buy`);
  if (kind !== "Live") {
    await page.getByLabel("Live", { exact: true }).fill("0");
    await page.getByLabel(kind, { exact: true }).fill("1");
  }
  await page.getByLabel("E-mail", { exact: true }).fill(email);
  await page.getByRole("button", { name: "Go to payment" }).last().click();
  await page.getByRole("button", { name: /^Pay / }).click();
  await page.waitForURL("**/tickets/*");
  return page.url();
}

/** The way to the ticket; by whatever name the server knows itself. */
function linkIn({ text }: Letter): string {
  const link = /http:\S+\/tickets\/\S+/.exec(text)?.[0];
  assert.ok(link, text);
  return link;
}

async function enter(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Enter" }).click();
  await page.waitForURL("**/watch");
}

test("a stranger finds the show, buys and watches: four clicks and one form; the mail has the same ticket", async (t: TestContext) => {
  const slug = await live({ title: "Boleros on the roof", summary: "Four voices and one guitar." });
  const page = await device();
  let clicks = 0;
  const click = async (it: Locator): Promise<void> => {
    clicks += 1;
    await it.click();
  };
  await open(page, "/");
  const began = Date.now();
  await shot(page, "home");
  await click(page.getByRole("link", { name: "Buy a ticket" }).first());
  await page.waitForURL(`**/shows/${slug}/buy`);
  await page.getByText("$11.20 USD").first().waitFor();
  await page.getByLabel("E-mail", { exact: true }).fill("ana@example.org");
  await shot(page, "buy");
  await click(page.getByRole("button", { name: "Go to payment" }).last());
  await click(page.getByRole("button", { name: "Pay $11.20 USD" }));
  await page.waitForURL("**/tickets/*");
  const ticket = page.url();
  await page.getByRole("heading", { name: "Boleros on the roof" }).waitFor();
  await shot(page, "ticket");
  await click(page.getByRole("button", { name: "Enter" }));
  await page.waitForURL(`**/shows/${slug}/watch`);
  await picture(page);
  await shot(page, "picture");
  t.diagnostic(`${clicks} clicks; ${Date.now() - began} ms from the landing page to the picture`);
  assert.ok(clicks <= 4, `${clicks} clicks`);

  const letter = await post.letter("ana@example.org", /^Your ticket: Boleros on the roof$/);
  const link = linkIn(letter);
  assert.equal(new URL(link).pathname, new URL(ticket).pathname, "the way in the mail");
  assert.ok(letter.html.includes(`href="${link}"`), letter.html);
  assert.ok(letter.attached.some((name) => name.endsWith(".pdf")), letter.attached.join());

  // To the ticket and back: whoever left by themselves is not asked whether they sit elsewhere.
  await open(page, ticket);
  await page.locator("label", { has: page.getByText("5 stars", { exact: true }) }).click();
  assert.ok(await page.getByRole("radio", { name: "5 stars" }).isChecked());
  await page.getByRole("button", { name: "Save my rating" }).click();
  await page.getByText("your rating counts").waitFor();
  await enter(page);
  await picture(page);
  await page.reload({ waitUntil: "domcontentloaded" });
  await picture(page);
});

test("without a ticket nobody gets in, and the page says how to, in the language that was chosen", async () => {
  const slug = await live({ title: "Behind the door" });
  const page = await device();
  await open(page, "/");
  await page.getByRole("link", { name: "Español" }).click();
  await page.getByRole("link", { name: "Comprar boleto" }).first().waitFor();
  await open(page, `/shows/${slug}/watch`);
  await page.getByRole("heading", { name: "Necesitas un boleto" }).waitFor();
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "You need a ticket" }).waitFor();
  assert.equal(await page.locator("video").count(), 0);
  await page.getByRole("link", { name: "Go to the show's page" }).click();
  await page.waitForURL(`**/shows/${slug}`);
  await page.getByRole("link", { name: "Buy a ticket" }).first().waitFor();
  for (const path of [`/hls/${slug}/index.m3u8`, `/api/v1/public/shows/${slug}/seat`]) {
    const response = await fetch(server.url + path, path.startsWith("/hls") ? {} : { method: "POST", headers: { "content-type": "application/json", "palco-viewer": "00000000000000aa" }, body: '{"take":true}' });
    assert.equal(response.status, 401, path);
  }
});

/** Presses Tab until this has the focus. */
async function tabTo(page: Page, it: Locator, most = 40): Promise<number> {
  await it.first().waitFor();
  for (let presses = 1; presses <= most; presses++) {
    await page.keyboard.press("Tab");
    if (await it.first().evaluate((element) => element === document.activeElement && element.matches(":focus-visible"))) return presses;
  }
  throw new Error(`not within ${most} presses of Tab: ${String(it)}`);
}

test("by keyboard alone, through the age gate; it is asked before the picture, and once", async (t) => {
  const slug = await live({ title: "Cabaret after midnight", warning: "Strong language.", age: "18" });
  const page = await device();
  const presses: number[] = [];
  const press = async (it: Locator): Promise<void> => {
    presses.push(await tabTo(page, it));
    await page.keyboard.press("Enter");
  };
  await open(page, "/");
  await press(page.getByRole("link", { name: "Buy a ticket" }));
  await page.waitForURL(`**/shows/${slug}/buy`);
  presses.push(await tabTo(page, page.getByLabel("E-mail", { exact: true })));
  await page.keyboard.type("bea@example.org");
  await page.keyboard.press("Enter");
  await press(page.getByRole("button", { name: /^Pay / }));
  await page.waitForURL("**/tickets/*");
  const ticket = page.url();
  await press(page.getByRole("button", { name: "Enter" }));
  await page.waitForURL("**/door");
  await page.getByText("Strong language.").waitFor();
  await page.goto(`${server.url}/shows/${slug}/watch`, { waitUntil: "domcontentloaded" });
  assert.match(page.url(), /\/door$/, "no way around it");
  await press(page.getByRole("button", { name: "I am 18 or older, show me" }));
  await page.waitForURL("**/watch");
  await picture(page);
  presses.push(await tabTo(page, page.getByRole("button", { name: "Turn on the sound" })));
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Turn off the sound" }).waitFor();
  t.diagnostic(`presses of Tab: ${presses.join(", ")}`);
  await open(page, ticket);
  await press(page.getByRole("button", { name: "Enter" }));
  await page.waitForURL("**/watch");
  await picture(page);
});

test("in Spanish from the landing page to the picture, on a phone; the mail too", async () => {
  const slug = await live({ title: "Noche de boleros", warning: "Lenguaje fuerte.", age: "18" });
  const page = await device("es-MX", { width: 390, height: 844 });
  const narrow = async (name: string): Promise<void> => {
    await shot(page, `es-${name}`);
    assert.equal(await page.locator("html").getAttribute("lang"), "es", name);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} fits the screen`);
  };
  await open(page, "/");
  await narrow("home");
  await page.getByRole("link", { name: "Comprar boleto" }).first().click();
  await page.getByText("de cargos").first().waitFor();
  await page.getByLabel("Correo electrónico").fill("carla@example.org");
  await narrow("buy");
  await page.getByRole("button", { name: "Ir a pagar" }).last().click();
  await page.getByRole("heading", { name: "Pago de demostración" }).waitFor();
  await narrow("pay");
  await page.getByRole("button", { name: /^Pagar / }).click();
  await page.getByText("Tu boleto", { exact: true }).first().waitFor();
  await narrow("ticket");
  const ticket = page.url();
  await page.getByRole("button", { name: "Entrar" }).click();
  await page.getByRole("heading", { name: "Antes de entrar" }).waitFor();
  await narrow("door");
  await page.getByRole("button", { name: "Tengo 18 o más, muéstrame" }).click();
  await page.getByRole("button", { name: "Activar el sonido" }).waitFor();
  await picture(page);
  await narrow("watch");
  const letter = await post.letter("carla@example.org", /^Tu boleto: Noche de boleros$/);
  assert.match(letter.text, /Nos vemos en la función/);
  assert.equal(new URL(linkIn(letter)).pathname, new URL(ticket).pathname);

  const tablet = await device("es-MX");
  await open(tablet, ticket);
  await tablet.getByRole("button", { name: "Entrar" }).click();
  await tablet.getByRole("button", { name: "Tengo 18 o más, muéstrame" }).click();
  await tablet.getByRole("heading", { name: "Tu asiento está abierto en otra pantalla. ¿Verlo aquí?" }).waitFor();
  await tablet.getByRole("button", { name: "Ver aquí" }).click();
  await page.getByRole("heading", { name: "Tu asiento se abrió en otra pantalla" }).waitFor();
  await narrow("taken");
});

test("the lobby is open before the show: countdown, sound check, and the picture by itself; one seat there too", async (t) => {
  const slug = await ready({ title: "Early birds", starts_at: "2099-12-31T20:00" });
  const page = await device();
  await buy(page, slug, "leo@example.org");
  const ticket = page.url();
  await enter(page);
  await page.getByRole("timer").waitFor();
  await page.getByRole("button", { name: "Check your sound" }).click();
  await page.getByText("Can you hear this?").waitFor();
  await shot(page, "lobby");
  const other = await device();
  await open(other, ticket);
  await enter(other);
  await other.getByRole("button", { name: "Watch here" }).click();
  await page.getByRole("alert").getByText("Your seat was opened on another screen").waitFor();
  await other.getByRole("timer").waitFor();
  await page.getByRole("button", { name: "Watch here" }).click();
  await page.getByRole("timer").waitFor();
  const since = Date.now();
  await api.post(`/shows/${slug}/start`);
  await picture(page);
  t.diagnostic(`picture ${Date.now() - since} ms after the start`);
});

test("one seat, one screen: the second is asked and takes over, the first is told politely, and may take it back", async (t) => {
  const slug = await live({ title: "One seat" });
  const phone = await device();
  await buy(phone, slug, "dora@example.org");
  await enter(phone);
  await picture(phone);

  const laptop = await device();
  await open(laptop, linkIn(await post.letter("dora@example.org", /One seat/)));
  await enter(laptop);
  await laptop.getByRole("heading", { name: "Your seat is open on another screen. Watch here instead?" }).waitFor();
  await shot(laptop, "asking");
  assert.ok((await phone.locator("video").count()) > 0, "nothing is taken before somebody says so");
  // The question has the focus: Enter is yes.
  await until("the button has the focus", 2_000, () => laptop.getByRole("button", { name: "Watch here" }).evaluate((it) => it === document.activeElement));
  const since = Date.now();
  await laptop.keyboard.press("Enter");
  const left = await gone(phone, since);
  await phone.getByRole("alert").getByText("Your seat was opened on another screen").waitFor();
  await shot(phone, "taken");
  await picture(laptop);
  const there = Date.now() - since;

  const again = Date.now();
  await phone.getByRole("button", { name: "Watch here" }).click();
  const back = await gone(laptop, again);
  await picture(phone);
  t.diagnostic(`gone from the first screen after ${left} ms, on the second after ${there} ms; taken back: gone after ${back} ms, seen after ${Date.now() - again} ms`);

  // Whoever closes the page is not asked for.
  await phone.close();
  await laptop.reload({ waitUntil: "domcontentloaded" });
  await picture(laptop);
});

/** Plays what the page was let in to without the page: as somebody who kept its grant would. */
async function stowaway(page: Page, slug: string, grant: string): Promise<Page> {
  const it = await page.context().newPage();
  await open(it, "/nothing-here");
  await it.evaluate(
    async ({ path, grant }) => {
      const pc = new RTCPeerConnection();
      const stream = new MediaStream();
      pc.ontrack = ({ track }) => stream.addTrack(track);
      for (const kind of ["video", "audio"]) pc.addTransceiver(kind, { direction: "recvonly" });
      await pc.setLocalDescription(await pc.createOffer());
      const response = await fetch(path, { method: "POST", headers: { "content-type": "application/sdp", authorization: grant }, body: pc.localDescription?.sdp ?? "" });
      await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
      const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true, srcObject: stream });
      document.body.replaceChildren(video);
      const shown = (): void => {
        Object.assign(window, { shownAt: Date.now() });
        video.requestVideoFrameCallback(shown);
      };
      video.requestVideoFrameCallback(shown);
    },
    { path: `/whep/${slug}`, grant },
  );
  await picture(it);
  return it;
}

/** Somebody of the staff, signed in. */
async function staff(path: string): Promise<Page> {
  const page = await device();
  await office.lend(page.context());
  await open(page, path);
  return page;
}

test("a ticket is given back in the office: the picture is gone, for whoever kept the grant too", async (t) => {
  const slug = await live({ title: "Second thoughts" });
  const page = await device();
  const grant = page.waitForRequest((request) => request.url().endsWith(`/whep/${slug}`) && request.method() === "POST").then((it) => it.headerValue("authorization"));
  const ticket = await buy(page, slug, "eva@example.org");
  await enter(page);
  await picture(page);
  const kept = (await grant) ?? "";
  const hidden = await stowaway(page, slug, kept);

  const desk = await staff(`/office/shows/${slug}/sales?q=eva`);
  await desk.getByRole("link", { name: "Give back" }).click();
  await shot(desk, "refund");
  const since = Date.now();
  await desk.getByRole("button", { name: "Give the money back" }).click();
  const ms = await gone(page, since);
  await page.getByRole("alert").getByText("This ticket was given back").waitFor();
  await shot(page, "void");
  const still = await until("no new picture for the stowaway", 10_000, async () => {
    const last = await hidden.evaluate(() => (window as unknown as { shownAt: number }).shownAt);
    return Date.now() - last > 1_000 && Math.max(1, last - since);
  });
  t.diagnostic(`gone after ${ms} ms; for who kept the grant after ${still} ms`);
  assert.ok(still <= GONE_MS);
  const playlist = await fetch(`${server.url}/hls/${slug}/index.m3u8`, { headers: { authorization: kept } });
  assert.equal(playlist.status, 403);
  await desk.locator(".order-row").getByText("Given back").first().waitFor();
  await open(page, ticket);
  await page.getByText("This ticket was given back.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Enter" }).count(), 0);
  const letter = await post.letter("eva@example.org", /^Given back: Second thoughts$/);
  assert.match(letter.text, /\$11\.20/);
});

test("a show is called off: everybody has their money back and a mail, and the picture is gone", async (t) => {
  const slug = await live({ title: "Stormy night" });
  const page = await device();
  const order = await buy(page, slug, "fay@example.org");
  const other = await device();
  await buy(other, slug, "gil@example.org");
  await enter(page);
  await picture(page);
  const desk = await staff(`/office/shows/${slug}/cancel`);
  await desk.getByText("2 tickets will be given back.").waitFor();
  await desk.getByLabel("Type the title to confirm").fill("Stormy night");
  const since = Date.now();
  await desk.getByRole("button", { name: "Call the show off" }).click();
  const ms = await gone(page, since);
  await shot(page, "cancelled");
  const letters = await Promise.all(["fay", "gil"].map((name) => post.letter(`${name}@example.org`, /^Cancelled: Stormy night$/)));
  t.diagnostic(`gone after ${ms} ms, both mails after ${Date.now() - since} ms: ${letters[0]?.subject}`);
  for (const letter of letters) assert.match(letter.text, /\$11\.20/);
  await open(page, order);
  await page.getByText("This ticket was given back.").waitFor();
  await open(page, `/shows/${slug}`);
  await page.getByText("This show was called off.").first().waitFor();
  assert.equal(await page.getByRole("link", { name: "Buy a ticket" }).count(), 0);
  await open(page, "/");
  assert.equal(await page.getByText("Stormy night").count(), 0, "it is not announced any longer");
});

test("the show ends: a ticket for the evening says so, one with the replay plays it", async () => {
  const slug = await live({ title: "An evening" });
  const [evening, both] = [await device(), await device()];
  await buy(evening, slug, "hugo@example.org");
  await enter(evening);
  await picture(evening);
  await buy(both, slug, "ines@example.org", "Live and replay");
  await enter(both);
  await picture(both);
  await api.post(`/shows/${slug}/end`);
  await evening.getByRole("heading", { name: "The show is over" }).waitFor();
  await evening.getByText("Rate the show on your ticket's page").waitFor();
  await evening.getByText("Your ticket was for the live show").waitFor();
  await shot(evening, "over");
  assert.equal(await evening.getByRole("button", { name: "Watch the replay" }).count(), 0);
  await both.getByRole("button", { name: "Watch the replay" }).click();
  await picture(both);
  await evening.reload({ waitUntil: "domcontentloaded" });
  await evening.getByRole("heading", { name: "The show is over" }).waitFor();
});

test("the server is killed and started again: whoever sits stays seated, and nobody is asked", async () => {
  const slug = await live({ title: "Lights out" });
  const page = await device();
  await buy(page, slug, "juan@example.org");
  await enter(page);
  await picture(page);
  await server.restart("SIGKILL");
  const { opened } = await page.evaluate(() => ({ opened: (window as unknown as { palco: { opened: number } }).palco.opened }));
  await until("a new session with a picture", 30_000, () =>
    page.evaluate((opened) => {
      const { palco } = window as unknown as { palco: { opened: number; phase: string } };
      return palco.opened > opened && palco.phase === "flowing";
    }, opened),
  );
  assert.ok((await page.locator("video").count()) > 0);
});
