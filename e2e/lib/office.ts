// The box office's own forms, as its pages send them.
import type { BrowserContext } from "playwright-core";
import type { Server } from "./server.ts";

type Fields = Record<string, string>;

const owner = { name: "Olga", email: "olga@house.example", password: "a long enough one" };

export class Office {
  private constructor(
    private readonly url: string,
    private readonly session: string,
  ) {}

  /** Makes the first owner of a server that has none, and signs in. */
  static async open(server: Server): Promise<Office> {
    const response = await post(server.url, "/office/first", { token: server.adminToken, ...owner });
    const cookie = response.headers.getSetCookie().find((it) => it.startsWith("palco-session="));
    if (response.status !== 303 || !cookie) throw new Error(`no first owner: ${response.status} ${wrong(await response.text())}`);
    return new Office(server.url, cookie.split(";")[0] ?? "");
  }

  /** Makes a show that is on sale with these kinds of tickets; gives its name in addresses. */
  async show(fields: Fields, kinds: Fields[]): Promise<string> {
    const all = { revision: "0", time_zone: "America/Mexico_City", currency: "USD", sales: "open", genre: "show", ...fields };
    const slug = (await this.send("/office/shows/new", all)).split("/")[3] ?? "";
    for (const [at, kind] of kinds.entries()) await this.send(`/office/shows/${slug}/tickets`, { position: String(at), on_sale: "1", ...kind });
    return slug;
  }

  /** Signs a browser in. */
  async lend(context: BrowserContext): Promise<void> {
    const [name = "", value = ""] = this.session.split("=");
    await context.addCookies([{ name, value, url: this.url }]);
  }

  /** A page or a paper of the office, as text. */
  async read(path: string): Promise<string> {
    const response = await fetch(this.url + path, { headers: { cookie: this.session }, redirect: "manual" });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${wrong(text)}`);
    return text;
  }

  /** Sends a form; gives where it leads. */
  async send(path: string, fields: Fields): Promise<string> {
    const response = await post(this.url, path, fields, this.session);
    const to = response.headers.get("location");
    if (response.status !== 303 || to === null) throw new Error(`${path}: ${response.status} ${wrong(await response.text())}`);
    return to;
  }
}

function post(url: string, path: string, fields: Fields, cookie = ""): Promise<Response> {
  const headers = { origin: url, cookie };
  return fetch(url + path, { method: "POST", redirect: "manual", headers, body: new URLSearchParams(fields) });
}

/** What a page of the office says is wrong. */
const wrong = (html: string): string => [...html.matchAll(/<p class="wrong">([^<]+)</g)].map((it) => it[1]).join("; ") || html.slice(0, 300);
