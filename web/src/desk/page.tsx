import "../tokens.css";
import "../base.css";
import "./desk.css";
import { useEffect, useState } from "preact/hooks";
import { ask, asFault, type Fault, type Levels as LevelsEvent, type StageState } from "../api";
import { clock } from "../clock";
import { faultWords, useWords } from "../i18n";
import { listen, type Link, type Stream } from "../sse";
import { Levels } from "../ui/meter";
import { Button, FaultNote, mount, Scene } from "../ui/parts";
import { drop, keep, takeToken } from "../ui/token";
import { DeskContext, useActions } from "./actions";
import { Board, Bones } from "./board";

const slug = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const KEY = `palco.desk.${slug}`;
const levels = new Levels();

function Page() {
  const [token, setToken] = useState<string | null>(() => takeToken("k", KEY));
  const [refused, setRefused] = useState<Fault | null>(null);
  if (token === null || refused) {
    return (
      <Gate
        fault={refused}
        onToken={(given) => {
          keep(KEY, given);
          setRefused(null);
          setToken(given);
        }}
      />
    );
  }
  return (
    <Director
      token={token}
      onRefused={(fault) => {
        if (fault.status === 401 || fault.status === 403) drop(KEY);
        setRefused(fault);
      }}
    />
  );
}

function Director({ token, onRefused }: { token: string; onRefused: (fault: Fault) => void }) {
  const { t } = useWords();
  const [state, setState] = useState<StageState | null>(null);
  const [link, setLink] = useState<Link>("joining");
  const [stream, setStream] = useState<Stream | null>(null);
  const desk = useActions(slug, token, setState);
  useEffect(() => {
    const it = listen(`${desk.base}/events`, token, {
      event: (name, data) => {
        if (name === "levels") levels.tell((data as LevelsEvent).levels);
        if (name !== "state") return;
        const next = data as StageState;
        for (const playback of [next.playback, next.audience.playback]) if (playback) clock.saw(Date.parse(playback.at));
        setState(next);
      },
      link: setLink,
      refused: onRefused,
    });
    setStream(it);
    return it.close;
  }, [token]);
  useEffect(() => {
    if (state) document.title = `${state.show.title} · ${t("desk")} · Palco`;
  }, [state?.show.title]);
  const again = (): void => stream?.now();
  return (
    <DeskContext.Provider value={desk}>
      {state ? <Board state={state} levels={levels} link={link} again={again} /> : <Bones lost={link === "lost"} again={again} />}
    </DeskContext.Provider>
  );
}

/** No right, or not the right one: why, and how to get in. */
function Gate({ fault, onToken }: { fault: Fault | null; onToken: (token: string) => void }) {
  const { t } = useWords();
  const [given, setGiven] = useState("");
  const [busy, setBusy] = useState(false);
  const [no, setNo] = useState<Fault | null>(fault);
  if (fault && fault.status !== 401 && fault.status !== 403) {
    const words = faultWords(fault);
    const nowhere = fault.status === 404;
    return (
      <Scene title={nowhere ? t("watch.nowhere") : t("broken")} text={nowhere ? t("gate.nowhere") : words.text} {...(nowhere ? {} : { code: fault.code })}>
        <div class="actions">
          <Button onClick={() => location.reload()}>{t("try_again")}</Button>
        </div>
      </Scene>
    );
  }
  const enter = async (event: Event): Promise<void> => {
    event.preventDefault();
    const token = tokenIn(given);
    if (token === "") return;
    setBusy(true);
    setNo(null);
    try {
      await ask(`/api/v1/shows/${encodeURIComponent(slug)}/state`, { token });
      onToken(token);
    } catch (error) {
      setNo(asFault(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Scene title={t("gate.title")} text={t("gate.text")}>
      <form class="gate" onSubmit={(event) => void enter(event)}>
        <label class="field">
          <span>{t("gate.token")}</span>
          <input
            class="input"
            type="password"
            autoComplete="off"
            spellcheck={false}
            value={given}
            onInput={(event) => setGiven(event.currentTarget.value)}
          />
        </label>
        <FaultNote fault={no} />
        <Button kind="spot wide" type="submit" busy={busy} disabled={given.trim() === ""}>
          {t("gate.enter")}
        </Button>
      </form>
    </Scene>
  );
}

/** People paste the whole link as often as the token in it. */
function tokenIn(text: string): string {
  const given = text.trim();
  const at = given.indexOf("#");
  return at < 0 ? given : (new URLSearchParams(given.slice(at + 1)).get("k") ?? "");
}

mount(<Page />);
