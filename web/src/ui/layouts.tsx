/** The seven layouts, drawn as the director will see them. */

import type { Layout } from "../api";

type Box = readonly [x: number, y: number, width: number, height: number, kind?: "clip" | "inset"];

const BOXES: Record<Layout, readonly Box[]> = {
  solo: [[3, 3, 42, 24]],
  side_by_side: [
    [3, 7, 20, 16],
    [25, 7, 20, 16],
  ],
  grid: [
    [3, 3, 20, 11],
    [25, 3, 20, 11],
    [3, 16, 20, 11],
    [25, 16, 20, 11],
  ],
  picture_in_picture: [
    [3, 3, 42, 24],
    [30, 17, 13, 8, "inset"],
  ],
  clip_full: [[3, 3, 42, 24, "clip"]],
  clip_with_hosts: [
    [3, 5, 28, 20, "clip"],
    [33, 5, 12, 9],
    [33, 16, 12, 9],
  ],
  slate: [],
};

export const LAYOUTS: readonly Layout[] = ["solo", "side_by_side", "grid", "picture_in_picture", "clip_full", "clip_with_hosts", "slate"];

export function LayoutIcon({ layout }: { layout: Layout }) {
  return (
    <svg class="layout-icon" viewBox="0 0 48 30" aria-hidden="true">
      <rect class="frame" x="0.75" y="0.75" width="46.5" height="28.5" rx="4" />
      {BOXES[layout].map(([x, y, width, height, kind]) => (
        <g key={`${x},${y}`}>
          <rect class={`box ${kind ?? ""}`} x={x} y={y} width={width} height={height} rx="1.5" />
          {kind === "clip" ? <path class="play" d={`M${x + width / 2 - 3} ${y + height / 2 - 4}l7 4-7 4Z`} /> : null}
        </g>
      ))}
      {layout === "slate" ? <path class="text" d="M12 12h24M17 18h14" /> : null}
    </svg>
  );
}
