/** The house: who watches, how well, and why others left; the recording; and the report when the show is over. */

import { ChartColumn, CircleAlert, Download } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { ask, asFault, type HouseState, type ShowState, type StageState } from "../api";
import { useWords } from "../i18n";
import { Comings, Heads, Quality, useWhy, WAYS } from "../ui/numbers";
import { useDesk } from "./actions";

const LOOK_MS = 3000;

/** The house as it is now, asked for anew when the show turns; null before it is known. A question that failed is asked again. */
export function useHouse(now: ShowState): HouseState | null {
  const desk = useDesk();
  const [house, set] = useState<HouseState | null>(null);
  useEffect(() => {
    let stale = false;
    const look = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        const answer = await ask<HouseState>(`${desk.base}/house`, { token: desk.token });
        if (!stale) set(answer);
      } catch (error) {
        // The desk's own stream tells when the server is gone.
        if (asFault(error).code === "page_broken") throw error;
      }
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => {
      stale = true;
      clearInterval(timer);
    };
  }, [desk.base, desk.token, now]);
  return house;
}

export function House({ state, house }: { state: StageState; house: HouseState | null }) {
  const { t, lang } = useWords();
  const desk = useDesk();
  const { state: now } = state.show;
  if (now === "scheduled") return null;
  const over = now === "over";
  return (
    <section class="panel desk-house" aria-label={t("house")} aria-busy={house === null}>
      <div class="panel-head">
        <h2 class="grow">{t("house")}</h2>
        {house ? (
          <a class="button small" href={`/desk/${encodeURIComponent(desk.slug)}/report`}>
            <ChartColumn size={16} aria-hidden="true" />
            {t("house.report")}
          </a>
        ) : null}
      </div>
      {house ? (
        <>
          <Heads house={house} now={!over} />
          {over ? null : (
            <ul class="house-ways" aria-label={t("house.ways")}>
              {WAYS.map((way) => (
                <li key={way} data-way={way}>
                  <span class="swatch" aria-hidden="true" />
                  <span class="grow">{t(`house.way.${way}`)}</span>
                  <b class="figures">{new Intl.NumberFormat(lang).format(house.by_way[way])}</b>
                </li>
              ))}
            </ul>
          )}
          {house.uncounted > 0 ? <p class="small soft">{t("house.uncounted")}</p> : null}
          <Quality house={house} />
          <Comings house={house} />
          <Recording house={house} over={over} />
        </>
      ) : (
        <div class="bone line" />
      )}
    </section>
  );
}

function Recording({ house, over }: { house: HouseState; over: boolean }) {
  const { t } = useWords();
  const desk = useDesk();
  const why = useWhy();
  const { state, fault } = house.recording;
  const short = fault !== null;
  return (
    <div class="house-recording" role="status">
      {short ? (
        <div class="fault">
          <CircleAlert size={16} aria-hidden="true" />
          <div class="grow">
            {t(over ? "house.recording.short" : "house.recording.stopped")} <span class="hint">{why(fault)}</span>
          </div>
        </div>
      ) : (
        <p class="small soft">{t(`house.recording.${state}`)}</p>
      )}
      {over && state === "ready" ? (
        // The browser saves it as it comes; the token is in the body, where no history keeps it.
        <form method="post" action={`${desk.base}/recording.mp4`}>
          <input type="hidden" name="token" value={desk.token} />
          <button type="submit" class="button spot">
            <Download size={20} aria-hidden="true" />
            {t("house.download")}
          </button>
        </form>
      ) : null}
    </div>
  );
}
