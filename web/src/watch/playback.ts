/**
 * The shell around `ways.ts`: one element for WebRTC, one for HLS, and which of the two is on screen. The old
 * one stays on screen, and heard, until the new one has a picture: a swap is at most a short skip.
 */

import type { Player } from "../rtc/link";
import { freeze, onPicture, play } from "../ui/video";
import { type Ask, fetchAhead, HlsSource, type Place } from "./hls";
import { type Input, rest, STALL_MS, step, wantsWebRtc, type Way, type Ways, type Wish, wishedHeight } from "./ways";

const PULSE_MS = 200;
/** Where the library is not in hand when WebRTC fails, fetching it is part of the gap. */
const FETCH_AFTER_MS = 1000;
/** Nearer than this to the newest is live. */
const LIVE_S = 4;
/** Playback that stalled its way to here goes back to live. */
const LATE_S = 10;

/** What the controls show. */
export interface View {
  /** On screen now. */
  way: Way;
  wish: Wish;
  live: boolean;
  paused: boolean;
  /** Nothing new has been on screen for a moment. */
  stalled: boolean;
  /** Something has been on screen. */
  shown: boolean;
  place: Place | null;
  behindMs: number;
}

export class Playback {
  ways: Ways = rest;
  /** What is on screen; `ways.way` is what shall be. */
  way: Way = "webrtc";
  replaying = false;
  /** The browser would not play sound without a gesture. */
  silenced: () => void = () => undefined;
  private source: HlsSource | null = null;
  private hlsVideo: HTMLVideoElement | null = null;
  private rtcVideo: HTMLVideoElement | null = null;
  private still: HTMLCanvasElement | null = null;
  private readonly listeners = new Set<() => void>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private onSince = 0;
  private frames = 0;
  private at = -1;
  /** When something new was last on screen, by this page's clock. */
  movedAt = 0;
  /** When something first was. */
  shownAt = 0;
  private shown = false;
  /** Seconds behind that the playlist shall be opened at. */
  private behindS: number | null = null;
  private turn = 0;
  /** What the viewer wants: an element that is given something new forgets that it was playing. */
  private playing = true;

  constructor(
    readonly player: Player,
    private readonly url: string,
    private readonly token: () => string | null,
    private readonly viewer: string,
  ) {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.feed({ on: "seen" });
    });
  }

  /** The elements on the page; null when they are gone. */
  readonly rtcElement = (video: HTMLVideoElement | null): void => {
    this.rtcVideo = video;
  };
  readonly hlsElement = (video: HTMLVideoElement | null): void => {
    this.source?.dispose();
    this.source = null;
    this.hlsVideo = video;
    if (!video) return;
    this.source = new HlsSource(this.url, this.token, this.viewer, video, {
      unable: () => this.feed({ on: "unable" }),
      losing: () => {
        if (this.still && video.videoWidth > 0 && this.way === "hls") freeze(video, this.still);
      },
    });
    // Whoever stops a live picture wants to go on from there; what stops it out of sight is the browser.
    video.addEventListener("pause", () => {
      if (document.hidden || !this.source?.opened || this.way === "webrtc") return;
      this.playing = false;
      if (!this.replaying && !video.ended) this.feed({ on: "rewound", rewound: true });
    });
    // By the keys of a keyboard, or from the small window on top of the others.
    video.addEventListener("play", () => {
      this.playing = true;
    });
    if (this.replaying) this.openReplay();
    else this.settle();
  };
  readonly stillElement = (canvas: HTMLCanvasElement | null): void => {
    this.still = canvas;
  };

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The show is on, or is not. */
  show(live: boolean): void {
    if (live && !this.ways.on) this.onSince = performance.now();
    this.replaying = false;
    this.feed({ on: "show", live });
    if (!live) this.player.stop();
    this.pulsing(live);
  }

  /** Plays what was recorded; somebody who is in the middle of it stays there. */
  replay(): void {
    if (this.replaying) return;
    const goesOn = this.ways.rewound && this.way === "hls";
    this.player.stop();
    this.ways = { ...this.ways, on: false, way: "hls", due: null };
    this.replaying = true;
    this.pulsing(true);
    if (goesOn) this.changed();
    else this.openReplay();
  }

  wish(wish: Wish): void {
    this.feed({ on: "wish", wish });
    if (this.replaying) {
      if (wish === "audio" || this.source?.opened?.picture === false) this.openReplay();
      else this.source?.quality(wishedHeight(wish));
    }
  }

  /** Goes back or on by seconds. */
  skip(seconds: number): void {
    const { place } = this.view;
    if (this.replaying || this.ways.rewound) {
      if (place) this.to(place.edge - place.at - seconds);
    } else if (seconds < 0) this.to((place ? place.edge - place.at : 0) - seconds);
  }

  /** Goes to so many seconds behind the newest. */
  to(behindS: number): void {
    const { source } = this;
    if (!this.replaying && behindS < LIVE_S) return this.live();
    const place = source?.opened?.picture === false ? null : source?.place;
    this.behindS = behindS;
    if (place && this.way !== "webrtc") source?.seek(place.edge - behindS);
    this.feed({ on: "rewound", rewound: true });
    this.changed();
  }

  /** There is a new token to show at the doors. */
  renewed(): void {
    this.source?.renewed();
  }

  live(): void {
    if (this.replaying) return;
    this.behindS = null;
    this.source?.live();
    this.playing = true;
    this.feed({ on: "rewound", rewound: false });
  }

  pause(): void {
    const video = this.hlsVideo;
    if (!video || this.way === "webrtc") return;
    this.playing = !this.playing;
    if (this.playing) this.start(video);
    else video.pause();
    this.changed();
  }

  get screen(): HTMLVideoElement | null {
    return this.way === "webrtc" ? this.rtcVideo : this.hlsVideo;
  }

  /** Nothing plays by any way, and what was tried is not about to. */
  get hopeless(): boolean {
    return !this.shown && (!this.ways.able || (this.source?.failures ?? 0) >= 3);
  }

  get view(): View {
    const place = this.way === "webrtc" ? null : (this.source?.place ?? null);
    const behindMs = place ? ((this.replaying ? null : place.behindMs) ?? (place.edge - place.at) * 1000) : 0;
    return {
      way: this.way,
      wish: this.ways.wish,
      live: !this.replaying && !this.ways.rewound,
      paused: this.way !== "webrtc" && !this.playing,
      stalled: (this.ways.on || this.replaying) && performance.now() - this.movedAt > STALL_MS,
      shown: this.shown,
      place,
      behindMs: Math.max(0, behindMs),
    };
  }

  private feed(input: Input): void {
    const before = this.ways;
    this.ways = step(before, input, performance.now());
    if (this.ways.way !== before.way || this.ways.wish !== before.wish || this.ways.rewound !== before.rewound || this.ways.on !== before.on) {
      this.settle();
      this.changed();
    }
  }

  /** Makes what plays what shall play. */
  private settle(): void {
    const { ways, source, player } = this;
    if (this.replaying || !ways.on) {
      if (!this.replaying && source?.opened) this.leaveHls();
      return;
    }
    player.brisk(ways.way !== "webrtc");
    if (wantsWebRtc(ways)) player.start();
    else player.stop();
    if (ways.way === "webrtc") return;
    const opened = source?.opened;
    const picture = ways.way === "hls";
    if (opened?.picture === picture) source?.quality(wishedHeight(ways.wish));
    else {
      const place = this.way === "webrtc" ? null : source?.place;
      const behindS = ways.rewound ? (place ? place.edge - place.at : this.behindS) : null;
      this.open({ picture, height: wishedHeight(ways.wish), behindS, replay: false });
    }
  }

  private start(video: HTMLVideoElement): void {
    play(video, () => this.silenced());
  }

  private openReplay(): void {
    const place = this.source?.place;
    const picture = this.ways.wish !== "audio";
    this.open({ picture, height: wishedHeight(this.ways.wish), behindS: place ? place.edge - place.at : null, replay: true });
  }

  private open(ask: Ask): void {
    const { source, hlsVideo } = this;
    if (!source || !hlsVideo) return;
    const turn = ++this.turn;
    this.playing = true;
    source.open(ask);
    const ready = (): void => {
      if (turn === this.turn) this.screens(ask.picture ? "hls" : "audio");
    };
    if (ask.picture) onPicture(hlsVideo, ready);
    else hlsVideo.addEventListener("timeupdate", ready, { once: true });
  }

  private leaveHls(): void {
    this.turn += 1;
    this.source?.close();
    this.screens("webrtc");
  }

  /** Puts a way on screen. */
  private screens(way: Way): void {
    const old = this.screen;
    if (this.still) this.still.hidden = true;
    if (this.way === way) return;
    this.way = way;
    const { screen } = this;
    if (old !== screen && document.pictureInPictureElement === old && old) screen?.requestPictureInPicture().catch(() => undefined);
    this.changed();
  }

  private pulsing(on: boolean): void {
    clearInterval(this.timer);
    if (on) this.timer = setInterval(this.pulse, PULSE_MS);
  }

  private readonly pulse = (): void => {
    const now = performance.now();
    const { rtcVideo, hlsVideo } = this;
    if (rtcVideo && wantsWebRtc(this.ways)) {
      const frames = rtcVideo.getVideoPlaybackQuality().totalVideoFrames;
      // Where nobody looks the browser may count no pictures; the session's own statistics must do.
      const fresh = document.hidden ? this.player.machine.phase === "flowing" : frames !== this.frames && frames > 0;
      this.frames = frames;
      if (fresh) {
        if (this.way === "webrtc") this.moved(now);
        this.feed({ on: "picture" });
        if (this.ways.way === "webrtc" && this.way !== "webrtc") this.leaveHls();
      }
    }
    if (hlsVideo && this.source?.opened) {
      const at = hlsVideo.currentTime;
      if (at !== this.at || !this.playing) {
        if (this.way !== "webrtc") this.moved(now);
        if (at !== this.at && this.still && hlsVideo.readyState >= 2) this.still.hidden = true;
        this.feed({ on: "played" });
      }
      this.at = at;
      if (hlsVideo.paused && this.playing && !hlsVideo.ended) this.start(hlsVideo);
      const place = this.source.place;
      if (place && this.way !== "webrtc" && !this.ways.rewound && !this.replaying && place.edge - at > LATE_S && hlsVideo.readyState >= 2) this.source.live();
    }
    this.feed({ on: "tick" });
    if (this.ways.on && now - this.onSince > FETCH_AFTER_MS) fetchAhead();
    // The place moves all the time; nobody reads it faster than this.
    if (this.way !== "webrtc" || this.view.stalled) this.changed();
  };

  private moved(now: number): void {
    this.movedAt = now;
    if (!this.shown) this.shownAt = now;
    this.shown = true;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
