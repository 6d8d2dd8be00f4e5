// The time strip of crates/dev/testkit/src/strip.rs, for pages and for tests: 32 black and white
// blocks, most significant bit first, that hold 24 bits of milliseconds and a CRC-8.

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What `ImageData` is, so that a test without a page can make one. */
export interface Pixels {
  data: ArrayLike<number>;
  width: number;
  height: number;
  /** Bytes per pixel: 4 (red, green, blue, alpha) if not said, or 1 (luma). */
  step?: 1 | 4;
}

/** Milliseconds after which a strip's number begins again. */
export const stripWrap = 1 << 24;

/**
 * Everything in one function without free names, because its text runs in pages too:
 * `page.addInitScript(stripScript)` puts it at `window.palcoStrip`.
 */
function makeStrip() {
  const blocks = 32;

  /** The 32 bits that stand for a time, as an unsigned number. */
  function code(millis: number): number {
    const value = Math.floor(millis) % (1 << 24);
    let crc = 0xff;
    for (const shift of [16, 8, 0]) {
      crc ^= (value >> shift) & 0xff;
      for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
    }
    return value * 256 + crc;
  }

  /**
   * Where a picture of this width has its strip: at the top, because names are written at the bottom;
   * three fifths of the width, so that it is whole in a tile of shape 4:3 too.
   */
  function top(width: number): Rect {
    const block = Math.max(1, Math.floor((width * 3) / 160));
    const x = Math.floor((width - block * blocks) / 2);
    return { x, y: 0, width: block * blocks, height: Math.ceil((block * 4) / 3) };
  }

  /** Where something of a picture is after the picture was scaled and cut to cover a tile. */
  function inTile(rect: Rect, from: { width: number; height: number }, tile: Rect): Rect {
    const scale = Math.max(tile.width / from.width, tile.height / from.height);
    return {
      x: tile.x + (tile.width - from.width * scale) / 2 + rect.x * scale,
      y: tile.y + (tile.height - from.height * scale) / 2 + rect.y * scale,
      width: rect.width * scale,
      height: rect.height * scale,
    };
  }

  function paint(context: CanvasRenderingContext2D, rect: Rect, millis: number): void {
    const bits = code(millis);
    const block = rect.width / blocks;
    context.fillStyle = "#000";
    context.fillRect(rect.x, rect.y, rect.width, rect.height);
    context.fillStyle = "#fff";
    for (let index = 0; index < blocks; index++) {
      if (Math.floor(bits / 2 ** (blocks - 1 - index)) % 2 === 1) {
        context.fillRect(rect.x + index * block, rect.y, block, rect.height);
      }
    }
  }

  function mean(image: Pixels, left: number, top: number, width: number, height: number): number | undefined {
    const [x0, y0] = [Math.round(left), Math.round(top)];
    const x1 = Math.max(Math.round(left + width), x0 + 1);
    const y1 = Math.max(Math.round(top + height), y0 + 1);
    if (x0 < 0 || y0 < 0 || x1 > image.width || y1 > image.height) return undefined;
    let sum = 0;
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) {
        if (image.step === 1) {
          sum += image.data[y * image.width + x] ?? 0;
          continue;
        }
        const at = (y * image.width + x) * 4;
        sum += 0.2126 * (image.data[at] ?? 0) + 0.7152 * (image.data[at + 1] ?? 0) + 0.0722 * (image.data[at + 2] ?? 0);
      }
    }
    return sum / ((x1 - x0) * (y1 - y0));
  }

  function readExactly(image: Pixels, rect: Rect): number | undefined {
    const block = rect.width / blocks;
    const means: number[] = [];
    for (let index = 0; index < blocks; index++) {
      // The middle half of a block: its edges are blurred.
      const left = rect.x + (index + 0.25) * block;
      const luma = mean(image, left, rect.y + rect.height / 4, block / 2, rect.height / 2);
      if (luma === undefined) return undefined;
      means.push(luma);
    }
    const [least, most] = [Math.min(...means), Math.max(...means)];
    if (most - least < 40) return undefined;
    const bits = means.reduce((value, luma) => value * 2 + (luma > (least + most) / 2 ? 1 : 0), 0);
    const millis = Math.floor(bits / 256);
    return code(millis) === bits ? millis : undefined;
  }

  /** Reads a strip that stands here, give or take a pixel or two. */
  function read(image: Pixels, rect: Rect): number | undefined {
    const shifts = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [2, 0], [-2, 0], [0, 2], [0, -2]];
    for (const [dx, dy] of shifts) {
      const millis = readExactly(image, { ...rect, x: rect.x + (dx ?? 0), y: rect.y + (dy ?? 0) });
      if (millis !== undefined) return millis;
    }
    return undefined;
  }

  return { code, top, inTile, paint, mean, read };
}

export type Strip = ReturnType<typeof makeStrip>;

/** For use in tests themselves. */
export const strip: Strip = makeStrip();

// The loader that runs these tests marks functions with a helper that pages do not have.
export const namesScript = "globalThis.__name ??= (f) => f;";

/** For `addInitScript({ content })` or `evaluate`: defines `window.palcoStrip`. */
export const stripScript = `${namesScript} globalThis.palcoStrip = (${makeStrip.toString()})();`;
