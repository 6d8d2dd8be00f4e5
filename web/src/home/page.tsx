import "../tokens.css";
import "../base.css";
import "./home.css";
import { useEffect, useState } from "preact/hooks";
import { ask, asFault, type Fault, type PublicShow } from "../api";
import { hour, when } from "../clock";
import { faultWords, useWords } from "../i18n";
import { Button, LangSwitch, mount, ShowBadge, Wordmark } from "../ui/parts";
import { kept } from "../ui/token";
import { programme } from "./programme";

/** What is on may change while the page is open; it need not know within the second. */
const LOOK_AGAIN_MS = 20_000;

function useShows(): { shows: PublicShow[] | null; fault: Fault | null; again: () => void } {
  const [shows, setShows] = useState<PublicShow[] | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let stale = false;
    const look = async (): Promise<void> => {
      try {
        const answer = await ask<{ shows: PublicShow[] }>("/api/v1/public/shows");
        if (stale) return;
        setShows(answer.shows);
        setFault(null);
      } catch (error) {
        if (!stale) setFault(asFault(error));
      }
    };
    void look();
    const timer = setInterval(() => document.visibilityState === "visible" && void look(), LOOK_AGAIN_MS);
    return () => {
      stale = true;
      clearInterval(timer);
    };
  }, [turn]);
  return { shows, fault, again: () => setTurn((n) => n + 1) };
}

function Page() {
  const { t } = useWords();
  const { shows, fault, again } = useShows();
  const list = shows ? programme(shows) : null;
  useEffect(() => {
    document.title = `Palco · ${t("home.title")}`;
  });
  return (
    <div class="home">
      <header class="home-top">
        <Wordmark />
        <LangSwitch />
      </header>
      <main>
        {list === null && fault === null ? <Bones /> : null}
        {list === null && fault ? (
          <section class="hero">
            <h1>{t("home.unreachable")}</h1>
            <p class="soft">{faultWords(fault).text}</p>
            <div>
              <Button kind="spot" onClick={again}>
                {t("try_again")}
              </Button>
            </div>
          </section>
        ) : null}
        {list ? list.first ? <Hero show={list.first} /> : <Empty /> : null}
        {list && list.coming.length > 0 ? <List title={t("home.coming")} shows={list.coming} /> : null}
        {list && list.past.length > 0 ? <List title={t("home.past")} shows={list.past} past /> : null}
      </main>
      <footer class="home-foot small soft">{t("home.foot")}</footer>
    </div>
  );
}

const watch = (show: PublicShow): string => `/shows/${encodeURIComponent(show.slug)}/watch`;

/** The box in the theatre, seen from the foyer. */
function Arch() {
  return (
    <svg class="arch-drawing" viewBox="0 0 200 240" aria-hidden="true">
      <path class="glow" d="M100 78 156 240H44Z" />
      <ellipse class="glow" cx="100" cy="240" rx="56" ry="9" />
      <path d="M16 240V104a84 84 0 0 1 168 0v136M34 240V106a66 66 0 0 1 132 0v134" />
    </svg>
  );
}

function Hero({ show }: { show: PublicShow }) {
  const { t, lang } = useWords();
  const on = show.state === "live" || show.state === "paused";
  return (
    <section class="hero">
      <Arch />
      <div class="row wrap">
        <ShowBadge state={show.state} />
        {show.starts_at && !on ? (
          <time class="soft" dateTime={show.starts_at}>
            {when(show.starts_at, lang)}
          </time>
        ) : null}
      </div>
      <h1>{show.title}</h1>
      {show.description ? <p class="soft hero-text">{show.description}</p> : null}
      <div>
        <a class="button spot big" href={watch(show)}>
          {t(on ? "home.watch" : "home.lobby")}
        </a>
      </div>
    </section>
  );
}

function List({ title, shows, past = false }: { title: string; shows: PublicShow[]; past?: boolean }) {
  const { t, lang } = useWords();
  return (
    <section class="listing">
      <h2>{title}</h2>
      <ul>
        {shows.map((show) => {
          const time = past ? (show.ended_at ?? show.starts_at) : show.starts_at;
          return (
            <li key={show.id}>
              <Day iso={time} lang={lang} />
              <div class="grow">
                <h3>{show.title}</h3>
                <p class="small soft">
                  {show.state === "scheduled" && show.starts_at ? hour(show.starts_at, lang) : t(`show.${show.state}`)}
                  {show.description ? ` · ${show.description}` : ""}
                </p>
              </div>
              {past && kept(`palco.desk.${show.slug}`) ? (
                // Who has directed it in this tab has its report too.
                <a class="button" href={`/desk/${encodeURIComponent(show.slug)}/report`} aria-label={`${t("report.title")}: ${show.title}`}>
                  {t("report.title")}
                </a>
              ) : null}
              {past ? null : (
                <a class="button" href={watch(show)} aria-label={`${t("home.open")}: ${show.title}`}>
                  {t(show.state === "live" ? "home.watch" : "home.open")}
                </a>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Day({ iso, lang }: { iso: string | null; lang: string }) {
  if (!iso) return <div class="day" />;
  const date = new Date(iso);
  return (
    <time class="day figures" dateTime={iso}>
      <span class="small soft">{new Intl.DateTimeFormat(lang, { weekday: "short" }).format(date)}</span>
      <b>{new Intl.DateTimeFormat(lang, { day: "numeric" }).format(date)}</b>
      <span class="small soft">{new Intl.DateTimeFormat(lang, { month: "short" }).format(date)}</span>
    </time>
  );
}

function Empty() {
  const { t } = useWords();
  return (
    <section class="hero">
      <Arch />
      <h1>{t("home.empty")}</h1>
      <p class="soft hero-text">{t("home.empty.text")}</p>
    </section>
  );
}

function Bones() {
  const { t } = useWords();
  return (
    <section class="hero" aria-busy="true" aria-label={t("loading")}>
      <div class="bone line hero-bone-small" />
      <div class="bone hero-bone" />
      <div class="bone line" />
    </section>
  );
}

mount(<Page />);
