/** The Program as the audience gets it, and small pictures of whatever else has one. */

import { Volume2, VolumeX } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { StageState } from "../api";
import { useWords } from "../i18n";
import { Player } from "../rtc/link";
import { Button } from "../ui/parts";
import { Picture, useMachine, usePlayer } from "../ui/video";
import { useDesk } from "./actions";

export function Program({ state }: { state: StageState }) {
  const { t } = useWords();
  const desk = useDesk();
  const [listening, listen] = useState(false);
  const over = state.show.state === "over";
  const player = usePlayer(() => new Player(`/whep/${encodeURIComponent(desk.slug)}`, desk.token, true), desk.token, !over);
  const machine = useMachine(player);
  useEffect(() => {
    // Read-only facts for tests and support; nothing on the page reads them.
    if (player) Object.defineProperty(window, "palco", { configurable: true, value: { player } });
  }, [player]);
  const away = machine?.flowed === true && machine.phase !== "flowing";
  const live = state.show.state === "live";
  return (
    <section class="program" aria-label={t("desk.program")} data-live={live} data-canvas={state.show.canvas}>
      <Picture player={player} muted={!listening} label={t("desk.program")} onSilenced={() => listen(false)}>
        {over ? t("watch.over") : t("desk.program.coming")}
      </Picture>
      <div class="program-top">
        <span class={`badge ${live ? "live" : "scrim"}`}>
          <span class="shape" aria-hidden="true" />
          {t(live ? "desk.program.live" : state.show.state === "scheduled" ? "desk.program.preview" : "desk.program")}
        </span>
        <Button kind="icon small scrim" label={t(listening ? "desk.silence" : "desk.listen")} aria-pressed={listening} onClick={() => listen(!listening)}>
          {listening ? <Volume2 size={16} aria-hidden="true" /> : <VolumeX size={16} aria-hidden="true" />}
        </Button>
      </div>
      {away ? (
        <div class="note" role="status">
          {t("watch.back_soon")}
        </div>
      ) : null}
    </section>
  );
}

/** A performer, or the stage while the audience is elsewhere. */
export function Preview(props: { query: string; wanted: boolean; expects: boolean; label: string; muted: boolean; cover?: boolean; children?: ComponentChildren }) {
  const desk = useDesk();
  const player = usePlayer(
    () => new Player(`/whep/${encodeURIComponent(desk.slug)}?${props.query}`, desk.token, props.expects),
    `${desk.token} ${props.query}`,
    props.wanted,
  );
  useEffect(() => player?.expects(props.expects), [player, props.expects]);
  return (
    <Picture player={player} muted={props.muted} label={props.label} cover={props.cover ?? false}>
      {props.children}
    </Picture>
  );
}
