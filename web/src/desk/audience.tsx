/** Where the audience is, and where it can be sent without the stage noticing. */

import { Eye, Undo2 } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Slate, StageState, Target } from "../api";
import { useWords, type Say } from "../i18n";
import { Button, FaultNote, Select } from "../ui/parts";
import { useDesk } from "./actions";
import { Preview } from "./pictures";
import { SlateFields } from "./scenes";

type Elsewhere = Exclude<Target, "program">;
const PLACES: Elsewhere[] = ["clip", "slate", "performer"];

function whereabouts(state: StageState, t: Say): string {
  const { audience, show } = state;
  if (show.state !== "live") return t(`audience.${show.state}`);
  const clip = state.clips.find((it) => it.id === audience.clip)?.name ?? "";
  const name = state.performers.find((it) => it.id === audience.performer)?.name ?? "";
  return t(`audience.at.${audience.target}`, { name: audience.target === "clip" ? clip : audience.target === "slate" ? (audience.slate?.title ?? "") : name });
}

export function Audience({ state }: { state: StageState }) {
  const { t } = useWords();
  const desk = useDesk();
  const elsewhere = state.audience.target !== "program";
  return (
    <section class="panel desk-audience" aria-label={t("desk.audience")} data-elsewhere={elsewhere}>
      <h2>{t("desk.audience")}</h2>
      <div class="whereabouts" role="status">
        <Eye size={20} aria-hidden="true" />
        <span class="grow">{whereabouts(state, t)}</span>
      </div>
      {elsewhere ? (
        <>
          <Button kind="spot wide" busy={desk.busy("audience")} onClick={() => void desk.act("audience", "PUT", "/audience", { target: "program" })}>
            <Undo2 size={20} aria-hidden="true" />
            {t("audience.bring_back")}
          </Button>
          <div class="stage-preview">
            <Preview query="output=stage" wanted expects muted label={t("audience.stage")}>
              {t("audience.stage")}
            </Preview>
            <span class="badge scrim">{t("audience.stage")}</span>
          </div>
        </>
      ) : null}
      {state.show.state === "over" ? null : elsewhere ? (
        <details class="send-again" open={false}>
          <summary class="small soft">{t("audience.send.again")}</summary>
          <Send state={state} />
        </details>
      ) : (
        <Send state={state} />
      )}
      <FaultNote fault={desk.fault("audience")} onClose={() => desk.dismiss("audience")} />
    </section>
  );
}

function Send({ state }: { state: StageState }) {
  const { t } = useWords();
  const desk = useDesk();
  const [place, setPlace] = useState<Elsewhere>("clip");
  const [clip, setClip] = useState("");
  const [performer, setPerformer] = useState("");
  const [slate, setSlate] = useState<Slate>(() => state.audience.slate ?? { title: "", text: "" });
  const [looped, setLooped] = useState(false);
  const [returns, setReturns] = useState(true);
  const chosenClip = state.clips.find((it) => it.id === clip) ?? state.clips[0];
  const there = state.performers.filter((it) => it.connection === "connected");
  const chosenPerformer = there.find((it) => it.id === performer) ?? there[0];
  const able = place === "clip" ? chosenClip !== undefined : place === "performer" ? chosenPerformer !== undefined : slate.title.trim() !== "";

  const send = (event: Event): void => {
    event.preventDefault();
    const body =
      place === "clip"
        ? { target: place, clip: chosenClip?.id, looped, return_at_end: returns }
        : place === "performer"
          ? { target: place, performer: chosenPerformer?.id }
          : { target: place, slate };
    void desk.act("audience", "PUT", "/audience", body);
  };
  return (
    <form class="stack send" onSubmit={send}>
      <fieldset class="segments">
        <legend class="label">{t("audience.send")}</legend>
        {PLACES.map((it) => (
          <label key={it}>
            <input type="radio" name="place" value={it} checked={place === it} onChange={() => setPlace(it)} />
            <span>{t(`audience.to.${it}`)}</span>
          </label>
        ))}
      </fieldset>
      {place === "clip" ? (
        state.clips.length > 0 ? (
          <>
            <Select
              small
              bare
              label={t("audience.to.clip")}
              value={chosenClip?.id ?? ""}
              choices={state.clips.map((it) => ({ value: it.id, text: it.name }))}
              onPick={setClip}
            />
            <div class="row wrap">
              <label class="check">
                <input type="checkbox" checked={looped} onChange={(event) => setLooped(event.currentTarget.checked)} />
                {t("clip.loop")}
              </label>
              <label class="check">
                <input type="checkbox" checked={returns && !looped} disabled={looped} onChange={(event) => setReturns(event.currentTarget.checked)} />
                {t("audience.return")}
              </label>
            </div>
          </>
        ) : (
          <p class="small soft">{t("audience.no_clips")}</p>
        )
      ) : null}
      {place === "performer" ? (
        there.length > 0 ? (
          <Select
            small
            bare
            label={t("audience.to.performer")}
            value={chosenPerformer?.id ?? ""}
            choices={there.map((it) => ({ value: it.id, text: it.name }))}
            onPick={setPerformer}
          />
        ) : (
          <p class="small soft">{t("audience.nobody")}</p>
        )
      ) : null}
      {place === "slate" ? <SlateFields slate={slate} onChange={setSlate} /> : null}
      <Button kind="small wide" type="submit" disabled={!able} busy={desk.busy("audience")}>
        {t("audience.send.go")}
      </Button>
    </form>
  );
}
