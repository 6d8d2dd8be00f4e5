/** The shell around `machine.ts`: peer connection, HTTP, timers. One `Link` is one session that mends itself. */

import { asFault, bearer, Fault, faultFrom } from "../api";
import { type Counts, type Cushion, noCushion, step as cushioned } from "./cushion";
import { type Input, type Machine, rest, step } from "./machine";
import { accepted, preferred, sessionUrl, wantRoundTrips, wantStereo } from "./sdp";

const STATS_MS = 1000;
/** How long a goodbye may take before the transport goes without it. */
const GOODBYE_MS = 1500;

export interface Facts {
  /** Sessions opened. */
  opened: number;
  /** From the first start to the first picture on screen, in ms. */
  firstPictureMs: number | null;
}

export abstract class Link {
  pc: RTCPeerConnection | null = null;
  machine: Machine;
  readonly facts: Facts = { opened: 0, firstPictureMs: null };
  private readonly listeners = new Set<() => void>();
  private readonly lossListeners = new Set<() => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private statsTimer: ReturnType<typeof setInterval> | undefined;
  private abort = new AbortController();
  private session: string | null = null;
  private startedAt = 0;

  constructor(
    readonly url: string,
    protected token: string | null,
    expects: boolean,
    /** Whom the server shall count. */
    private readonly viewer: string | null = null,
  ) {
    this.machine = rest(expects);
  }

  /** Says what it offers; called once per session. */
  protected abstract prepare(pc: RTCPeerConnection): void;
  /** How much has come or gone so far; growing means alive. Null: not measured. */
  protected abstract progress(stats: RTCStatsReport): number | null;

  start(): void {
    if (this.startedAt === 0) this.startedAt = performance.now();
    window.addEventListener("online", this.again);
    document.addEventListener("visibilitychange", this.seen);
    this.feed({ on: "start" });
  }

  stop(): void {
    window.removeEventListener("online", this.again);
    document.removeEventListener("visibilitychange", this.seen);
    this.feed({ on: "stop" });
  }

  /** Asks at once instead of at the next try. */
  readonly again = (): void => this.feed({ on: "now" });
  private readonly seen = (): void => {
    if (document.visibilityState === "visible") this.again();
  };

  renew(token: string | null): void {
    this.token = token;
  }

  expects(picture: boolean): void {
    this.feed({ on: "expects", picture });
  }

  brisk(brisk: boolean): void {
    this.feed({ on: "brisk", brisk });
  }

  /** The shell of the screen saw a new picture. */
  picture(): void {
    if (this.facts.firstPictureMs === null) this.facts.firstPictureMs = performance.now() - this.startedAt;
    this.feed({ on: "picture" });
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called just before a session's last picture would go dark. */
  onLoss(listener: () => void): () => void {
    this.lossListeners.add(listener);
    return () => this.lossListeners.delete(listener);
  }

  private feed(input: Input): void {
    const before = this.machine;
    const [machine, acts] = step(before, input, performance.now(), Math.random());
    this.machine = machine;
    for (const act of acts) {
      if (act === "open") void this.open();
      else this.close();
    }
    if (machine.due !== before.due) {
      clearTimeout(this.timer);
      if (machine.due !== null) this.timer = setTimeout(() => this.feed({ on: "tick" }), Math.max(0, machine.due - performance.now()) + 1);
    }
    if (machine !== before) for (const listener of this.listeners) listener();
  }

  private async open(): Promise<void> {
    this.abort = new AbortController();
    const { signal } = this.abort;
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.pc = pc;
    this.facts.opened += 1;
    try {
      this.prepare(pc);
      pc.oniceconnectionstatechange = () => {
        if (this.pc === pc) this.feed({ on: "ice", state: pc.iceConnectionState });
      };
      // DTLS may fail where ICE does not.
      pc.onconnectionstatechange = () => {
        if (this.pc === pc && pc.connectionState === "failed") this.feed({ on: "ice", state: "failed" });
      };
      const offer = await pc.createOffer();
      await pc.setLocalDescription({ type: "offer", sdp: wantRoundTrips(wantStereo(offer.sdp ?? "")) });
      if (signal.aborted) return;
      // At once, without candidates: the server is ICE-lite and learns our addresses from our checks.
      const answer = await this.post(pc.localDescription?.sdp ?? "", signal);
      if (accepted(answer) === 0) throw new Fault(0, "nothing_in_common", "The server and this browser share no codec.");
      await pc.setRemoteDescription({ type: "answer", sdp: answer });
      if (signal.aborted) return;
      this.feed({ on: "answered" });
      // The transport may have come up while the answer was being applied.
      this.feed({ on: "ice", state: pc.iceConnectionState });
      this.measure(pc);
    } catch (error) {
      if (!signal.aborted) this.feed({ on: "failed", fault: asFault(error) });
    }
  }

  private async post(sdp: string, signal: AbortSignal): Promise<string> {
    const url = new URL(this.url, location.href).href;
    const response = await fetch(url, { method: "POST", headers: { ...this.headers("application/sdp"), ...(this.viewer ? { "palco-viewer": this.viewer } : {}) }, body: sdp, signal, cache: "no-store" });
    // Even if we left meanwhile: what was opened must be closed.
    const session = response.ok ? sessionUrl(response.headers.get("location"), url) : null;
    if (signal.aborted && session) void this.end(session);
    if (!signal.aborted) this.session = session;
    const text = await response.text();
    if (!response.ok) throw faultFrom(response.status, text, response.headers.get("retry-after"));
    return text;
  }

  private headers(type?: string): Record<string, string> {
    return { ...(type ? { "content-type": type } : {}), ...bearer(this.token) };
  }

  private measure(pc: RTCPeerConnection): void {
    let last = 0;
    clearInterval(this.statsTimer);
    this.statsTimer = setInterval(async () => {
      if (this.pc !== pc) return;
      const now = this.progress(await pc.getStats());
      if (now !== null && now > last && this.pc === pc) {
        last = now;
        this.feed({ on: "picture" });
      }
    }, STATS_MS);
  }

  private close(): void {
    for (const listener of this.lossListeners) listener();
    this.abort.abort();
    clearInterval(this.statsTimer);
    const { pc, session } = this;
    this.pc = null;
    this.session = null;
    if (!session) return pc?.close();
    // The server is told first: a transport that closes under it would look like a loss.
    const timer = setTimeout(() => pc?.close(), GOODBYE_MS);
    void this.end(session).then(() => {
      clearTimeout(timer);
      pc?.close();
    });
  }

  /** Outlives the page: a closed tab must not leave a ghost on stage. */
  private async end(session: string): Promise<void> {
    try {
      await fetch(session, { method: "DELETE", headers: this.headers(), keepalive: true });
    } catch {
      // The server ends a session that fell silent by itself.
    }
  }
}

/**
 * Sound takes longer from the packet to the ear than a picture to the screen (Chromium: about 85 ms of jitter buffer
 * and 30 ms of device). A browser finds that out within ten seconds; pictures that wait from the start are in step
 * from the start.
 */
const LIPS_MS = 75;
/** From then on the browser knows better: sound settles to less, and pictures held any longer would come after it. */
const LIPS_S = 20;

/** Plays one Program, stage mix or performer (WHEP). */
export class Player extends Link {
  stream = new MediaStream();
  /** From the server to the screen, as far as a browser can tell: half the round trip, and the wait before it is shown. */
  delayMs: number | null = null;
  private waited = { seconds: 0, frames: 0 };
  private cushion: Cushion = noCushion;
  /** Seconds of this session. */
  private age = 0;

  protected prepare(pc: RTCPeerConnection): void {
    const stream = new MediaStream();
    this.stream = stream;
    this.cushion = noCushion;
    this.age = 0;
    this.delayMs = null;
    this.waited = { seconds: 0, frames: 0 };
    pc.addTransceiver("video", { direction: "recvonly" });
    pc.addTransceiver("audio", { direction: "recvonly" });
    for (const receiver of pc.getReceivers()) hold(receiver, null, true);
    pc.ontrack = ({ track }) => stream.addTrack(track);
  }

  protected progress(stats: RTCStatsReport): number | null {
    let frames: number | null = null;
    const counts: Counts = { received: 0, lost: 0, roundTripMs: null };
    let waited = { seconds: 0, frames: 0 };
    stats.forEach((entry: Entry) => {
      if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined) counts.roundTripMs = entry.currentRoundTripTime * 1000;
      if (entry.type !== "inbound-rtp" || entry.kind !== "video") return;
      frames = (frames ?? 0) + (entry.framesReceived ?? 0);
      counts.received += entry.packetsReceived ?? 0;
      counts.lost += entry.packetsLost ?? 0;
      waited = { seconds: entry.jitterBufferDelay ?? 0, frames: entry.jitterBufferEmittedCount ?? 0 };
    });
    this.delays(counts.roundTripMs, waited);
    this.hold(counts);
    return frames;
  }

  private delays(roundTripMs: number | null, waited: { seconds: number; frames: number }): void {
    const before = this.waited;
    this.waited = waited;
    const frames = waited.frames - before.frames;
    if (roundTripMs === null || frames <= 0) return;
    this.delayMs = roundTripMs / 2 + ((waited.seconds - before.seconds) / frames) * 1000;
  }

  /** Sound and picture wait alike: they belong together. */
  private hold(counts: Counts): void {
    const before = this.cushion.holdMs;
    this.cushion = cushioned(this.cushion, counts);
    this.age += 1;
    if (this.cushion.holdMs === before && this.age !== LIPS_S) return;
    for (const receiver of this.pc?.getReceivers() ?? []) hold(receiver, this.cushion.holdMs, this.age < LIPS_S);
  }
}

/** Where `jitterBufferTarget` is not known, the browser's own choice has to do. */
function hold(receiver: RTCRtpReceiver, ms: number | null, young: boolean): void {
  if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = ms ?? (young && receiver.track.kind === "video" ? LIPS_MS : null);
}

/** What is read of `RTCStats`. */
interface Entry {
  type: string;
  kind?: string;
  framesReceived?: number;
  packetsReceived?: number;
  packetsLost?: number;
  nominated?: boolean;
  currentRoundTripTime?: number;
  /** Seconds that all frames together waited, and how many they are. */
  jitterBufferDelay?: number;
  jitterBufferEmittedCount?: number;
}

/** What a performer's browser sends: enough for the mix, kind to an uplink. */
const SEND = { maxBitrate: 1_500_000, maxFramerate: 30 };

/** Publishes camera and microphone (WHIP). */
export class Publisher extends Link {
  private sender: { audio: RTCRtpSender | null; video: RTCRtpSender | null } = { audio: null, video: null };

  constructor(
    url: string,
    token: string,
    private source: MediaStream,
  ) {
    super(url, token, false);
  }

  protected prepare(pc: RTCPeerConnection): void {
    const video = pc.addTransceiver("video", { direction: "sendonly", streams: [this.source], sendEncodings: [SEND] });
    const audio = pc.addTransceiver("audio", { direction: "sendonly", streams: [this.source] });
    const codecs = RTCRtpSender.getCapabilities?.("video")?.codecs;
    try {
      if (codecs && "setCodecPreferences" in video) video.setCodecPreferences(preferred(codecs));
    } catch (error) {
      // Some browsers know fewer codecs here than they told; their own order will do.
      if (!(error instanceof DOMException)) throw error;
    }
    this.sender = { audio: audio.sender, video: video.sender };
    void this.put();
  }

  protected progress(): number | null {
    return null;
  }

  /** Other devices, same session: the director notices nothing. */
  replace(source: MediaStream): void {
    this.source = source;
    void this.put();
  }

  private async put(): Promise<void> {
    const { audio, video } = this.sender;
    try {
      await audio?.replaceTrack(this.source.getAudioTracks()[0] ?? null);
      await video?.replaceTrack(this.source.getVideoTracks()[0] ?? null);
    } catch (error) {
      // A closed connection takes no tracks; the next session is prepared with the new source.
      if (!(error instanceof DOMException)) throw error;
    }
  }
}
