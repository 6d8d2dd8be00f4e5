/** Tells the server what this viewer saw: when the picture came, every 15 s, when its way changed, and at the end. */

import { ask } from "../api";
import type { components } from "../api.generated";
import type { Playback } from "./playback";
import type { Way } from "./ways";
import { blind, look, told, type Witness } from "./witness";

type Sighting = components["schemas"]["PostSighting"];

const LOOK_MS = 250;
const TELL_MS = 15_000;

/** 16 hexadecimal digits that say nothing of who they are for; the page's own, as long as it is open. */
export function newViewer(): string {
  const bits = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bits, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Sightings {
  private witness: Witness = blind;
  private number = 0;
  private toldAt = 0;
  private toldWay: Way | null = null;
  /** When the show was first wished for: the page began, or the show did while the page waited. */
  private wishedAt: number;
  private joinedMs: number | null = null;

  constructor(
    private readonly playback: Playback,
    private readonly url: string,
    private readonly token: () => string | null,
    private readonly viewer: string,
  ) {
    this.wishedAt = performance.now();
    setInterval(this.pulse, LOOK_MS);
    // A page that is kept for the way back tells again when it is shown again.
    addEventListener("pagehide", () => {
      if (this.toldWay !== null) this.tell(true);
      this.toldWay = null;
    });
  }

  /** The show has only begun now: what was before was no waiting for a picture. */
  begins(): void {
    if (this.joinedMs === null) this.wishedAt = performance.now();
  }

  private readonly pulse = (): void => {
    const { playback } = this;
    const now = performance.now();
    const { way, shown, paused } = playback.view;
    const on = playback.ways.on && shown;
    // Where nobody looks the browser may show no pictures, and that is no freeze.
    const movedAt = document.hidden ? null : playback.movedAt;
    this.witness = look(this.witness, { watching: on && !paused, movedAt }, now);
    if (!on) {
      this.toldWay = null;
      return;
    }
    this.joinedMs ??= Math.max(0, playback.shownAt - this.wishedAt);
    if (this.toldWay !== way || now - this.toldAt >= TELL_MS) this.tell(false);
  };

  private tell(leaving: boolean): void {
    const { playback, witness } = this;
    const { way, live, behindMs } = playback.view;
    const delay = way === "webrtc" ? playback.player.delayMs : live && behindMs > 0 ? behindMs : null;
    const sighting: Sighting = {
      viewer: this.viewer,
      number: this.number,
      way,
      watched_ms: Math.round(witness.watchedMs),
      frozen_ms: Math.min(Math.round(witness.frozenMs), Math.round(witness.watchedMs)),
      freezes: witness.freezes,
      leaving,
      ...(this.number === 0 && this.joinedMs !== null ? { joined_ms: Math.round(this.joinedMs) } : {}),
      ...(delay === null ? {} : { delay_ms: Math.round(delay) }),
    };
    this.number += 1;
    this.toldAt = performance.now();
    this.toldWay = way;
    this.witness = told(witness);
    // It outlives the page. One that is lost is missed by nobody: the next tells of the time after it.
    ask(this.url, { method: "POST", token: this.token(), body: sighting, keepalive: true }).catch(() => undefined);
  }
}
