/** Scenes: what the stage shows, whom it favours, how it changes. */

import { Pencil } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Layout, Slate, StageState, Transition } from "../api";
import { useWords, type Word } from "../i18n";
import { LAYOUTS, LayoutIcon } from "../ui/layouts";
import { Button, FaultNote, Select } from "../ui/parts";
import { useDesk } from "./actions";
import { heldFocus, onAir, sceneKey } from "./model";

const CHANGES: [string, Transition, Word][] = [
  ["cut", { kind: "cut", millis: 0 }, "change.cut"],
  ["300", { kind: "fade", millis: 300 }, "change.fade_short"],
  ["800", { kind: "fade", millis: 800 }, "change.fade"],
  ["1500", { kind: "fade", millis: 1500 }, "change.fade_long"],
];

/** The offered change that is closest to the one in force. */
function nearest({ kind, millis = 0 }: Transition): string {
  if (kind === "cut") return "cut";
  const off = (name: string): number => Math.abs(Number(name) - millis);
  return ["300", "800", "1500"].reduce((best, it) => (off(it) < off(best) ? it : best));
}

export function Scenes({ state }: { state: StageState }) {
  const { t } = useWords();
  const desk = useDesk();
  const { scene } = state;
  const [change, setChange] = useState(() => nearest(scene.transition));
  const [asked, setAsked] = useState<Layout | null>(null);
  const [slate, setSlate] = useState<Slate | null>(null);
  const hosts = onAir(state.performers);
  const focus = heldFocus(scene, state.performers);

  const put = async (layout: Layout, some: { focus?: string | null; slate?: Slate } = {}): Promise<void> => {
    setAsked(layout);
    const transition = CHANGES.find(([name]) => name === change)?.[1] ?? scene.transition;
    await desk.act("scene", "PUT", "/scene", { layout, focus, transition, ...some });
    setAsked(null);
  };
  const take = useRef(put);
  take.current = put;
  useEffect(() => {
    const key = (event: KeyboardEvent): void => {
      const at = event.target as HTMLElement;
      const target = { tag: at.tagName, type: at.getAttribute("type") ?? "", editable: at.isContentEditable };
      const number = sceneKey(event.key, target, event.ctrlKey || event.metaKey || event.altKey);
      const layout = number === null ? undefined : LAYOUTS[number];
      if (layout) void take.current(layout);
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, []);

  const auto = { value: "", text: t("focus.auto") };
  return (
    <section class="panel desk-scenes" aria-label={t("desk.scenes")}>
      <div class="panel-head">
        <h2>{t("desk.scenes")}</h2>
        <Button kind="quiet small slate-edit" aria-expanded={slate !== null} onClick={() => setSlate(slate ? null : scene.slate)}>
          <Pencil size={16} aria-hidden="true" />
          {t("slate.edit")}
        </Button>
        <Select
          small
          bare
          label={t("focus")}
          value={focus ?? ""}
          disabled={hosts.length === 0}
          choices={[auto, ...hosts.map((it) => ({ value: it.id, text: t("focus.on", { name: it.name }) }))]}
          onPick={(id) => void put(scene.layout, { focus: id === "" ? null : id })}
        />
        <Select
          small
          bare
          label={t("change")}
          value={change}
          choices={CHANGES.map(([value, , word]) => ({ value, text: t(word) }))}
          onPick={setChange}
        />
      </div>
      <div class="scene-buttons" role="group" aria-label={t("desk.scenes")}>
        {LAYOUTS.map((layout, at) => (
          <button
            key={layout}
            type="button"
            class="scene-button"
            aria-pressed={scene.layout === layout}
            aria-busy={asked === layout}
            aria-keyshortcuts={String(at + 1)}
            onClick={() => void put(layout)}
          >
            <LayoutIcon layout={layout} />
            <span>{t(`layout.${layout}`)}</span>
          </button>
        ))}
      </div>
      <FaultNote fault={desk.fault("scene")} onClose={() => desk.dismiss("scene")} />
      {slate ? (
        <form
          class="slate-form"
          onSubmit={(event) => {
            event.preventDefault();
            void put("slate", { slate }).then(() => setSlate(null));
          }}
        >
          <SlateFields slate={slate} onChange={setSlate} />
          <div class="row">
            <Button kind="spot small" type="submit" busy={asked === "slate"}>
              {t(scene.layout === "slate" ? "slate.update" : "slate.show")}
            </Button>
            <Button kind="quiet small" onClick={() => setSlate(null)}>
              {t("cancel")}
            </Button>
          </div>
        </form>
      ) : null}
    </section>
  );
}

export function SlateFields({ slate, onChange }: { slate: Slate; onChange: (slate: Slate) => void }) {
  const { t } = useWords();
  return (
    <>
      <label class="field small">
        <span>{t("slate.title")}</span>
        <input class="input" maxLength={80} value={slate.title} onInput={(event) => onChange({ ...slate, title: event.currentTarget.value })} />
      </label>
      <label class="field small">
        <span>{t("slate.text")}</span>
        <input class="input" maxLength={200} value={slate.text ?? ""} onInput={(event) => onChange({ ...slate, text: event.currentTarget.value })} />
      </label>
    </>
  );
}
