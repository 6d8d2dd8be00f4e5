import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((it) => (it.isDirectory() ? files(join(folder, it.name)) : [join(folder, it.name)]));
const sheets = files("src").filter((it) => it.endsWith(".css"));
const tokens = readFileSync("src/tokens.css", "utf8");

test("only tokens.css names a colour, a size or a duration", () => {
  assert.ok(sheets.length >= 6);
  for (const path of sheets.filter((it) => !it.endsWith("tokens.css"))) {
    const text = readFileSync(path, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    assert.doesNotMatch(text, /#[0-9a-f]{3,8}\b(?![^{}]*\{)/i, `${path}: a colour`);
    assert.doesNotMatch(text, /\b(rgb|hsl|oklch)a?\(/, `${path}: a colour`);
    const sizes = text.match(/(?<![\w-])\d*\.?\d+(px|rem|em|ch|vh|vw|dvh|ms|s)\b/g);
    assert.deepEqual(sizes, null, `${path}: ${sizes?.join(" ")}`);
  }
});

test("every token used exists", () => {
  const known = new Set([...tokens.matchAll(/^\s*(--[\w-]+):/gm)].map((m) => m[1]));
  // Set by scripts, for one element: a slider's share, a meter's level.
  for (const name of ["--fill", "--level"]) known.add(name);
  for (const path of sheets) for (const [, name] of readFileSync(path, "utf8").matchAll(/var\((--[\w-]+)/g)) assert.ok(known.has(name), `${path}: ${name}`);
});

/** WCAG 2 contrast of two #rrggbb. */
function contrast(a: string, b: string): number {
  const light = (hex: string): number => {
    const [r = 0, g = 0, bl = 0] = [1, 3, 5].map((at) => {
      const c = parseInt(hex.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [high = 0, low = 0] = [light(a), light(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

test("text is readable on every ground, in the house and in the foyer", () => {
  const foyerAt = tokens.indexOf(".foyer {");
  const read = (text: string, name: string): string => {
    const value = text.match(new RegExp(`${name}: (#[0-9a-f]{6});`))?.[1];
    assert.ok(value, name);
    return value;
  };
  for (const room of [tokens.slice(0, foyerAt), tokens.slice(foyerAt)]) {
    for (const ground of ["--bg", "--surface", "--raised"]) {
      for (const ink of ["--text", "--soft", "--faint"]) {
        const ratio = contrast(read(room, ink), read(room, ground));
        assert.ok(ratio >= 4.5, `${ink} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
    assert.ok(contrast(read(room, "--on-spot"), read(room, "--spot")) >= 4.5);
  }
});
