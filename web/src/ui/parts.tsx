/** The small things every page is made of. */

import { ChevronDown, CircleAlert, X } from "lucide-preact";
import { type ComponentChildren, type JSX, render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Fault, ShowState } from "../api";
import { clock, left } from "../clock";
import { faultWords, speak, useWords, type Word } from "../i18n";

export function Wordmark({ link = true }: { link?: boolean }) {
  const mark = (
    <>
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path class="arch" d="M6 27V15a10 10 0 0 1 20 0v12" stroke-width="2.6" stroke-linecap="round" />
        <path class="glow" d="M16 12 22 27H10Z" />
      </svg>
      Palco
    </>
  );
  return link ? (
    <a class="wordmark" href="/">
      {mark}
    </a>
  ) : (
    <span class="wordmark">{mark}</span>
  );
}

/** One press to the other language, named in that language. */
export function LangSwitch() {
  const { lang } = useWords();
  const other = lang === "en" ? "es" : "en";
  const name = other === "es" ? "Español" : "English";
  return (
    <button type="button" class="button quiet lang" lang={other} onClick={() => speak(other)}>
      {name}
    </button>
  );
}

export function ShowBadge({ state }: { state: ShowState }) {
  const { t } = useWords();
  return (
    <span class={`badge ${state}`}>
      <span class="shape" aria-hidden="true" />
      {t(`show.${state}`)}
    </span>
  );
}

export function FaultNote({ fault, onClose }: { fault: Fault | null; onClose?: () => void }) {
  const { t } = useWords();
  return (
    <div role="status" class="fault-room">
      {fault ? (
        <div class="fault">
          <CircleAlert size={16} aria-hidden="true" />
          <div class="grow">
            {faultWords(fault).text} <span class="hint">{faultWords(fault).hint}</span>
          </div>
          {onClose ? (
            <button type="button" class="button quiet icon small" aria-label={t("close")} onClick={onClose}>
              <X size={16} aria-hidden="true" />
            </button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}

export type ButtonProps = Omit<JSX.HTMLAttributes<HTMLButtonElement>, "icon"> & {
  kind?: string;
  busy?: boolean;
  disabled?: boolean;
  /** With an icon alone: what it does, for those who cannot see it. */
  label?: string;
  children?: ComponentChildren;
  type?: "button" | "submit";
};

export function Button({ kind = "", busy = false, label, children, disabled, type = "button", ...rest }: ButtonProps) {
  return (
    <button
      type={type}
      class={`button ${kind}`}
      aria-busy={busy}
      disabled={Boolean(disabled)}
      {...(label ? { "aria-label": label, title: label } : {})}
      {...rest}
    >
      {children}
    </button>
  );
}

export interface Choice {
  value: string;
  text: string;
}

export function Select(props: {
  label: string;
  value: string;
  choices: Choice[];
  onPick: (value: string) => void;
  disabled?: boolean;
  /** Keep the label for screen readers only. */
  bare?: boolean;
  small?: boolean;
}) {
  return (
    <label class="field">
      <span class={props.bare ? "unseen" : ""}>{props.label}</span>
      <span class={`select-box${props.small ? " small" : ""}`}>
        <select
          class="select"
          value={props.value}
          disabled={props.disabled ?? false}
          onChange={(event) => props.onPick(event.currentTarget.value)}
        >
          {props.choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.text}
            </option>
          ))}
        </select>
        <ChevronDown size={16} aria-hidden="true" />
      </span>
    </label>
  );
}

/** A slider that follows the hand at once and the server when the hand is off it. */
export function Slider(props: {
  label: string;
  value: number;
  max: number;
  step: number;
  text: string;
  onMove: (value: number) => void;
  onDone?: (value: number) => void;
  disabled?: boolean;
}) {
  const [held, hold] = useState<number | null>(null);
  const value = held ?? props.value;
  const release = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(release.current), []);
  return (
    <input
      type="range"
      class="slider"
      min={0}
      max={props.max}
      step={props.step}
      value={value}
      disabled={props.disabled ?? false}
      aria-label={props.label}
      aria-valuetext={props.text}
      style={{ "--fill": `${props.max > 0 ? (value / props.max) * 100 : 0}%` } as JSX.CSSProperties}
      onInput={(event) => {
        const next = event.currentTarget.valueAsNumber;
        clearTimeout(release.current);
        hold(next);
        props.onMove(next);
      }}
      onChange={(event) => {
        props.onDone?.(event.currentTarget.valueAsNumber);
        // The server's next state should already agree; do not jump back before it comes.
        release.current = setTimeout(() => hold(null), 600);
      }}
    />
  );
}

/** A whole-page state: what happened, what is being done, what the person can do. */
export function Scene(props: {
  title: string;
  text?: ComponentChildren;
  kicker?: ComponentChildren;
  code?: string;
  link?: boolean;
  /** It came without being asked for: it is said aloud. */
  says?: "status" | "alert";
  children?: ComponentChildren;
}) {
  const { t } = useWords();
  const words = (
    <>
      <h1>{props.title}</h1>
      {props.text ? <p>{props.text}</p> : null}
    </>
  );
  return (
    <div class="scene">
      <header>
        <Wordmark link={props.link ?? true} />
        <LangSwitch />
      </header>
      <main>
        {props.kicker}
        {props.says ? (
          <div class="scene-words" role={props.says}>
            {words}
          </div>
        ) : (
          words
        )}
        {props.code ? (
          <p class="small">
            {t("code.quote")} <code>{props.code}</code>
          </p>
        ) : null}
        {props.children}
      </main>
      <footer />
    </div>
  );
}

/** Time left, in the largest units that matter. */
export function Countdown({ to }: { to: string }) {
  const { t } = useWords();
  const [now, set] = useState(clock.now());
  useEffect(() => {
    const timer = setInterval(() => set(clock.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const { days, hours, minutes, seconds } = left(Date.parse(to), now);
  const all: [number, Word][] = [
    [days, "unit.days"],
    [hours, "unit.hours"],
    [minutes, "unit.minutes"],
    [seconds, "unit.seconds"],
  ];
  const shown = days > 0 ? all.slice(0, 3) : hours > 0 ? all.slice(1) : all.slice(2);
  return (
    <div class="clock" role="timer">
      {shown.map(([value, unit], at) => (
        <div key={unit}>
          <b>{at > 0 ? String(value).padStart(2, "0") : value}</b>
          <span>{t(unit, { n: value })}</span>
        </div>
      ))}
    </div>
  );
}

/** Asks before what cannot be undone. */
export function Confirm(props: {
  open: boolean;
  title: string;
  text: string;
  yes: string;
  no: string;
  onYes: () => void;
  onNo: () => void;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const it = dialog.current;
    if (props.open && it && !it.open) it.showModal();
    if (!props.open && it?.open) it.close();
  }, [props.open]);
  return (
    <dialog ref={dialog} onClose={props.onNo} onCancel={props.onNo}>
      <h2>{props.title}</h2>
      <p class="soft">{props.text}</p>
      <div class="actions">
        <Button onClick={props.onNo}>{props.no}</Button>
        <Button kind="live" onClick={props.onYes}>
          {props.yes}
        </Button>
      </div>
    </dialog>
  );
}

export function mount(page: JSX.Element): void {
  const root = document.getElementById("app");
  if (root) render(page, root);
}
