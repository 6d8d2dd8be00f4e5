/** Camera and microphone: asking for them, and saying in plain words why they did not come. */

export const OFF = "off";

export interface Wish {
  /** A device id, "" for any, "off" for none. */
  camera: string;
  microphone: string;
}

export type Trouble = "denied" | "insecure" | "none" | "busy" | "unknown";

export interface Source {
  stream: MediaStream;
  /** Why one of the two is missing although it was wished for. */
  trouble: Trouble | null;
}

/** Names of `DOMException` by the Media Capture specification §10.2. */
export function troubleOf(error: unknown): Trouble {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "none";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "unknown";
}

/** 1280x720 at 30 is what the mix can use. */
export function constraints(wish: Wish): MediaStreamConstraints {
  const device = (id: string): MediaTrackConstraints => (id ? { deviceId: { ideal: id } } : {});
  return {
    video:
      wish.camera === OFF
        ? false
        : {
            ...device(wish.camera),
            width: { ideal: 1280, max: 1280 },
            height: { ideal: 720, max: 1280 },
            frameRate: { ideal: 30, max: 30 },
            ...(wish.camera ? {} : { facingMode: "user" }),
          },
    audio:
      wish.microphone === OFF
        ? false
        : { ...device(wish.microphone), echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: { ideal: 1 } },
  };
}

const stop = (stream: MediaStream | null): void => stream?.getTracks().forEach((track) => track.stop());

/** Both if they can be had, else the one that can. Throws a [`Trouble`] when nothing can. */
export async function openSource(wish: Wish): Promise<Source> {
  if (!navigator.mediaDevices?.getUserMedia) throw "insecure" satisfies Trouble;
  if (wish.camera === OFF && wish.microphone === OFF) return { stream: new MediaStream(), trouble: null };
  const all = constraints(wish);
  const get = (some: MediaStreamConstraints): Promise<MediaStream> => navigator.mediaDevices.getUserMedia(some);
  try {
    return { stream: await get(all), trouble: null };
  } catch (error) {
    const trouble = troubleOf(error);
    // A refusal concerns both: asking for each would only ask the person twice more.
    if (trouble === "denied" || !all.video || !all.audio) throw trouble;
    for (const some of [
      { audio: all.audio, video: false },
      { audio: false, video: all.video },
    ]) {
      try {
        return { stream: await get(some), trouble };
      } catch {
        // The other one may still come; if neither does, the first reason is the one to tell.
      }
    }
    throw trouble;
  }
}

export const closeSource = stop;

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

export async function listDevices(): Promise<Devices> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return {
    cameras: all.filter((it) => it.kind === "videoinput"),
    microphones: all.filter((it) => it.kind === "audioinput"),
  };
}
