import "../tokens.css";
import "../base.css";
import "./report.css";
import { Download } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { ask, asFault, bearer, type Fault, faultFrom, type ShowReport } from "../api";
import { when } from "../clock";
import { faultWords, useWords } from "../i18n";
import { clockTime, share, typical } from "../ui/figures";
import { Comings, Heads, Quality } from "../ui/numbers";
import { Button, FaultNote, LangSwitch, mount, Scene, Wordmark } from "../ui/parts";
import { takeToken } from "../ui/token";
import { Freezes, Joins, OverTime } from "./charts";

const slug = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const token = takeToken("k", `palco.desk.${slug}`);
const base = `/api/v1/shows/${encodeURIComponent(slug)}`;
const desk = `/desk/${encodeURIComponent(slug)}`;
/** While the show is on, the numbers grow. */
const LOOK_MS = 10_000;

function useReport(): { report: ShowReport | null; fault: Fault | null } {
  const [report, set] = useState<ShowReport | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const over = report?.ended_at != null;
  useEffect(() => {
    if (over) return;
    let stale = false;
    const look = async (): Promise<void> => {
      try {
        const answer = await ask<ShowReport>(`${base}/report`, { token });
        if (stale) return;
        set(answer);
        setFault(null);
      } catch (error) {
        if (!stale) setFault(asFault(error));
      }
    };
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => {
      stale = true;
      clearInterval(timer);
    };
  }, [over]);
  return { report, fault };
}

function Page() {
  const { t } = useWords();
  const { report, fault } = useReport();
  useEffect(() => {
    document.title = `${report ? `${report.title} · ` : ""}${t("report.title")} · Palco`;
  });
  if (report) return <Report report={report} />;
  if (!fault) return <div class="report" aria-busy="true" aria-label={t("loading")} />;
  const gate = fault.status === 401 || fault.status === 403;
  return (
    <Scene title={gate ? t("gate.title") : fault.status === 404 ? t("watch.nowhere") : t("broken")} text={faultWords(fault).text} code={fault.code}>
      <div class="actions">
        <a class="button spot" href={desk}>
          {t("report.desk")}
        </a>
        <Button onClick={() => location.reload()}>{t("try_again")}</Button>
      </div>
    </Scene>
  );
}

function Report({ report }: { report: ShowReport }) {
  const { t, lang } = useWords();
  const { house, timeline } = report;
  const measured = house.watched_s > 0 && house.frozen_share !== null;
  return (
    <div class="report">
      <header class="report-top">
        <Wordmark />
        <span class="grow" />
        <a class="button quiet" href={desk}>
          {t("report.desk")}
        </a>
        <LangSwitch />
      </header>
      <main>
        <div class="report-head">
          <h1>{t("report.of", { title: report.title })}</h1>
          {report.began_at ? (
            <p class="soft">
              {report.ended_at
                ? t("report.when", { from: when(report.began_at, lang), to: clockTime(report.ended_at, lang) })
                : t("report.since", { from: when(report.began_at, lang) })}
            </p>
          ) : null}
          {report.began_at && !report.ended_at ? (
            <p class="soft" role="status">
              {t("report.running")}
            </p>
          ) : null}
          <Table />
        </div>
        {house.came === 0 ? (
          <section class="panel">
            <h2>{t("report.empty")}</h2>
            <p class="soft">{t("report.empty.text")}</p>
          </section>
        ) : (
          <>
            <section class="panel" aria-label={t("report.numbers")}>
              <Heads house={house} now={!report.ended_at} />
              <Comings house={house} />
              <Quality house={house} />
            </section>
            {timeline.length > 0 ? <OverTime samples={timeline} peak={house.peak} /> : null}
            {house.join.count > 0 ? <Joins joins={report.joins} text={typical(house.join, t, lang)} /> : null}
            {timeline.length > 0 && measured ? (
              <Freezes samples={timeline} text={t("house.frozen.share", { share: share(house.frozen_share ?? 0, lang) })} />
            ) : null}
          </>
        )}
      </main>
    </div>
  );
}

/** The table needs the token in a header: it is fetched, then saved. */
function Table() {
  const { t } = useWords();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);
  const save = async (): Promise<void> => {
    setBusy(true);
    setFault(null);
    try {
      const response = await fetch(`${base}/report.csv`, { headers: bearer(token), cache: "no-store" });
      if (!response.ok) throw faultFrom(response.status, await response.text());
      const url = URL.createObjectURL(await response.blob());
      const link = Object.assign(document.createElement("a"), { href: url, download: `${slug}-report.csv` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    } catch (error) {
      setFault(asFault(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div>
      <Button busy={busy} onClick={() => void save()}>
        <Download size={20} aria-hidden="true" />
        {t("report.csv")}
      </Button>
      <FaultNote fault={fault} onClose={() => setFault(null)} />
    </div>
  );
}

mount(<Page />);
