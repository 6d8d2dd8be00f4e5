/** Who is on stage and who is waiting; and the way in for more. */

import { Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Credentials, NewPerformer, StageState } from "../api";
import { useWords } from "../i18n";
import type { Levels } from "../ui/meter";
import { Button, FaultNote } from "../ui/parts";
import { useDesk } from "./actions";
import { CopyRow } from "./copy";
import { offAir, onAir } from "./model";
import { Person } from "./person";

export function People({ state, levels }: { state: StageState; levels: Levels }) {
  const { t } = useWords();
  const hosts = onAir(state.performers);
  const others = offAir(state.performers);
  const live = state.show.state === "live";
  return (
    <aside class="panel desk-people" aria-label={t("desk.people")}>
      <div class="panel-head">
        <h2>{t(live ? "people.on_air" : "people.on_stage")}</h2>
        <span class="soft small figures">{t("people.count", { count: hosts.length, most: state.show.max_on_air })}</span>
      </div>
      {/* One list, so that going on or off air moves a card and never ends its picture. */}
      <ul class="people">
        {hosts.map((it, at) => (
          <Person key={it.id} it={it} levels={levels} live={live} first={at === 0} last={at === hosts.length - 1} />
        ))}
        <li key="none" class="people-empty soft small" hidden={hosts.length > 0}>
          {t("people.nobody_on_stage")}
        </li>
        <li key="rest" class="people-rest">
          <h2>{t("people.backstage")}</h2>
        </li>
        {others.map((it) => (
          <Person key={it.id} it={it} levels={levels} live={live} first last />
        ))}
        <li key="nobody" class="people-empty soft small" hidden={others.length > 0}>
          {t(state.performers.length === 0 ? "people.first" : "people.nobody_waiting")}
        </li>
      </ul>
      <Add />
    </aside>
  );
}

function Add() {
  const { t } = useWords();
  const desk = useDesk();
  const [name, setName] = useState("");
  const [made, setMade] = useState<{ name: string; credentials: Credentials } | null>(null);
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    const answer = await desk.act<NewPerformer>("add", "POST", "/performers", { name: name.trim() });
    if (!answer) return;
    setMade({ name: answer.performer.name, credentials: answer });
    setName("");
  };
  return (
    <div class="people-add">
      {made ? (
        <div class="made">
          <p class="small">{t("people.made", { name: made.name })}</p>
          <Ways credentials={made.credentials} />
          <Button kind="quiet small" onClick={() => setMade(null)}>
            {t("done")}
          </Button>
        </div>
      ) : null}
      <form class="row" onSubmit={(event) => void add(event)}>
        <label class="grow small">
          <span class="unseen">{t("people.name")}</span>
          <input class="input" maxLength={60} placeholder={t("people.name")} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <Button kind="small" type="submit" disabled={name.trim() === ""} busy={desk.busy("add")}>
          <Plus size={16} aria-hidden="true" />
          {t("people.add")}
        </Button>
      </form>
      <FaultNote fault={desk.fault("add")} onClose={() => desk.dismiss("add")} />
    </div>
  );
}

/** The two ways in: a link for a browser, an address and a token for OBS and its like. */
export function Ways({ credentials }: { credentials: Credentials }) {
  const { t } = useWords();
  return (
    <div class="stack">
      <CopyRow label={t("ways.link")} value={new URL(credentials.invitation_url, location.href).href} />
      <details class="obs">
        <summary class="small soft">{t("ways.obs")}</summary>
        <div class="stack">
          <CopyRow label={t("ways.whip")} value={new URL(credentials.whip_url, location.href).href} />
          <CopyRow label={t("ways.token")} value={credentials.whip_token} secret />
        </div>
      </details>
    </div>
  );
}
