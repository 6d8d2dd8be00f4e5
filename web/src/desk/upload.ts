/** A clip on its way in. `XMLHttpRequest`, because `fetch` tells no progress of what it sends. */

import { useCallback, useRef, useState } from "preact/hooks";
import { type Fault, faultFrom, offline } from "../api";
import type { Desk } from "./actions";

export interface Upload {
  id: number;
  name: string;
  /** 0..1; 1 while the server looks at what came. */
  share: number;
  fault: Fault | null;
  cancel: () => void;
}

export interface Uploads {
  all: Upload[];
  send(file: File): void;
  dismiss(id: number): void;
}

export function useUploads(desk: Desk): Uploads {
  const [all, setAll] = useState<Upload[]>([]);
  const next = useRef(0);
  const dismiss = useCallback((id: number) => setAll((before) => before.filter((it) => it.id !== id)), []);
  const send = (file: File): void => {
    const id = next.current++;
    const request = new XMLHttpRequest();
    const change = (some: Partial<Upload>): void => setAll((before) => before.map((it) => (it.id === id ? { ...it, ...some } : it)));
    request.upload.onprogress = (event) => event.lengthComputable && change({ share: event.loaded / event.total });
    request.upload.onload = () => change({ share: 1 });
    request.onerror = () => change({ fault: offline() });
    request.onabort = () => dismiss(id);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) dismiss(id);
      else change({ fault: faultFrom(request.status, request.responseText) });
    };
    request.open("POST", `${desk.base}/clips?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("authorization", `Bearer ${desk.token}`);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.send(file);
    setAll((before) => [...before, { id, name: file.name, share: 0, fault: null, cancel: () => request.abort() }]);
  };
  return { all, send, dismiss };
}
