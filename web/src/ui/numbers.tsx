/** The numbers of the house, on the desk and in the report. */

import type { HouseState, WayName } from "../api";
import { useWords, type Word } from "../i18n";
import { clockTime, share, typical } from "./figures";

export const WAYS: readonly WayName[] = ["webrtc", "hls", "audio"];
const LEFT = ["left", "lost", "ended", "removed", "stopped"] as const;

function Row({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt class="soft">{name}</dt>
      <dd class="figures">{children}</dd>
    </div>
  );
}

/** How well they watch. */
export function Quality({ house }: { house: HouseState }) {
  const { t, lang } = useWords();
  const ways = WAYS.filter((way) => house.delay_by_way[way].count > 0);
  return (
    <dl class="numbers">
      <Row name={t("house.join")}>{typical(house.join, t, lang)}</Row>
      {ways.map((way) => (
        <Row key={way} name={`${t("house.delay")}: ${t(`house.way.${way}`)}`}>
          {typical(house.delay_by_way[way], t, lang)}
        </Row>
      ))}
      <Row name={t("house.frozen")}>
        {house.frozen_share === null ? (
          t("house.nothing")
        ) : (
          <>
            {t("house.frozen.share", { share: share(house.frozen_share, lang) })}, {t("house.freezes", { n: house.freezes })}
          </>
        )}
      </Row>
    </dl>
  );
}

/** Who came, moved and left, and why. What never happened is not said. */
export function Comings({ house }: { house: HouseState }) {
  const { t, lang } = useWords();
  const number = new Intl.NumberFormat(lang);
  const moved: [Word, number][] = WAYS.map((way) => [`house.moved.${way}`, house.moved[way]]);
  const left: [Word, number][] = LEFT.map((why) => [`house.left.${why}`, house.left[why]]);
  return (
    <dl class="numbers">
      <Row name={t("house.came")}>{number.format(house.came)}</Row>
      {house.returned > 0 ? <Row name={t("house.returned")}>{number.format(house.returned)}</Row> : null}
      {[...left, ...moved].map(([word, count]) =>
        count > 0 ? (
          <Row key={word} name={t(word)}>
            {number.format(count)}
          </Row>
        ) : null,
      )}
    </dl>
  );
}

/** The two numbers that matter most. */
export function Heads({ house, now }: { house: HouseState; now: boolean }) {
  const { t, lang } = useWords();
  const number = new Intl.NumberFormat(lang);
  return (
    <div class="heads figures">
      {now ? (
        <p>
          <b>{number.format(house.viewers)}</b>
          <span class="soft">{t("house.now")}</span>
        </p>
      ) : null}
      <p>
        <b>{number.format(house.peak)}</b>
        <span class="soft">
          {t("house.peak")}
          {house.peak_at ? ` ${t("house.peak.at", { time: clockTime(house.peak_at, lang) })}` : ""}
        </span>
      </p>
    </div>
  );
}

/** Why a recording ended before its show, in the person's words. */
export function useWhy(): (code: string) => string {
  const { t } = useWords();
  return (code) => (code === "disk_full" || code === "disk_slow" ? t(`house.why.${code}`) : t("house.why.other", { code }));
}
