/** Yourself, big; three choices; one button. */

import { CircleAlert, Mic } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import type { StageView } from "../api";
import { when } from "../clock";
import { useWords, type Say } from "../i18n";
import { type Levels, Meter } from "../ui/meter";
import { Button, LangSwitch, Select, ShowBadge, Wordmark } from "../ui/parts";
import { choices } from "./choices";
import { type Devices, OFF, type Source, type Trouble, type Wish } from "./devices";
import { METER_ID } from "./loudness";
import { Self } from "./self";

interface Props {
  view: StageView | null;
  lost: boolean;
  source: Source | null;
  trouble: Trouble | null;
  devices: Devices;
  levels: Levels;
  wish: Wish;
  /** A reload: we are going straight back in. */
  rejoining: boolean;
  onWish: (wish: Partial<Wish>) => void;
  onRetry: () => void;
  onJoin: (name: string) => void;
  /** Asks the server at once. */
  again: () => void;
}

/** The device that is in use, which is what a list must show. */
function inUse(track: MediaStreamTrack | undefined, wish: string): string {
  return wish === OFF ? OFF : (track?.getSettings().deviceId ?? wish);
}

export function DeviceChoices({ source, devices, wish, onWish }: Pick<Props, "source" | "devices" | "wish" | "onWish">) {
  const { t } = useWords();
  const camera = inUse(source?.stream.getVideoTracks()[0], wish.camera);
  const microphone = inUse(source?.stream.getAudioTracks()[0], wish.microphone);
  return (
    <>
      <Select
        label={t("stage.camera")}
        value={camera}
        choices={choices(devices.cameras, camera, t("stage.camera"), t("stage.no_camera"))}
        onPick={(id) => onWish({ camera: id })}
      />
      <Select
        label={t("stage.microphone")}
        value={microphone}
        choices={choices(devices.microphones, microphone, t("stage.microphone"), t("stage.no_microphone"))}
        onPick={(id) => onWish({ microphone: id })}
      />
    </>
  );
}

export function Setup(props: Props) {
  const { view, source, trouble, levels } = props;
  const { t, lang } = useWords();
  const [name, setName] = useState<string | null>(null);
  const shown = name ?? view?.me.name ?? "";
  useEffect(() => setName(null), [view?.me.id]);
  const starts = view?.show.state === "scheduled" ? view.show.starts_at : null;
  const hears = (source?.stream.getAudioTracks().length ?? 0) > 0;
  return (
    <div class="setup">
      <header class="setup-top">
        <Wordmark />
        <LangSwitch />
      </header>
      <main class="setup-main">
        <div class="setup-mirror">
          <Self stream={source?.stream ?? null} name={shown} />
          {source === null && trouble === null ? <div class="setup-wait bone" role="status" aria-label={t("stage.opening")} /> : null}
        </div>
        <form
          class="setup-panel"
          onSubmit={(event) => {
            event.preventDefault();
            props.onJoin(shown.trim());
          }}
        >
          <div class="stack">
            {view ? <ShowBadge state={view.show.state} /> : <div class="bone line" />}
            <h1>{view ? view.show.title : <span class="bone line" />}</h1>
            <p class="soft">{starts ? <time dateTime={starts}>{when(starts, lang)}</time> : t("stage.look_good")}</p>
          </div>
          {trouble ? <TroubleNote trouble={trouble} some={source !== null} onRetry={props.onRetry} t={t} /> : null}
          <DeviceChoices source={source} devices={props.devices} wish={props.wish} onWish={props.onWish} />
          <div class="setup-level">
            <Mic size={16} aria-hidden="true" />
            <Meter levels={levels} id={METER_ID} label={t("stage.level")} />
            <span class="small soft">{t(hears ? "stage.say_something" : "stage.no_sound")}</span>
          </div>
          <label class="field">
            <span>{t("stage.name")}</span>
            <input class="input" value={shown} maxLength={60} autoComplete="name" disabled={!view} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          <Button kind="spot big wide" type="submit" disabled={!view || !source} busy={props.rejoining}>
            {t(props.rejoining ? "stage.rejoining" : "stage.join")}
          </Button>
          <p class="small soft" role="status">
            {t(props.lost ? "link.lost" : "stage.join.means")}{" "}
            {props.lost ? (
              <Button kind="small" onClick={props.again}>
                {t("try_now")}
              </Button>
            ) : null}
          </p>
        </form>
      </main>
    </div>
  );
}

function TroubleNote({ trouble, some, onRetry, t }: { trouble: Trouble; some: boolean; onRetry: () => void; t: Say }) {
  return (
    <div class="fault" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div class="stack">
        <div>
          {t(some && trouble !== "denied" && trouble !== "insecure" ? `trouble.${trouble}.some` : `trouble.${trouble}`)}{" "}
          <span class="hint">{t(`trouble.${trouble}.hint`)}</span>
        </div>
        {trouble === "insecure" ? null : (
          <span>
            <Button kind="small" onClick={onRetry}>
              {t("try_again")}
            </Button>
          </span>
        )}
      </div>
    </div>
  );
}
