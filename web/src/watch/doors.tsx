/** What stands before the picture when the seat is not open here: why, and how to get in. */

import { Armchair, Ticket } from "lucide-preact";
import { useEffect, useRef } from "preact/hooks";
import type { Fault } from "../api";
import { faultWords, useWords } from "../i18n";
import { Button, FaultNote, Scene } from "../ui/parts";
import type { Sitting } from "./sitting";

const showPage = (slug: string): string => `/shows/${encodeURIComponent(slug)}`;

/** The seat is open elsewhere: asked before it is taken, or told after it was. */
export function Elsewhere({ sitting, claim }: { sitting: Sitting; claim: () => void }) {
  const { t } = useWords();
  const asking = sitting.phase === "asking";
  const button = useRef<HTMLDivElement>(null);
  // A question on arrival is answered with Enter; a word in the middle of a show must not be.
  useEffect(() => {
    if (asking) button.current?.querySelector("button")?.focus();
  }, []);
  const trouble = sitting.fault?.code.startsWith("seat_") ? null : sitting.fault;
  return (
    <Scene title={t(asking ? "seat.asking" : "seat.taken")} text={t(asking ? "seat.asking.text" : "seat.taken.text")} says={asking ? "status" : "alert"}>
      <div class="actions" ref={button}>
        <Button kind="spot big" busy={sitting.errand !== null} onClick={claim}>
          <Armchair size={20} aria-hidden="true" />
          {t("seat.here")}
        </Button>
      </div>
      <FaultNote fault={trouble} />
    </Scene>
  );
}

/** The ticket does not let in, or there is none. */
export function NoSeat({ fault, slug }: { fault: Fault; slug: string }) {
  const { t } = useWords();
  const show = (
    <a class="button spot" href={showPage(slug)}>
      <Ticket size={20} aria-hidden="true" />
      {t("seat.see_show")}
    </a>
  );
  const reload = <Button onClick={() => location.reload()}>{t("try_again")}</Button>;
  switch (fault.code) {
    case "ticket_missing":
      return (
        <Scene title={t("seat.missing")} text={t("seat.missing.text")} says="alert">
          <div class="actions">{show}</div>
        </Scene>
      );
    case "ticket_void":
      return (
        <Scene title={t("seat.void")} text={t("seat.void.text")} says="alert">
          <div class="actions">{show}</div>
        </Scene>
      );
    case "ticket_unknown":
    case "ticket_unpaid":
    case "ticket_other_show": {
      const words = faultWords(fault);
      return (
        <Scene title={words.text} text={words.hint ?? ""} says="alert">
          <div class="actions">
            {show}
            {reload}
          </div>
        </Scene>
      );
    }
    default: {
      const words = faultWords(fault);
      return (
        <Scene title={t("broken")} text={`${words.text} ${words.hint ?? ""}`} code={fault.code} says="alert">
          <div class="actions">
            {reload}
            {show}
          </div>
        </Scene>
      );
    }
  }
}
