/** How loud: a bar that moves without drawing the page again. */

import { useEffect, useRef } from "preact/hooks";

/** −60 dBFS is nothing to see, 0 is all. */
export const share = (dbfs: number): number => Math.min(1, Math.max(0, (dbfs + 60) / 60));

/** Levels by id, told to whoever shows them. */
export class Levels {
  private readonly rooms = new Map<string, Set<(share: number) => void>>();

  tell(levels: Record<string, number>): void {
    for (const [id, listeners] of this.rooms) {
      const level = share(levels[id] ?? -90);
      for (const listener of listeners) listener(level);
    }
  }

  on(id: string, listener: (share: number) => void): () => void {
    const room = this.rooms.get(id) ?? new Set();
    this.rooms.set(id, room.add(listener));
    return () => {
      room.delete(listener);
      if (room.size === 0 && this.rooms.get(id) === room) this.rooms.delete(id);
    };
  }
}

export function Meter({ levels, id, upright = false, label }: { levels: Levels; id: string; upright?: boolean; label: string }) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => levels.on(id, (level) => bar.current?.style.setProperty("--level", level.toFixed(3))), [levels, id]);
  return <div ref={bar} class={`meter${upright ? " upright" : ""}`} role="img" aria-label={label} />;
}
