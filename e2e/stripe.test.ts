// Tickets paid through Stripe: the real server against a stand-in for Stripe's API. What must hold however often, late,
// forged or not at all Stripe tells of it: one payment, one ticket, one line in the books, one refund. A test that is
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Office } from "./lib/office.ts";
import { Server } from "./lib/server.ts";
import { signature, StripeStandIn, type Session } from "./lib/stripe.ts";
import { until } from "./lib/until.ts";

const key = "sk_test_palcoE2e0123456789";
const secrets = ["whsec_a", "whsec_b"] as const;
/** $10 and fees of 7 % and 50 ¢, in cents. */
const price = 1_120;
const opening = "POST /v1/checkout/sessions";
const refunding = "POST /v1/refunds";
const form = { "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded" };

let stripe: StripeStandIn;
let server: Server;
let office: Office;
let shows = 0;

before(async () => {
  stripe = await StripeStandIn.start(key);
  server = await Server.start(["--stripe-key", key, "--stripe-url", stripe.url, "--stripe-webhook-secrets", secrets.join(",")]);
  office = await Office.open(server);
});

after(async () => {
  await server?.stop();
  await stripe?.stop();
});

interface Answer {
  status: number;
  headers: Headers;
  body: string;
  /** Where it leads. */
  to: string;
}

async function ask(path: string, init: RequestInit): Promise<Answer> {
  const all = { redirect: "manual" as const, signal: AbortSignal.timeout(25_000), ...init };
  const response = await fetch(new URL(path, server.url), all);
  const body = await response.text();
  return { status: response.status, headers: response.headers, body, to: response.headers.get("location") ?? "" };
}

const get = (path: string): Promise<Answer> => ask(path, {});

const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(path, { method: "POST", headers: { ...form, ...headers }, body: new URLSearchParams(fields) });

interface Show {
  slug: string;
  kind: string;
}

/** A show with so many seats at $10, on sale. */
async function show(seats: number): Promise<Show> {
  const title = `Night ${(shows += 1)}`;
  const starts_at = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 16);
  const listing = { title, starts_at, seats: `${seats}`, fee_percent: "7", fee_fixed: "0.50" };
  const slug = await office.show(listing, [{ name: "Live", price: "10" }]);
  const page = await get(`/shows/${slug}/buy`);
  const kind = /name="n-([0-9a-f]{16})"/.exec(page.body)?.[1];
  assert.ok(kind, page.body.slice(0, 2_000));
  return { slug, kind };
}

const fresh = (): string => randomBytes(16).toString("hex");

/** Presses the button. With the same `once` it is the same form, sent again. */
function press(at: Show, { quantity = 1, once = fresh(), lang = "en" } = {}): Promise<Answer> {
  const fields = { once, [`n-${at.kind}`]: `${quantity}`, email: "ana@example.com", name: "Ana", provider: "stripe", pay: "1" };
  return post(`/shows/${at.slug}/buy`, fields, { "accept-language": lang });
}

interface Order {
  session: Session;
  /** The page the buyer comes back to. */
  page: string;
}

/** Buys, up to Stripe's page. */
async function buy(at: Show, quantity = 1): Promise<Order> {
  const answer = await press(at, { quantity });
  assert.equal(answer.status, 303, answer.body.slice(0, 3_000));
  const session = stripe.sessionAt(answer.to);
  return { session, page: new URL(session.success_url).pathname };
}

/** Sends an event, as Stripe would. */
function tell(body: string, header: string | undefined): Promise<Answer> {
  const headers = { "content-type": "application/json; charset=utf-8", ...(header === undefined ? {} : { "stripe-signature": header }) };
  return ask("/webhooks/stripe", { method: "POST", headers, body });
}

async function told(type: string, about: unknown): Promise<void> {
  const body = stripe.event(type, about);
  const answer = await tell(body, signature(body, [secrets[1]]));
  assert.equal(answer.status, 200, answer.body);
}

/** Buys and pays, and Stripe says so. */
async function paid(at: Show): Promise<Order> {
  const order = await buy(at);
  stripe.pay(order.session);
  await told("checkout.session.completed", order.session);
  return order;
}

/** The office's statement: how many cents buyers paid, and how many went back. */
async function statement({ slug }: Show): Promise<{ gross: number; refunds: number }> {
  const lines = (await office.read(`/office/shows/${slug}/statement.csv`)).split("\r\n");
  assert.equal(lines[0], ",USD");
  const cents = (at: number): number => Math.round(Number(lines[at]?.split(",")[1]) * 100);
  return { gross: cents(1), refunds: cents(2) };
}

/** A show's orders in the office, newest first: how each stands, and where its tickets that are valid are given back. */
async function orders({ slug }: Show): Promise<{ state: string; refunds: string[] }[]> {
  const body = await office.read(`/office/shows/${slug}/sales`);
  return body.split('<li class="order-row">').slice(1).map((row) => ({
    state: /<span class="small soft">([^<]+)<\/span><\/p>/.exec(row)?.[1] ?? "",
    refunds: [...row.matchAll(/href="(\/office\/shows\/[\w-]+\/refund\/\w+\/\w+)"/g)].map((it) => it[1]!),
  }));
}

const states = async (at: Show): Promise<string[]> => (await orders(at)).map((it) => it.state);

/** The ticket of an order of one: its page, which lets one in. */
async function ticket({ page }: Order): Promise<Answer> {
  const back = await get(page);
  assert.equal(back.status, 303, back.body.slice(0, 3_000));
  assert.match(back.to, /^\/tickets\//);
  return get(back.to);
}

/** Staff gives the newest order's first ticket back. */
async function giveBack(at: Show): Promise<void> {
  const path = (await orders(at))[0]?.refunds[0];
  assert.ok(path, "no ticket to give back");
  await office.send(path, { reason: "asked" });
}

test("who pays has a ticket", async () => {
  const night = await show(1);
  const order = await buy(night);
  const { session } = order;
  assert.equal(session.amount_total, price);
  assert.equal(session.currency, "usd");
  assert.equal(session.customer_email, "ana@example.com");
  assert.equal(session.client_reference_id, session.metadata["order"]);
  const [asked] = stripe.of(opening).slice(-1);
  assert.equal(asked?.form.get("payment_intent_data[metadata][order]"), session.client_reference_id);
  assert.ok(asked?.idempotency?.includes(session.client_reference_id ?? "-"), asked?.idempotency);
  // Stripe sends the browser back to us, to a page whose address nobody guesses.
  assert.equal(new URL(session.success_url).port, new URL(server.url).port);
  assert.match(order.page, /^\/orders\/[0-9a-zA-Z_-]{22,}$/);

  // The only seat is held: nobody else gets it.
  assert.deepEqual(await states(night), ["Being paid"]);
  const late = await press(night);
  assert.equal(late.status, 422);
  assert.match(late.body, /Sold out/);
  assert.match((await get(order.page)).body, /We are waiting for your payment/);

  stripe.pay(session);
  // The secret is being changed: Stripe signs with both, and one of them we may not know yet.
  const body = stripe.event("checkout.session.completed", session);
  const answer = await tell(body, signature(body, ["whsec_unknown", secrets[1]]));
  assert.equal(answer.status, 200, answer.body);
  const looks = stripe.of(`GET /v1/checkout/sessions/${session.id}`).length;
  assert.deepEqual(await states(night), ["Paid"]);
  const { status, body: page } = await ticket(order);
  assert.equal(status, 200);
  assert.match(page, /action="\/tickets\/[^"]+\/enter"/);
  assert.equal(stripe.of(`GET /v1/checkout/sessions/${session.id}`).length, looks, "nobody asked: the webhook said it");
  assert.deepEqual(await statement(night), { gross: price, refunds: 0 });
});

for (const [what, expired] of [
  ["before", "first"],
  ["after", "last"],
  ["among", "shuffled"],
] as const) {
  test(`each event five times, "expired" ${what} "completed": one ticket`, async () => {
    const night = await show(2);
    const order = await buy(night);
    const { session } = order;
    const late = stripe.event("checkout.session.expired", { ...session, status: "expired", url: null });
    const intent = stripe.pay(session);
    const about = { object: "payment_intent", ...intent };
    const events = [
      stripe.event("checkout.session.completed", session),
      // Somebody pressed "Resend" in the dashboard, or two endpoints are subscribed.
      stripe.event("checkout.session.completed", session),
      stripe.event("checkout.session.async_payment_succeeded", session),
      stripe.event("payment_intent.succeeded", about),
      stripe.event("charge.updated", { object: "charge", payment_intent: intent.id }),
    ];
    if (expired === "shuffled") events.push(late);
    const five = (bodies: string[]): string[] => bodies.flatMap((body) => Array.from({ length: 5 }, () => body));
    const shuffled = five(events).map((body) => ({ body, at: Math.random() })).sort((a, b) => a.at - b.at).map((it) => it.body);
    const send = async (bodies: string[]): Promise<void> => {
      const answers = await Promise.all(bodies.map((body) => tell(body, signature(body, [secrets[0]]))));
      assert.deepEqual([...new Set(answers.map((it) => it.status))], [200]);
    };
    if (expired === "first") {
      await send(five([late]));
      assert.deepEqual(await states(night), ["Not paid"]);
    }
    await send(shuffled);
    if (expired === "last") await send(five([late]));
    const order_of_events = shuffled.map((body) => JSON.parse(body).type as string).join(", ");
    assert.deepEqual(await states(night), ["Paid"], order_of_events);
    assert.equal((await ticket(order)).status, 200);
    assert.deepEqual(await statement(night), { gross: price, refunds: 0 }, order_of_events);
    assert.deepEqual(stripe.refunds.filter((it) => it.payment_intent === intent.id), []);
    // The other seat is still there, and no third one is.
    await buy(night);
    assert.match((await press(night)).body, /Sold out/);
  });
}

test("who paid when the seat was gone gets the money back", async () => {
  const night = await show(1);
  const first = await buy(night);
  await told("checkout.session.expired", { ...first.session, status: "expired", url: null });
  const second = await paid(night);
  const intent = stripe.pay(first.session);
  await told("checkout.session.completed", first.session);
  await until("the money is on its way back", 10_000, () => stripe.refunds.some((it) => it.payment_intent === intent.id));
  assert.deepEqual(stripe.refunds.filter((it) => it.payment_intent === intent.id).map((it) => it.amount), [price]);
  assert.deepEqual((await states(night)).sort(), ["Not paid", "Paid"]);
  assert.equal((await ticket(second)).status, 200);
});

test("a webhook that is not Stripe's changes nothing", async () => {
  const night = await show(1);
  const order = await buy(night);
  const { session } = order;
  // What somebody would send who did not pay.
  const body = stripe.event("checkout.session.completed", { ...session, status: "complete", payment_status: "paid", payment_intent: "pi_forged00" });
  const now = Math.floor(Date.now() / 1_000);
  const right = signature(body, [secrets[0]], now);
  const tag = right.split("v1=")[1] ?? "";
  const forged: [string, string, string | undefined][] = [
    ["unsigned", body, undefined],
    ["an empty signature", body, ""],
    ["a signature of zeros", body, `t=${now},v1=${"0".repeat(64)}`],
    ["a signature with one digit wrong", body, `t=${now},v1=${tag.slice(0, -1)}${tag.endsWith("0") ? "1" : "0"}`],
    ["a signature cut short", body, `t=${now},v1=${tag.slice(0, 32)}`],
    ["another secret", body, signature(body, ["whsec_c"], now)],
    ["both secrets in one", body, signature(body, [secrets.join(",")], now)],
    ["no secret", body, signature(body, [""], now)],
    ["the API's key for a secret", body, signature(body, [key], now)],
    ["older than 300 s", body, signature(body, [secrets[0]], now - 310)],
    ["from the future", body, signature(body, [secrets[0]], now + 310)],
    ["an old one with a new time", body, `t=${now},v1=${signature(body, [secrets[0]], now - 310).split("v1=")[1]}`],
    ["two times", body, `t=${now},${right}`],
    ["no time", body, `v1=${tag}`],
    ["only the scheme for tests", body, signature(body, [secrets[0]], now, "v0")],
    ["a body with a space more", `${body} `, right],
    ["a body with another amount", body.replace(`${price}`, "1"), right],
    ["a body written again", JSON.stringify(JSON.parse(body)), right],
    ["no body", "", right],
    ["a signed body that is no event", "{}", signature("{}", [secrets[0]], now)],
    ["a signed body with a key twice", body.replace('"type"', '"type": "x", "type"'), signature(body.replace('"type"', '"type": "x", "type"'), [secrets[0]], now)],
  ];
  for (const [what, sent, header] of forged) {
    const { status } = await tell(sent, header);
    assert.ok(status >= 400 && status < 500, `${what}: ${status}`);
  }
  assert.deepEqual(await states(night), ["Being paid"]);
  assert.deepEqual(await statement(night), { gross: 0, refunds: 0 });
  assert.match((await get(order.page)).body, /We are waiting for your payment/);

  // And it was the signature that was wrong with them.
  stripe.pay(session);
  await told("checkout.session.completed", session);
  assert.deepEqual(await states(night), ["Paid"]);
});

test("a signed event about somebody else's checkout is taken and forgotten", async () => {
  const night = await show(1);
  const order = await buy(night);
  const foreign = { ...order.session, id: "cs_test_ofAnotherShop", client_reference_id: "0123456789abcdef", metadata: {} };
  await told("checkout.session.completed", { ...foreign, status: "complete", payment_status: "paid", payment_intent: "pi_another0" });
  await told("customer.created", { object: "customer", id: "cus_1" });
  assert.deepEqual(await states(night), ["Being paid"]);
});

test("a payment of another amount is no ticket: it goes back", async () => {
  const night = await show(1);
  const { session } = await buy(night);
  session.amount_total = 1;
  const intent = stripe.pay(session);
  await told("checkout.session.completed", session);
  await until("the money is on its way back", 10_000, () => stripe.refunds.some((it) => it.payment_intent === intent.id));
  assert.deepEqual(await states(night), ["Being paid"]);
});

test("without a webhook, coming back is enough", async () => {
  const night = await show(1);
  const order = await buy(night);
  assert.equal((await get(order.page)).status, 200);
  stripe.pay(order.session);
  const { status, body } = await ticket(order);
  assert.equal(status, 200);
  assert.match(body, /action="\/tickets\/[^"]+\/enter"/);
  assert.deepEqual(await statement(night), { gross: price, refunds: 0 });
  // It comes after all.
  await told("checkout.session.completed", order.session);
  assert.deepEqual(await statement(night), { gross: price, refunds: 0 });
});

test("while Stripe cannot be asked, the buyer is told to wait", async () => {
  const night = await show(1);
  const order = await buy(night);
  stripe.pay(order.session);
  stripe.next(`GET /v1/checkout/sessions/${order.session.id}`, "cut");
  const page = await get(order.page);
  assert.equal(page.status, 200);
  assert.match(page.body, /We are waiting for your payment/);
  assert.equal((await ticket(order)).status, 200);
});

test("giving up closes Stripe's page and frees the seat", async () => {
  const night = await show(1);
  const order = await buy(night);
  assert.equal((await post(`${order.page}/abandon`, {})).status, 303);
  assert.equal(order.session.status, "expired");
  assert.match((await get(order.page)).body, /This order was not paid/);
  await buy(night);
});

test("who paid in the moment of giving up has paid", async () => {
  const night = await show(1);
  const order = await buy(night);
  stripe.pay(order.session);
  assert.equal((await post(`${order.page}/abandon`, {})).status, 303);
  assert.equal((await ticket(order)).status, 200);
  assert.deepEqual(await statement(night), { gross: price, refunds: 0 });
});

test("a refund of the office is one refund of Stripe's", async () => {
  const night = await show(1);
  const order = await paid(night);
  await giveBack(night);
  await until("the money is back", 10_000, async () => (await get(order.page)).body.includes("said figures"));
  const made = stripe.refunds.filter((it) => it.payment_intent === order.session.payment_intent);
  assert.deepEqual(made.map((it) => it.amount), [price]);
  const asked = stripe.of(refunding).filter((it) => it.form.get("payment_intent") === order.session.payment_intent);
  assert.deepEqual(asked.map((it) => it.status), [200]);
  assert.ok(asked[0]?.idempotency, "there is an idempotency key");
  assert.deepEqual(await statement(night), { gross: price, refunds: price });
  // The seat is free, and giving the same ticket back again is refused.
  await buy(night);
});

test("a refund whose answer is lost is asked for again, and made once", async () => {
  const broken = { status: 500, error: { type: "api_error", message: "Sorry." }, kept: false };
  const cases = [];
  for (const trouble of [broken, "cut", "lost"] as const) {
    const night = await show(1);
    const order = await paid(night);
    const intent = order.session.payment_intent;
    const tries = () => stripe.of(refunding).filter((it) => it.form.get("payment_intent") === intent);
    stripe.next(refunding, trouble);
    await giveBack(night);
    await until("Stripe was asked", 10_000, () => tries().length === 1);
    const page = await get(order.page);
    assert.match(page.body, /class="notice figures"/, "the buyer is told that it is on its way");
    cases.push({ order, intent, tries, night });
  }
  assert.equal(cases.filter((it) => it.tries().length === 1).length, 3, "no try follows at once");
  // The clerk waits for half a minute. A restart with the hour set forward says the same sooner: what is due is in the
  // books, not in the process.
  await server.restart("SIGKILL", async () => {
    const forward = "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(\"update refunds set next_at = next_at - 30000 where state = 'wanted'\"); db.commit()";
    await promisify(execFile)("python3", ["-c", forward, join(server.data, "books.sqlite")]);
    return [];
  });
  for (const { order, intent, tries, night } of cases) {
    await until("the money is back", 10_000, async () => (await get(order.page)).body.includes("said figures"));
    const made = stripe.refunds.filter((it) => it.payment_intent === intent);
    assert.deepEqual(made.map((it) => it.amount), [price]);
    assert.equal(tries().length, 2);
    assert.equal(new Set(tries().map((it) => it.idempotency)).size, 1, "the same key");
    assert.deepEqual(await statement(night), { gross: price, refunds: price });
  }
  assert.deepEqual(cases.map((it) => it.tries()[1]?.replayed), [false, false, true]);
});

for (const [what, trouble] of [
  ["refuses", { status: 400, error: { type: "invalid_request_error", message: "Your account cannot currently make live charges." }, kept: true }],
  ["does not work", { status: 500, error: { type: "api_error", message: "Sorry." }, kept: false }],
  ["does not know our key", { status: 401, error: { type: "invalid_request_error", message: `Invalid API Key provided: ${key}` }, kept: false }],
  ["breaks off", "cut"],
] as const) {
  test(`when Stripe ${what}, the buyer is told, and the seat is free`, async () => {
    const night = await show(1);
    stripe.next(opening, trouble);
    const answer = await press(night);
    assert.equal(answer.status, 422);
    assert.match(answer.body, /role="alert"/);
    assert.match(answer.body, /Paying does not work at the moment\. You were not charged\./);
    assert.doesNotMatch(answer.body, /sk_test_/);
    assert.match(answer.body, /value="ana@example.com"/, "what was typed is still there");
    assert.deepEqual(await states(night), ["Not paid"]);
    assert.deepEqual(await statement(night), { gross: 0, refunds: 0 });
    await paid(night);
  });
}

test("the same form sent again leads to the same checkout", async () => {
  const night = await show(2);
  const once = fresh();
  const first = await press(night, { once });
  // The buyer comes back from Stripe's page and presses again, a second later: time is a part of what Stripe is asked.
  await until("the clock goes on", 3_000, () => Math.floor(Date.now() / 1_000) > stripe.sessionAt(first.to).expires_at - 31 * 60);
  const again = await press(night, { once });
  assert.deepEqual([first.status, again.status], [303, 303]);
  assert.equal(again.to, first.to);
  assert.deepEqual(await states(night), ["Being paid"]);
  const session = stripe.sessionAt(first.to);
  stripe.pay(session);
  assert.equal((await ticket({ session, page: new URL(session.success_url).pathname })).status, 200);
});

test("pressed twice at once, it is one order that can be paid", async () => {
  const night = await show(2);
  const once = fresh();
  const letGo = stripe.hold(opening);
  const asked = stripe.of(opening).length;
  const first = press(night, { once });
  await until("the first is at Stripe", 5_000, () => stripe.of(opening).length > asked);
  const second = await press(night, { once });
  letGo();
  const { to } = await first;
  assert.ok(second.status === 303 || second.status === 422, `${second.status}`);
  assert.deepEqual(await states(night), ["Being paid"]);
  const session = stripe.sessionAt(to);
  stripe.pay(session);
  assert.equal((await ticket({ session, page: new URL(session.success_url).pathname })).status, 200);
});

test("the last seat, and the form sent again: it is not sold out for who holds it", async () => {
  const night = await show(1);
  const once = fresh();
  const first = await press(night, { once });
  assert.equal(first.status, 303);
  const again = await press(night, { once });
  assert.equal(again.status, 303);
});

test("a form whose checkout was refused can be sent again", async () => {
  const night = await show(1);
  const once = fresh();
  stripe.next(opening, { status: 500, error: { type: "api_error", message: "Sorry." }, kept: false });
  const refused = await press(night, { once });
  assert.equal(refused.status, 422);
  // The form that came back may have another text: the order of the first is over.
  const [, kept] = /name="once" value="(\w+)"/.exec(refused.body) ?? [];
  const again = await press(night, { once: kept ?? once });
  assert.equal(again.status, 303);
  assert.ok(again.to.startsWith(stripe.url), again.to);
});

test("a refund that Stripe refused can be had when the reason is gone", async () => {
  const night = await show(1);
  const order = await paid(night);
  const empty = { type: "invalid_request_error", code: "balance_insufficient", message: "Insufficient funds in Stripe account." };
  stripe.next(refunding, { status: 400, error: empty, kept: true });
  await giveBack(night);
  const again = await until("the office is told why", 10_000, async () => {
    const body = await office.read(`/office/shows/${night.slug}/sales`);
    return body.includes(empty.message) && /action="(\/office\/shows\/[\w-]+\/again\/\w+\/\w+)"/.exec(body)?.[1];
  });
  assert.match((await get(order.page)).body, /could not be given back yet/);
  await office.send(again, {});
  await until("the money is back", 4_000, async () => (await get(order.page)).body.includes("said figures"));
  assert.deepEqual(stripe.refunds.filter((it) => it.payment_intent === order.session.payment_intent).map((it) => it.amount), [price]);
});

test("what Stripe says is for the staff, and the buyer reads it in her language", async () => {
  const night = await show(1);
  const error = { type: "invalid_request_error", message: "Your account cannot currently make live charges." };
  stripe.next(opening, { status: 400, error, kept: true });
  const { body } = await press(night, { lang: "es-MX" });
  const [, said] = /role="alert"[^]*?<ul>([^]*?)<\/ul>/.exec(body) ?? [];
  assert.ok(said);
  assert.doesNotMatch(said, /live charges|Stripe says/);
  assert.doesNotMatch(said, /The payment provider/);
});

test("a form without its own text is an order of its own, or none", async () => {
  const night = await show(3);
  const first = await press(night, { once: "" });
  const second = await press(night, { once: "" });
  for (const { status, body } of [first, second]) {
    assert.ok(status < 500, `${status}`);
    assert.doesNotMatch(body, /The books could not be written/);
  }
  if (first.status === 303) assert.notEqual(second.to, first.to, "one buyer is led to the other's order");
});

test("a cancelled show gives back what was paid, whatever becomes of one checkout", async () => {
  const night = await show(6);
  const held = [];
  for (let left = 5; left > 0; left -= 1) held.push(await buy(night));
  const order = await paid(night);
  // Stripe knows these no longer: the account's key was changed for another's.
  for (const { session } of held) stripe.sessions.delete(session.id);
  await office.send(`/office/shows/${night.slug}/cancel`, { title: `Night ${shows}` });
  const back = () => stripe.refunds.some((it) => it.payment_intent === order.session.payment_intent);
  await until("the money is back", 4_000, back);
});
