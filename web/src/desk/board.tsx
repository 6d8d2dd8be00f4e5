/** The desk: Program on top; scenes, people, clips in reach of one hand. */

import { CircleHelp, Clapperboard, Eye, Film, LayoutGrid, Pause, Play, Radio, Square, Users } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { StageState } from "../api";
import { useWords, type Word } from "../i18n";
import type { Link } from "../sse";
import type { Levels } from "../ui/meter";
import { Button, Confirm, FaultNote, LangSwitch, ShowBadge, Wordmark } from "../ui/parts";
import { useDesk } from "./actions";
import { Audience } from "./audience";
import { Clips } from "./clips";
import { Help } from "./help";
import { House, useHouse } from "./house";
import { People } from "./people";
import { Program } from "./pictures";
import { Scenes } from "./scenes";

type Tab = "scenes" | "people" | "clips" | "audience";
const TABS: [Tab, typeof Film, Word][] = [
  ["scenes", LayoutGrid, "desk.scenes"],
  ["people", Users, "desk.people"],
  ["clips", Film, "desk.clips"],
  ["audience", Eye, "desk.audience"],
];

export function Board({ state, levels, link, again }: { state: StageState; levels: Levels; link: Link; again: () => void }) {
  const { t, lang } = useWords();
  const [tab, setTab] = useState<Tab>("scenes");
  const [help, setHelp] = useState(false);
  const house = useHouse(state.show.state);
  // The stage knows those in real time; the house knows all.
  const viewers = house?.viewers ?? state.viewers;
  const over = state.show.state === "over";
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      const at = event.target as HTMLElement;
      if (event.key === "?" && at.tagName !== "INPUT" && at.tagName !== "TEXTAREA") setHelp((is) => !is);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);
  return (
    <div class="desk" data-tab={tab}>
      <header class="desk-top">
        <Wordmark />
        <h1 class="clip-text">{state.show.title}</h1>
        <ShowBadge state={state.show.state} />
        {state.show.state === "live" || state.show.state === "paused" ? (
          <span class="desk-viewers soft small figures" aria-label={t("desk.viewers", { n: viewers })} role="img">
            <Eye size={16} aria-hidden="true" />
            {new Intl.NumberFormat(lang).format(viewers)}
          </span>
        ) : null}
        {state.mixer === "starting" || state.mixer === "restarting" ? (
          <span class="badge info" role="status">
            <span class="shape" aria-hidden="true" />
            {t(`mixer.${state.mixer}`)}
          </span>
        ) : null}
        <span class="grow" />
        <ShowButtons state={state} />
        <Button kind="icon quiet" label={t("help")} aria-expanded={help} onClick={() => setHelp(true)}>
          <CircleHelp size={20} aria-hidden="true" />
        </Button>
        <LangSwitch />
      </header>
      <div class="desk-strip" role="status">
        {link === "lost" ? (
          <div class="strip">
            <span class="grow">{t("desk.lost")}</span>
            <Button kind="small" onClick={again}>
              {t("try_now")}
            </Button>
          </div>
        ) : null}
      </div>
      <main class="desk-main">
        <div class="desk-pictures">
          <Program state={state} />
          <Audience state={state} />
        </div>
        {over ? <House state={state} house={house} /> : null}
        <Scenes state={state} />
        <Clips state={state} levels={levels} />
        {over ? null : <House state={state} house={house} />}
      </main>
      <People state={state} levels={levels} />
      <nav class="desk-tabs" aria-label={t("desk")}>
        {TABS.map(([name, Icon, word]) => (
          <button key={name} type="button" aria-pressed={tab === name} onClick={() => setTab(name)}>
            <Icon size={20} aria-hidden="true" />
            {t(word)}
          </button>
        ))}
      </nav>
      <Help open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

function ShowButtons({ state }: { state: StageState }) {
  const { t } = useWords();
  const desk = useDesk();
  const [ending, setEnding] = useState(false);
  const now = state.show.state;
  const go = (what: string): void => void desk.act("show", "POST", `/${what}`);
  const busy = desk.busy("show");
  return (
    <div class="show-buttons">
      {now === "scheduled" ? (
        <Button kind="spot" busy={busy} onClick={() => go("start")}>
          <Radio size={20} aria-hidden="true" />
          {t("desk.start")}
        </Button>
      ) : null}
      {now === "live" ? (
        <Button busy={busy} onClick={() => go("pause")}>
          <Pause size={20} aria-hidden="true" />
          {t("desk.pause")}
        </Button>
      ) : null}
      {now === "paused" ? (
        <Button kind="spot" busy={busy} onClick={() => go("resume")}>
          <Play size={20} aria-hidden="true" />
          {t("desk.resume")}
        </Button>
      ) : null}
      {now === "live" || now === "paused" ? (
        <Button onClick={() => setEnding(true)}>
          <Square size={16} aria-hidden="true" />
          {t("desk.end")}
        </Button>
      ) : null}
      {desk.fault("show") ? (
        <div class="show-fault">
          <FaultNote fault={desk.fault("show")} onClose={() => desk.dismiss("show")} />
        </div>
      ) : null}
      <Confirm
        open={ending}
        title={t("desk.end.sure")}
        text={t("desk.end.means")}
        yes={t("desk.end.yes")}
        no={t("desk.end.no")}
        onNo={() => setEnding(false)}
        onYes={() => {
          setEnding(false);
          go("end");
        }}
      />
    </div>
  );
}

/** The desk before its state has come. */
export function Bones({ lost, again }: { lost: boolean; again: () => void }) {
  const { t } = useWords();
  return (
    <div class="desk" aria-busy="true">
      <header class="desk-top">
        <Wordmark />
        <span class="bone line desk-bone" />
        <span class="grow" />
        <LangSwitch />
      </header>
      <div class="desk-strip" role="status">
        {lost ? (
          <div class="strip">
            <span class="grow">{t("link.lost")}</span>
            <Button kind="small" onClick={again}>
              {t("try_now")}
            </Button>
          </div>
        ) : null}
      </div>
      <main class="desk-main">
        <div class="desk-pictures">
          <div class="program">
            <div class="picture bone" />
          </div>
          <div class="panel bone" />
        </div>
        <div class="panel bone desk-bone-row" />
        <div class="panel bone desk-bone-row" />
      </main>
      <aside class="desk-people panel">
        <Clapperboard size={28} aria-hidden="true" class="bone-icon" />
      </aside>
    </div>
  );
}
