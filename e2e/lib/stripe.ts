// A stand-in for Stripe's API: Checkout Sessions, payment intents, refunds and webhooks, in memory. There is none to be
// had: localstripe (PyPI) knows no Checkout Sessions, and stripe-mock keeps nothing and pays nothing. What it does is
// what Stripe's documentation says ("Idempotent requests", "Checkout Sessions", "Refunds", "Webhook signatures").
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

export interface Intent {
  id: string;
  status: "succeeded" | "requires_payment_method";
  amount: number;
  currency: string;
}

export interface Session {
  id: string;
  object: "checkout.session";
  status: "open" | "complete" | "expired";
  payment_status: "paid" | "unpaid";
  payment_intent: string | null;
  client_reference_id: string | null;
  metadata: Record<string, string>;
  amount_total: number;
  currency: string;
  customer_email: string | null;
  success_url: string;
  cancel_url: string;
  expires_at: number;
  url: string | null;
}

export interface Refund {
  id: string;
  object: "refund";
  payment_intent: string;
  amount: number;
  currency: string;
  status: "succeeded";
}

/** One request as it came. */
export interface Heard {
  what: string;
  form: URLSearchParams;
  idempotency: string | undefined;
  /** What was answered; none if the line broke. */
  status: number | undefined;
  /** Whether the answer was that of an earlier request with the same key. */
  replayed: boolean;
}

interface StripeError {
  type: string;
  code?: string;
  message: string;
}

type Reply = { status: number; body: unknown };

/**
 * What goes wrong with the next request of its kind. `cut`: the line breaks before anything is done. `lost`: it is done,
 * and then the line breaks. An error that is `kept` is found again under its idempotency key, as Stripe keeps all that
 * it began to execute; one that is not comes from a door in front.
 */
export type Trouble = "cut" | "lost" | { status: number; error: StripeError; kept: boolean };

/** A request that is refused before it is executed: nothing is kept under its key. */
class Invalid extends Error {
  constructor(
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

const text = (form: URLSearchParams, key: string): string => {
  const value = form.get(key);
  if (!value) throw new Invalid(`Missing required param: ${key}.`);
  return value;
};

const name = (prefix: string): string => prefix + randomBytes(12).toString("hex");
const seconds = (): number => Math.floor(Date.now() / 1_000);
const refusal = (status: number, message: string, code?: string): Reply => {
  const error: StripeError = { type: "invalid_request_error", message, ...(code === undefined ? {} : { code }) };
  return { status, body: { error } };
};

export class StripeStandIn {
  readonly sessions = new Map<string, Session>();
  readonly intents = new Map<string, Intent>();
  readonly refunds: Refund[] = [];
  readonly heard: Heard[] = [];
  /** By idempotency key: what was asked and what was answered; none while it is being worked on. */
  private readonly kept = new Map<string, { asked: string; reply: Reply | undefined }>();
  private readonly troubles: { what: string; trouble: Trouble }[] = [];
  private readonly gates: { what: string; opened: Promise<void> }[] = [];

  private constructor(
    private readonly server: Server,
    private readonly key: string,
    readonly url: string,
  ) {}

  static async start(key: string): Promise<StripeStandIn> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const it = new StripeStandIn(server, key, `http://127.0.0.1:${address.port}`);
    server.on("request", (request, response) => {
      it.serve(request, response).catch(() => request.socket.destroy());
    });
    return it;
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    if (this.server.listening) await once(this.server, "close");
  }

  /** Has something go wrong with the next request to `what` (`POST /v1/refunds`). */
  next(what: string, trouble: Trouble): void {
    this.troubles.push({ what, trouble });
  }

  /** Keeps the next request to `what` waiting, after it was taken on; the answer lets it go. */
  hold(what: string): () => void {
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.gates.push({ what, opened });
    return open;
  }

  /** Requests of a kind, in order. */
  of(what: string): Heard[] {
    return this.heard.filter((it) => it.what === what);
  }

  /** The session whose page this address is. */
  sessionAt(url: string): Session {
    const found = [...this.sessions.values()].find((it) => it.url === url);
    if (!found) throw new Error(`no checkout at ${url}`);
    return found;
  }

  /** The buyer pays with a card. */
  pay(session: Session): Intent {
    if (session.status !== "open") throw new Error(`this checkout is ${session.status}`);
    const { amount_total: amount, currency } = session;
    const intent: Intent = { id: name("pi_"), status: "succeeded", amount, currency };
    this.intents.set(intent.id, intent);
    Object.assign(session, { status: "complete", payment_status: "paid", payment_intent: intent.id, url: null });
    return intent;
  }

  /** The body of an event about something as it is now, with a name of its own. */
  event(type: string, about: unknown): string {
    const data = { object: structuredClone(about) };
    const event = { id: name("evt_"), object: "event", api_version: "2024-06-20", created: seconds(), livemode: false, type, data };
    // Stripe's bodies are written so.
    return JSON.stringify(event, undefined, 2);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
    const idempotency = request.headers["idempotency-key"] as string | undefined;
    const what = `${request.method} ${url.pathname}`;
    const heard: Heard = { what, form, idempotency, status: undefined, replayed: false };
    this.heard.push(heard);
    const trouble = this.take(this.troubles, what)?.trouble;
    if (trouble === "cut") {
      request.socket.destroy();
      return;
    }
    let reply: Reply;
    if (request.headers.authorization !== `Bearer ${this.key}`) {
      reply = refusal(401, "Invalid API Key provided.");
    } else if (typeof trouble === "object" && !trouble.kept) {
      reply = { status: trouble.status, body: { error: trouble.error } };
    } else {
      reply = await this.once(heard, url, typeof trouble === "object" ? trouble : undefined);
    }
    if (trouble === "lost") {
      request.socket.destroy();
      return;
    }
    heard.status = reply.status;
    const headers = { "content-type": "application/json", "request-id": name("req_") };
    response.writeHead(reply.status, heard.replayed ? { ...headers, "idempotent-replayed": "true" } : headers);
    response.end(JSON.stringify(reply.body));
  }

  private take<T extends { what: string }>(list: T[], what: string): T | undefined {
    const at = list.findIndex((it) => it.what === what);
    return at < 0 ? undefined : list.splice(at, 1)[0];
  }

  /** Executes a request once for its idempotency key. */
  private async once(heard: Heard, url: URL, trouble: { status: number; error: StripeError } | undefined): Promise<Reply> {
    const { what, form, idempotency } = heard;
    const asked = `${what}?${form.toString()}`;
    const before = idempotency === undefined ? undefined : this.kept.get(idempotency);
    if (before) {
      const error: StripeError = { type: "idempotency_error", message: "" };
      if (before.asked !== asked) {
        error.message = "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        return { status: 400, body: { error } };
      }
      if (!before.reply) {
        error.code = "idempotency_key_in_use";
        error.message = "There is currently another in-progress request using this Idempotent Key.";
        return { status: 409, body: { error } };
      }
      heard.replayed = true;
      return before.reply;
    }
    if (idempotency !== undefined) this.kept.set(idempotency, { asked, reply: undefined });
    await this.take(this.gates, what)?.opened;
    try {
      const reply = trouble ? { status: trouble.status, body: { error: trouble.error } } : this.execute(heard, url);
      // An answer is kept as it was, whatever becomes of its object.
      if (idempotency !== undefined) this.kept.set(idempotency, { asked, reply: structuredClone(reply) });
      return reply;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      if (idempotency !== undefined) this.kept.delete(idempotency);
      return refusal(error.status, error.message);
    }
  }

  private execute({ what, form }: Heard, url: URL): Reply {
    if (what === "POST /v1/checkout/sessions") return { status: 200, body: this.open(form) };
    if (what === "POST /v1/refunds") return this.refund(form);
    const [, method, id, expire] = /^(GET|POST) \/v1\/checkout\/sessions\/(\w+)(\/expire)?$/.exec(what) ?? [];
    const session = this.sessions.get(id ?? "");
    if (!session || (method === "POST") !== (expire !== undefined)) return refusal(404, `No such thing: ${what}`, "resource_missing");
    if (expire) {
      if (session.status !== "open") return refusal(400, "Only Checkout Sessions with a status in [\"open\"] can be expired.");
      Object.assign(session, { status: "expired", url: null });
    }
    const expanded = url.searchParams.getAll("expand[]").includes("payment_intent");
    const intent = expanded && session.payment_intent !== null ? this.intents.get(session.payment_intent) : session.payment_intent;
    return { status: 200, body: { ...session, payment_intent: intent ?? null } };
  }

  private open(form: URLSearchParams): Session {
    if (text(form, "mode") !== "payment") throw new Invalid("Invalid mode.");
    const expires_at = Number(text(form, "expires_at"));
    const from_now = expires_at - seconds();
    if (!(from_now >= 30 * 60 && from_now <= 24 * 3_600)) {
      throw new Invalid("The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.");
    }
    let amount_total = 0;
    const currency = text(form, "line_items[0][price_data][currency]");
    for (let at = 0; form.has(`line_items[${at}][quantity]`); at += 1) {
      const line = `line_items[${at}]`;
      text(form, `${line}[price_data][product_data][name]`);
      amount_total += Number(text(form, `${line}[quantity]`)) * Number(text(form, `${line}[price_data][unit_amount]`));
    }
    const id = name("cs_test_");
    const session: Session = {
      id,
      object: "checkout.session",
      status: "open",
      payment_status: "unpaid",
      payment_intent: null,
      client_reference_id: form.get("client_reference_id"),
      metadata: { order: form.get("metadata[order]") ?? "" },
      amount_total,
      currency,
      customer_email: form.get("customer_email"),
      success_url: text(form, "success_url"),
      cancel_url: text(form, "cancel_url"),
      expires_at,
      url: `${this.url}/c/pay/${id}#fragment`,
    };
    this.sessions.set(id, session);
    return { ...session };
  }

  private refund(form: URLSearchParams): Reply {
    const intent = this.intents.get(text(form, "payment_intent"));
    if (!intent) return refusal(404, "No such payment_intent.", "resource_missing");
    const amount = Number(text(form, "amount"));
    const back = this.refunds.filter((it) => it.payment_intent === intent.id).reduce((sum, it) => sum + it.amount, 0);
    if (back === intent.amount) return refusal(400, "The charge has already been refunded.", "charge_already_refunded");
    if (!(amount > 0) || back + amount > intent.amount) return refusal(400, "Refund amount is greater than unrefunded amount on charge.");
    const refund: Refund = {
      id: name("re_"),
      object: "refund",
      payment_intent: intent.id,
      amount,
      currency: intent.currency,
      status: "succeeded",
    };
    this.refunds.push(refund);
    return { status: 200, body: refund };
  }
}

/** `Stripe-Signature` of a body, by one secret or by several while they are being changed. */
export function signature(body: string, secrets: string[], at = seconds(), scheme = "v1"): string {
  const tag = (secret: string): string => createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  return [`t=${at}`, ...secrets.map((secret) => `${scheme}=${tag(secret)}`)].join(",");
}
