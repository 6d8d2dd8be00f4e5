/** Charts as inline SVG: drawn by us, named for those who cannot see them, each with its table. */

import type { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { HouseSample, JoinStep } from "../api";
import { useWords } from "../i18n";
import { clockTime, share, span } from "../ui/figures";
import { WAYS } from "../ui/numbers";
import { path, some, steps, ticks, wholeTicks } from "./scale";

/** Where things stand, in units of the drawing: on a phone it is drawn smaller, not scaled down with its words. */
class Paper {
  readonly height: number;
  readonly left = 44;
  readonly right: number;
  constructor(
    readonly width: number,
    readonly narrow: boolean,
  ) {
    this.height = narrow ? 200 : 240;
    this.right = width - 12;
  }
  readonly x = (part: number): number => this.left + part * (this.right - this.left);
  readonly y = (part: number): number => this.height - 28 - part * (this.height - 38);
  /** Where the words under the drawing stand. */
  get foot(): number {
    return this.height - 8;
  }
}
const WIDE = new Paper(640, false);
const NARROW = new Paper(340, true);
const PHONE = "(max-width: 639.98px)";

function usePaper(): Paper {
  const [narrow, set] = useState(() => matchMedia(PHONE).matches);
  useEffect(() => {
    const query = matchMedia(PHONE);
    const changed = (): void => set(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return narrow ? NARROW : WIDE;
}

interface Table {
  heads: string[];
  rows: string[][];
}

function Figure({ paper, title, text, table, legend, children }: { paper: Paper; title: string; text: string; table: Table; legend?: ComponentChildren; children: ComponentChildren }) {
  const { t } = useWords();
  const id = useId();
  return (
    <figure class="panel chart">
      <figcaption>
        <h2 id={id}>{title}</h2>
        <p class="small soft" id={`${id}-text`}>
          {text}
        </p>
      </figcaption>
      {legend}
      <svg viewBox={`0 0 ${paper.width} ${paper.height}`} role="img" aria-labelledby={id} aria-describedby={`${id}-text`}>
        {children}
      </svg>
      <details>
        <summary>{t("report.as_table")}</summary>
        <div class="chart-table" tabIndex={0} role="region" aria-label={title}>
          <table class="figures">
            <thead>
              <tr>
                {table.heads.map((head) => (
                  <th key={head} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map(([first, ...rest], at) => (
                <tr key={at}>
                  <th scope="row">{first}</th>
                  {rest.map((cell, column) => (
                    <td key={column}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

/** Lines across, each with its number. */
function Rulers({ paper, at, most, words }: { paper: Paper; at: number[]; most: number; words: (value: number) => string }) {
  const { y, left, right } = paper;
  return (
    <g class="rulers">
      {at.map((value) => (
        <g key={value}>
          <line x1={left} x2={right} y1={y(value / most)} y2={y(value / most)} />
          <text x={left - 8} y={y(value / most)} dy="0.32em" text-anchor="end">
            {words(value)}
          </text>
        </g>
      ))}
    </g>
  );
}

function Times({ paper, samples }: { paper: Paper; samples: HouseSample[] }) {
  const { lang } = useWords();
  const marks = some(
    samples.map((sample, at) => [sample.at, at] as const),
    paper.narrow ? 3 : 5,
  );
  // A show of a minute has the same minute at every mark.
  const words = marks.map(([at]) => clockTime(at, lang));
  return (
    <g class="marks">
      {marks.map(([at, index], n) =>
        words.indexOf(words[n] ?? "") === n ? (
          <text key={at} x={paper.x((index + 0.5) / samples.length)} y={paper.foot} text-anchor={n === 0 ? "start" : n === marks.length - 1 ? "end" : "middle"}>
            {words[n]}
          </text>
        ) : null,
      )}
    </g>
  );
}

/** Who watched when, one way above the other. */
export function OverTime({ samples, peak }: { samples: HouseSample[]; peak: number }) {
  const paper = usePaper();
  const { x, y } = paper;
  const { t, lang } = useWords();
  const number = new Intl.NumberFormat(lang);
  const sums = samples.map(({ by_way: by }) => WAYS.reduce((sum, way) => sum + by[way], 0));
  const lines = wholeTicks(Math.max(1, ...sums));
  const most = lines.at(-1) ?? 1;
  const across = (at: number): number => x(at / samples.length);
  let below = samples.map(() => 0);
  const layers = WAYS.map((way) => {
    const base = below;
    const above = samples.map(({ by_way: by }, at) => (base[at] ?? 0) + by[way]);
    below = above;
    const up = steps(above, across, (value) => y(value / most));
    const down = steps(base, across, (value) => y(value / most)).reverse();
    return { way, any: samples.some(({ by_way: by }) => by[way] > 0), area: `${path([...up, ...down])}Z`, edge: path(up) };
  }).filter(({ any }) => any);
  const heads = [t("report.time"), t("report.viewers"), ...WAYS.map((way) => t(`house.way.${way}`))];
  const rows = samples.map((it, at) => [clockTime(it.at, lang), number.format(sums[at] ?? 0), ...WAYS.map((way) => number.format(it.by_way[way]))]);
  const legend = (
    <ul class="house-ways small">
      {layers.map(({ way }) => (
        <li key={way} data-way={way}>
          <span class="swatch" aria-hidden="true" />
          {t(`house.way.${way}`)}
        </li>
      ))}
    </ul>
  );
  return (
    <Figure paper={paper} title={t("report.over_time")} text={t("report.over_time.text", { n: peak })} table={{ heads, rows }} legend={legend}>
      <Rulers paper={paper} at={lines} most={most} words={(value) => number.format(value)} />
      {layers.map(({ way, area, edge }) => (
        <g key={way} class="layer" data-way={way}>
          <path class="area" d={area} />
          <path class="edge" d={edge} />
        </g>
      ))}
      <Times paper={paper} samples={samples} />
    </Figure>
  );
}

/** How long joining took. */
export function Joins({ joins, text }: { joins: JoinStep[]; text: string }) {
  const paper = usePaper();
  const { x, y } = paper;
  const { t, lang } = useWords();
  const number = new Intl.NumberFormat(lang);
  const lines = wholeTicks(Math.max(1, ...joins.map(({ count }) => count)));
  const most = lines.at(-1) ?? 1;
  const name = ({ below_ms: below }: JoinStep): string => (below === null ? t("report.joins.longer") : t("report.joins.below", { time: span(below, lang) }));
  const width = (x(1) - x(0)) / joins.length;
  const longest = Math.max(...joins.map(({ below_ms: below }) => below ?? 0));
  // Where there is no room for the unit under each bar, the last says it for all.
  const mark = ({ below_ms: below }: JoinStep): string => {
    if (below === null) return `> ${span(longest, lang)}`;
    return paper.narrow ? number.format(below / 1000) : `< ${span(below, lang)}`;
  };
  return (
    <Figure
      paper={paper}
      title={t("report.joins")}
      text={text}
      table={{ heads: [t("report.joins"), t("report.viewers")], rows: joins.map((step) => [name(step), number.format(step.count)]) }}
    >
      <Rulers paper={paper} at={lines} most={most} words={(value) => number.format(value)} />
      {joins.map((step, at) => (
        <g key={name(step)}>
          <title>{`${name(step)}: ${t("report.joins.viewers", { n: step.count })}`}</title>
          <rect class="bar" x={x(at / joins.length) + width * 0.12} width={width * 0.76} y={y(step.count / most)} height={y(0) - y(step.count / most)} rx="2" />
          <text class="mark" x={x((at + 0.5) / joins.length)} y={paper.foot} text-anchor="middle">
            {mark(step)}
          </text>
        </g>
      ))}
    </Figure>
  );
}

/** How much of the watch time stood still, and when. */
export function Freezes({ samples, text }: { samples: HouseSample[]; text: string }) {
  const paper = usePaper();
  const { x, y } = paper;
  const { t, lang } = useWords();
  const parts = samples.map(({ watched_s: watched, frozen_s: frozen }) => (watched > 0 ? frozen / watched : 0));
  // A show without freezes must not look like a bad one: a tenth is the least that fills the chart.
  const lines = ticks(Math.max(0.1, ...parts));
  const most = lines.at(-1) ?? 1;
  const line = steps(
    parts,
    (at) => x(at / samples.length),
    (value) => y(value / most),
  );
  const rows = samples.map((it, at) => [clockTime(it.at, lang), share(parts[at] ?? 0, lang)]);
  return (
    <Figure paper={paper} title={t("report.freezes")} text={text} table={{ heads: [t("report.time"), t("report.freezes.axis")], rows }}>
      <Rulers paper={paper} at={lines} most={most} words={(value) => share(value, lang)} />
      <g class="layer" data-way="frozen">
        <path class="area" d={`${path([...line, [x(1), y(0)], [x(0), y(0)]])}Z`} />
        <path class="edge" d={path(line)} />
      </g>
      <Times paper={paper} samples={samples} />
    </Figure>
  );
}
