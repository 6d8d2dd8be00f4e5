/** One performer: how they look and sound, and what the director can do about it. */

import { ArrowDown, ArrowUp, Ellipsis, Eye, EyeOff, Headphones, Mic, MicOff, UserRound } from "lucide-preact";
import { useState } from "preact/hooks";
import type { Credentials, Performer } from "../api";
import { useWords } from "../i18n";
import { type Levels, Meter } from "../ui/meter";
import { Button, Confirm, FaultNote, Slider } from "../ui/parts";
import { useDesk, useThrottle } from "./actions";
import { CopyRow } from "./copy";
import { Ways } from "./people";
import { Preview } from "./pictures";

interface Props {
  it: Performer;
  levels: Levels;
  live: boolean;
  first: boolean;
  last: boolean;
}

type Change = Partial<Pick<Performer, "role" | "name" | "muted" | "hidden" | "volume" | "place">>;

export function Person({ it, levels, live, first, last }: Props) {
  const { t } = useWords();
  const desk = useDesk();
  const [more, setMore] = useState(false);
  const [listening, listen] = useState(false);
  const key = `person ${it.id}`;
  const patch = (change: Change, part = ""): void => void desk.act(`${key}${part}`, "PATCH", `/performers/${it.id}`, change);
  const host = it.role === "host";
  const here = it.connection === "connected";
  const fault = desk.fault(key) ?? desk.fault(`${key} role`) ?? desk.fault(`${key} remove`);
  return (
    <li class="person" data-role={it.role} data-connection={it.connection} data-id={it.id}>
      <div class="person-row">
        <div class="person-picture">
          <Preview query={`performer=${it.id}`} wanted={here} expects={it.video} muted={!listening} cover label={it.name} />
          {it.video && here ? null : (
            <div class="tile-dark">
              {here ? <UserRound size={20} aria-hidden="true" /> : <span class="small">{t(`connection.${it.connection}`)}</span>}
            </div>
          )}
          {host ? (
            <span class={`badge mini ${live ? "live" : "scrim"}`}>
              <span class="shape" aria-hidden="true" />
              {t(live ? "where.on_air" : "where.on_stage")}
            </span>
          ) : null}
        </div>
        <Meter levels={levels} id={it.id} upright label={t("person.level", { name: it.name })} />
        <b class="clip-text person-about" title={it.name}>
          {it.name}
        </b>
        <div class="row person-buttons">
          <Button
            kind={`small ${!host && here ? "on" : ""}`}
            busy={desk.busy(`${key} role`)}
            onClick={() => patch({ role: host ? "backstage" : "host" }, " role")}
          >
            {t(host ? "person.take_off" : "person.put_on")}
          </Button>
          <span class="grow" />
          <Button
            kind={`icon small ${it.muted ? "off" : "quiet"}`}
            label={t(it.muted ? "person.unmute" : "person.mute")}
            aria-pressed={it.muted}
            onClick={() => patch({ muted: !it.muted })}
          >
            {it.muted ? <MicOff size={16} aria-hidden="true" /> : <Mic size={16} aria-hidden="true" />}
          </Button>
          <Button
            kind={`icon small ${it.hidden ? "off" : "quiet"}`}
            label={t(it.hidden ? "person.show" : "person.hide")}
            aria-pressed={it.hidden}
            onClick={() => patch({ hidden: !it.hidden })}
          >
            {it.hidden ? <EyeOff size={16} aria-hidden="true" /> : <Eye size={16} aria-hidden="true" />}
          </Button>
          <Button kind="icon small quiet" label={t("person.more", { name: it.name })} aria-expanded={more} onClick={() => setMore(!more)}>
            <Ellipsis size={16} aria-hidden="true" />
          </Button>
        </div>
      </div>
      <FaultNote fault={fault} onClose={() => ["", " role", " remove"].forEach((part) => desk.dismiss(`${key}${part}`))} />
      {more ? <More it={it} patch={patch} host={host} first={first} last={last} listening={listening} listen={listen} /> : null}
    </li>
  );
}

interface MoreProps {
  it: Performer;
  patch: (change: Change, part?: string) => void;
  host: boolean;
  first: boolean;
  last: boolean;
  listening: boolean;
  listen: (is: boolean) => void;
}

function More({ it, patch, host, first, last, listening, listen }: MoreProps) {
  const { t, lang } = useWords();
  const desk = useDesk();
  const [removing, setRemoving] = useState(false);
  const [ways, setWays] = useState<Credentials | null>(null);
  const volume = useThrottle((value: number) => patch({ volume: value }), 120);
  const percent = (value: number): string => new Intl.NumberFormat(lang, { style: "percent" }).format(value);
  const place = it.place ?? 0;
  return (
    <div class="person-more">
      <div class="volume">
        <span class="small soft">{t("volume")}</span>
        <Slider label={t("volume.of", { name: it.name })} value={it.volume} max={2} step={0.05} text={percent(it.volume)} onMove={volume} />
        <span class="small soft figures">{percent(it.volume)}</span>
      </div>
      <div class="row wrap">
        <Button kind={`small ${listening ? "on" : ""}`} aria-pressed={listening} onClick={() => listen(!listening)}>
          <Headphones size={16} aria-hidden="true" />
          {t(listening ? "person.stop_listening" : "person.listen")}
        </Button>
        {host ? (
          <>
            <Button kind="small icon" label={t("person.earlier")} disabled={first} onClick={() => patch({ place: place - 1 })}>
              <ArrowUp size={16} aria-hidden="true" />
            </Button>
            <Button kind="small icon" label={t("person.later")} disabled={last} onClick={() => patch({ place: place + 1 })}>
              <ArrowDown size={16} aria-hidden="true" />
            </Button>
          </>
        ) : null}
      </div>
      {ways ? <Ways credentials={ways} /> : <CopyRow label={t("ways.link")} value={new URL(it.invitation_url, location.href).href} />}
      <div class="row wrap">
        {ways ? null : (
          <Button
            kind="small quiet"
            busy={desk.busy(`person ${it.id} ways`)}
            onClick={() => void desk.act<Credentials>(`person ${it.id} ways`, "POST", `/performers/${it.id}/credentials`, {}).then(setWays)}
          >
            {t("ways.obs")}
          </Button>
        )}
        <span class="grow" />
        <Button kind="small quiet danger" onClick={() => setRemoving(true)}>
          {t("person.remove")}
        </Button>
      </div>
      <FaultNote fault={desk.fault(`person ${it.id} ways`)} onClose={() => desk.dismiss(`person ${it.id} ways`)} />
      <Confirm
        open={removing}
        title={t("person.remove.sure", { name: it.name })}
        text={t("person.remove.means")}
        yes={t("person.remove")}
        no={t("cancel")}
        onNo={() => setRemoving(false)}
        onYes={() => {
          setRemoving(false);
          void desk.act(`person ${it.id} remove`, "DELETE", `/performers/${it.id}`);
        }}
      />
    </div>
  );
}
