/** What the charts work out before they are drawn. Pure. */

/** A round number at or above `most`, and the ticks up to it: 1, 2, 5, 10, 20, … */
export function ticks(most: number): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((it) => it * power).find((it) => it >= rough) ?? 10 * power;
  const count = Math.ceil(most / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, at) => at * step);
}

/** The same for things that are not divided. */
export const wholeTicks = (most: number): number[] => [...new Set(ticks(most).filter(Number.isInteger))];

/** At most `count` of many, first and last among them. */
export function some<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, at) => all[Math.round((at * (all.length - 1)) / (count - 1))] as T);
}

/** A step line through values at even distances: each holds until the next. */
export function steps(values: readonly number[], x: (at: number) => number, y: (value: number) => number): [number, number][] {
  return values.flatMap((value, at): [number, number][] => [
    [x(at), y(value)],
    [x(at + 1), y(value)],
  ]);
}

export const path = (points: readonly [number, number][]): string => points.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
