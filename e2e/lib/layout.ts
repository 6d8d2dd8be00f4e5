// Where tiles must be: read from the stage's own stored layouts, so that there is one truth.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "./server.ts";
import type { Rect } from "./strip.ts";

export type Layout = "solo" | "side_by_side" | "grid" | "picture_in_picture" | "clip_full" | "clip_with_hosts" | "slate";

/** Pictures of performers, bots and clips here are 640x360. */
export const pictureSize = { width: 640, height: 360 };

/** The tiles of a layout with so many hosts, on a 1280x720 canvas: hosts by number from 1, `C` the clip, `S` the slate. */
export async function tilesOf(layout: Layout, hosts: number): Promise<Map<string, Rect>> {
  const file = join(repository, "crates/core/stage/tests/golden", `${layout}-wide.txt`);
  const text = await readFile(file, "utf8");
  const section = text.split(/^(?=\d+ hosts$)/m).find((it) => it.startsWith(`${hosts} hosts\n`));
  if (section === undefined) throw new Error(`${file} has no ${hosts} hosts`);
  const tiles = new Map<string, Rect>();
  for (const line of section.split("\n")) {
    const [, who, x, y, width, height, fit] = /^ {2}(\w) +(\d+),(\d+) +(\d+)x(\d+) +(\w+)/.exec(line) ?? [];
    if (who === undefined) continue;
    const tile = { x: Number(x), y: Number(y), width: Number(width), height: Number(height) };
    tiles.set(who, fit === "contain" ? contained(tile) : tile);
  }
  if (tiles.size === 0) throw new Error(`${file} shows nothing for ${hosts} hosts`);
  return tiles;
}

/** What a 16:9 picture takes of a tile that it must not leave. */
function contained(tile: Rect): Rect {
  const scale = Math.min(tile.width / pictureSize.width, tile.height / pictureSize.height);
  const [width, height] = [pictureSize.width * scale, pictureSize.height * scale];
  return { x: tile.x + (tile.width - width) / 2, y: tile.y + (tile.height - height) / 2, width, height };
}
