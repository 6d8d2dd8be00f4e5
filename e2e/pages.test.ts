// The pages' states without media: what somebody reads who comes early, late, uninvited or by keyboard.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { Api, faultOf } from "./lib/api.ts";
import { openBrowser, openContext } from "./lib/browser.ts";
import { Server } from "./lib/server.ts";
import { until } from "./lib/until.ts";

let server: Server;
let api: Api;
let browser: Browser;
let invitation: string;
/** What pages complained about. */
let complaints: string[] = [];
const open: BrowserContext[] = [];

declare global {
  var violations: string[] | undefined;
}

before(async () => {
  server = await Server.start();
  api = new Api(server.url, server.adminToken);
  const starts_at = new Date(Date.now() + 26 * 3_600_000).toISOString();
  await api.post("/shows", { title: "Soon", slug: "soon", starts_at, description: "Two voices and a piano." });
  await api.post("/shows", { title: "Some day", slug: "some-day" });
  for (const slug of ["paused", "over"]) {
    await api.post("/shows", { title: `A show that is ${slug}`, slug });
    await api.post(`/shows/${slug}/start`);
  }
  await api.post("/shows/paused/pause");
  await api.post("/shows/over/end");
  await api.post("/shows", { title: "Members only", slug: "members", door: "grant" });
  await api.post("/shows/members/start");
  ({ invitation_url: invitation } = await api.post("/shows/soon/performers", { name: "Hana" }));
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach(async () => {
  for (const context of open.splice(0)) await context.close();
  const said = complaints;
  complaints = [];
  assert.deepEqual(said, [], "no page complained");
});

interface Visitor {
  size?: { width: number; height: number };
  languages?: string;
}

async function visit(path: string, { size, languages }: Visitor = {}): Promise<Page> {
  const context = await openContext(browser, size, languages);
  open.push(context);
  await context.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.violations?.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`${path}: ${error.message}`));
  page.on("console", (message) => {
    // A refusal is an answer: Chromium notes each by itself, and the page says it in words.
    const refused = /^Failed to load resource: .* status of (401|403|404|409) /.test(message.text());
    if (message.type() === "error" && !refused) complaints.push(`${path}: ${message.text()}`);
  });
  await page.goto(new URL(path, server.url).href, { waitUntil: "domcontentloaded" });
  return page;
}

/** What must hold for every page in every state. */
async function isWellMade(page: Page): Promise<void> {
  assert.deepEqual(await page.evaluate(() => globalThis.violations), [], "the content security policy holds");
  assert.notEqual(await page.title(), "");
  const sizes = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth] as const);
  assert.ok(sizes[0] <= sizes[1], `nothing is wider than the window: ${sizes.join(" > ")}`);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, a, input, select")]
      .filter((it) => (it as HTMLElement).offsetParent !== null)
      .filter((it) => {
        const labels = [...((it as HTMLInputElement).labels ?? [])].map((label) => label.textContent);
        return ![it.textContent, it.ariaLabel, it.getAttribute("placeholder"), ...labels].some((name) => name?.trim());
      })
      .map((it) => it.outerHTML.slice(0, 120)),
  );
  assert.deepEqual(nameless, [], "every control has a name");
}

const heading = (page: Page, name: string) => page.getByRole("heading", { name, exact: true }).waitFor();

test("a show to come: title, description, countdown and time, and that it opens by itself", async () => {
  const page = await visit("/shows/soon/watch");
  await heading(page, "Soon");
  await page.getByText("Two voices and a piano.").waitFor();
  const timer = page.getByRole("timer");
  const first = await timer.innerText();
  assert.match(first, /^\s*1\s+day\s/);
  await until("the countdown counts", 5_000, async () => (await page.locator("time").count()) === 1);
  assert.match(await page.locator("time").innerText(), /\d{1,2}[:.]\d{2}/);
  await page.getByRole("status").filter({ hasText: "the picture opens by itself" }).waitFor();
  await isWellMade(page);
});

test("a show without a date has not begun", async () => {
  const page = await visit("/shows/some-day/watch");
  await heading(page, "Some day");
  await page.getByText("The show has not begun.").waitFor();
  await isWellMade(page);
});

test("a page that waits goes live by itself when the director starts", async () => {
  await api.post("/shows", { title: "Any moment", slug: "moment" });
  const page = await visit("/shows/moment/watch");
  await page.getByText("The show has not begun.").waitFor();
  await api.post("/shows/moment/start");
  await page.getByRole("button", { name: "Turn on the sound" }).waitFor();
  await api.post("/shows/moment/end");
  await heading(page, "The show is over");
});

test("a paused show says so", async () => {
  const page = await visit("/shows/paused/watch");
  await heading(page, "A show that is paused");
  await page.getByText("Paused", { exact: true }).waitFor();
  await isWellMade(page);
});

test("a show that is over says so, with what to do next", async () => {
  const page = await visit("/shows/over/watch");
  await heading(page, "The show is over");
  await page.getByRole("link", { name: "See what's next" }).waitFor();
  await isWellMade(page);
});

test("a show that nobody knows, and a page that nobody knows", async () => {
  const page = await visit("/shows/nowhere/watch");
  await heading(page, "We don't know this show");
  await isWellMade(page);
  const lost = await visit("/no/such/page");
  await heading(lost, "There is nothing on this stage");
  await isWellMade(lost);
});

test("doors that want a grant stay closed without one and with one that has expired", async () => {
  const without = await visit("/shows/members/watch");
  await heading(without, "You need a ticket");
  await isWellMade(without);

  const { url, token } = await api.post("/shows/members/viewer-links", { expires_in_s: 1 });
  const held = api.withToken(token);
  await until("the grant has expired", 10_000, async () => {
    const fault = await faultOf(held.call("POST", "/whep/members", "v=0", { "content-type": "application/sdp" }));
    return fault.code === "token_expired";
  });
  const late = await visit(url);
  await heading(late, "The doors are closed to this link");
  await late.getByText("That link has expired.").waitFor();
  assert.ok(!late.url().includes(token), "the grant is not left in the address");

  const good = await api.post("/shows/members/viewer-links");
  const inside = await visit(good.url);
  await inside.getByRole("button", { name: "Turn on the sound" }).waitFor();
});

test("the desk without a token asks for one, refuses a wrong one, and opens with a director's link", async () => {
  const page = await visit("/desk/soon");
  await heading(page, "The director's desk");
  await isWellMade(page);
  await page.getByLabel("Director's link or token").fill("nonsense");
  await page.getByRole("button", { name: "Open the desk" }).click();
  await page.getByText("That link or token is not valid.").waitFor();
  const { url, token } = await api.post("/shows/soon/director-links");
  await page.getByLabel("Director's link or token").fill(url);
  await page.getByRole("button", { name: "Open the desk" }).click();
  await page.getByRole("button", { name: "Start the show" }).waitFor();
  assert.ok(!page.url().includes(token));
  await isWellMade(page);

  const other = await api.post("/shows/some-day/director-links");
  const wrong = await visit(`/desk/soon#k=${other.token}`);
  await heading(wrong, "The director's desk");
});

test("an invitation that nobody made does not work", async () => {
  const page = await visit("/stage/AAAAAAAAAAAAAAAAAAAAAA");
  await heading(page, "This invitation does not work");
  await isWellMade(page);
});

test("the house lists what is on, what comes and what was", async () => {
  const page = await visit("/");
  await page.getByRole("heading", { name: "Schedule" }).waitFor();
  await page.getByRole("link", { name: "Watch now" }).first().waitFor();
  await page.getByRole("link", { name: "Soon", exact: true }).first().waitFor();
  await page.getByText("A show that is over").first().waitFor();
  await isWellMade(page);
});

test("a visitor whose browser speaks Spanish reads Spanish, until they choose otherwise", async () => {
  const page = await visit("/shows/some-day/watch", { languages: "es-PE" });
  await page.getByText("La función aún no empieza.").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "es");
  await page.getByRole("button", { name: "English" }).first().click();
  await page.getByText("The show has not begun.").waitFor();
  await page.reload({ waitUntil: "domcontentloaded" });
  await page.getByText("The show has not begun.").waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
});

/** Presses Tab until this has the focus; what a person without a mouse does. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    if ((await focused.count()) === 0) continue;
    const text = await focused.evaluate((it) => it.ariaLabel ?? it.textContent ?? "");
    if (text.trim() !== name) continue;
    const ring = await focused.evaluate((it) => getComputedStyle(it).outlineStyle !== "none" || getComputedStyle(it).boxShadow !== "none");
    assert.ok(ring, `${name} shows that it has the focus`);
    return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

test("by keyboard alone: a performer joins, a viewer turns on the sound", async () => {
  const studio = await visit(invitation);
  await studio.locator("button:enabled", { hasText: "Join backstage" }).waitFor();
  await tabTo(studio, "Join backstage");
  await studio.keyboard.press("Enter");
  await studio.getByRole("status").filter({ hasText: "The audience neither sees nor hears you." }).waitFor();
  await isWellMade(studio);
  await tabTo(studio, "Leave");
  await studio.keyboard.press("Enter");
  await heading(studio, "You left the stage");

  const seat = await visit("/shows/paused/watch");
  await seat.getByRole("button", { name: "Turn on the sound" }).waitFor();
  await tabTo(seat, "Turn on the sound");
  await seat.keyboard.press("Enter");
  await seat.getByRole("button", { name: "Turn off the sound" }).waitFor();
});

test("on a phone every page fits", async () => {
  const { token } = await api.post("/shows/soon/director-links");
  const paths = ["/", "/shows/soon/watch", "/shows/paused/watch", "/shows/over/watch", "/shows/nowhere/watch", invitation, `/desk/soon#k=${token}`, "/desk/soon", "/nothing"];
  for (const path of paths) {
    const page = await visit(path, { size: { width: 360, height: 640 } });
    await page.locator("h1").first().waitFor();
    await until(`${path} is drawn`, 10_000, () => page.evaluate(() => document.title !== "" && document.querySelector("[aria-busy=true]") === null));
    await isWellMade(page);
    await open.pop()?.close();
  }
});
