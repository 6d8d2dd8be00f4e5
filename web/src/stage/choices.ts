import type { Choice } from "../ui/parts";
import { OFF } from "./devices";

/** What there is to pick from, with what is in use even when no list names it. */
export function choices(devices: Pick<MediaDeviceInfo, "deviceId" | "label">[], value: string, any: string, none: string): Choice[] {
  const named = devices.filter((it) => it.deviceId !== "").map((it, at) => ({ value: it.deviceId, text: it.label || `${any} ${at + 1}` }));
  const known = value === OFF || named.some((it) => it.value === value);
  return [...(known ? [] : [{ value, text: any }]), ...named, { value: OFF, text: none }];
}
