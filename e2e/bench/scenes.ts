// What the browser benchmarks share: a show with a browser host and bots, and people who measure.
import type { Browser, BrowserContext, Page } from "playwright-core";
import { Api } from "../lib/api.ts";
import { Bot } from "../lib/bot.ts";
import { openBrowser, openContext } from "../lib/browser.ts";
import { installCamera, percentile } from "../lib/flashbeep.ts";
import { pictureSize, tilesOf } from "../lib/layout.ts";
import { Server } from "../lib/server.ts";
import { until } from "../lib/until.ts";
import { teachFacts, type Expected } from "../lib/viewer.ts";

export const slug = "bench";
const cameraTone = 2_500;

export interface Numbers {
  count: number;
  p50: number;
  p95: number;
  p99: number;
}

export function numbers(values: number[]): Numbers {
  const round = (part: number) => Math.round(percentile(values, part) * 10) / 10;
  return { count: values.length, p50: round(0.5), p95: round(0.95), p99: round(0.99) };
}

/** A live show: a browser host in the real studio first, then bots. */
export class Evening {
  private constructor(
    readonly server: Server,
    readonly api: Api,
    readonly browser: Browser,
    readonly host: Page | undefined,
    readonly hostId: string | undefined,
    readonly bots: Bot[],
  ) {}

  static async open(botCount: number, withHost: boolean): Promise<Evening> {
    const server = await Server.start(["--log", "warn"]);
    const api = new Api(server.url, server.adminToken);
    await api.post("/shows", { title: "Bench", slug });
    const browser = await openBrowser();
    let host: Page | undefined;
    let hostId: string | undefined;
    if (withHost) {
      const invited = await api.post(`/shows/${slug}/performers`, { name: "Browser" });
      hostId = invited.performer.id;
      const context = await openContext(browser);
      await installCamera(context, { ...pictureSize, colour: "#1f5fbf", tone: cameraTone });
      host = await context.newPage();
      await host.goto(new URL(invited.invitation_url, server.url).href);
      await host.getByRole("button", { name: "Join backstage" }).click();
    }
    const bots: Bot[] = [];
    for (let number = 0; number < botCount; number++) {
      const made = await api.post(`/shows/${slug}/performers`, { name: `Bot ${number}` });
      bots.push(await Bot.start(new URL(made.whip_url, server.url).href, made.whip_token, number));
    }
    const evening = new Evening(server, api, browser, host, hostId, bots);
    await evening.everybodyOnStage(botCount + (withHost ? 1 : 0));
    await api.post(`/shows/${slug}/start`);
    return evening;
  }

  private async everybodyOnStage(count: number): Promise<void> {
    const state = await until("everybody publishes", 30_000, async () => {
      const now = await this.api.get(`/shows/${slug}/state`);
      return now.performers.length === count && now.performers.every((it: { video: boolean }) => it.video) && now;
    });
    for (const { id } of state.performers) await this.api.patch(`/shows/${slug}/performers/${id}`, { role: "host" });
    await this.api.put(`/shows/${slug}/scene`, { layout: "grid" });
  }

  /** Everybody in the grid, hosts in order: the browser first, if there is one. */
  async expected(): Promise<Expected[]> {
    const tones = [...(this.host ? [cameraTone] : []), ...this.bots.map((bot) => bot.tone)];
    const tiles = await tilesOf("grid", tones.length);
    return tones.map((tone, index) => {
      const tile = tiles.get(String(index + 1));
      if (tile === undefined) throw new Error("the grid has no such tile");
      return { who: `host ${index + 1}`, tile, tone };
    });
  }

  async audience(): Promise<BrowserContext> {
    const context = await openContext(this.browser);
    await teachFacts(context);
    return context;
  }

  get watchUrl(): string {
    return `${this.server.url}/shows/${slug}/watch`;
  }

  async close(): Promise<void> {
    await this.browser.close();
    for (const bot of this.bots) await bot.stop();
    await this.server.stop();
  }
}
