/** How the viewer wants the show: a few ways to choose from, in a panel that closes by itself. */

import { Settings2 } from "lucide-preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Say } from "../i18n";
import { Button } from "../ui/parts";
import { type Wish, WISHES } from "./ways";

export function QualityMenu({ wish, replay, onPick, t }: { wish: Wish; replay: boolean; onPick: (wish: Wish) => void; t: Say }) {
  const [open, set] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLInputElement>("input:checked")?.focus();
    const away = (event: Event): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) set(false);
    };
    const key = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" && event.key !== "Enter") return;
      if (event.key === "Enter" && !(event.target instanceof HTMLInputElement)) return;
      set(false);
      box.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("focusin", away);
    document.addEventListener("keydown", key);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("focusin", away);
      document.removeEventListener("keydown", key);
    };
  }, [open]);
  // What is over is no longer real time.
  const choices = WISHES.filter((it) => !replay || (it !== "webrtc" && it !== "hls"));
  const now = choices.includes(wish) ? wish : "auto";
  // Arrow keys choose by a click without a pointer: they go on choosing. Not `change`: it comes after the click, when
  // the closed panel has taken the button it is for with it.
  const choose = (it: Wish, event: MouseEvent): void => {
    onPick(it);
    if (event.detail > 0) set(false);
  };
  return (
    <div class="watch-menu" ref={box}>
      <Button kind={`icon${open ? " on" : ""}`} label={t("watch.quality")} aria-expanded={open} onClick={() => set(!open)}>
        <Settings2 size={20} aria-hidden="true" />
      </Button>
      {open ? (
        <fieldset class="watch-choices">
          <legend>{t("watch.quality")}</legend>
          {choices.map((it) => (
            <label key={it}>
              <input type="radio" name="wish" value={it} checked={it === now} onClick={(event) => choose(it, event)} />
              <span>
                {t(`watch.wish.${it}`)}
                <span class="small soft">{t(`watch.wish.${it}.text`)}</span>
              </span>
            </label>
          ))}
        </fieldset>
      ) : null}
    </div>
  );
}
