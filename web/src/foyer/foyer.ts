/** What the foyer's pages can do better with a script. All of them work without it. */

const root = document.documentElement;
const lang = root.lang || "en";
const all = <E extends Element = HTMLElement>(what: string, within: ParentNode = document): E[] => [...within.querySelectorAll<E>(what)];

const shapes: Record<string, Intl.DateTimeFormatOptions> = {
  full: { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit", timeZoneName: "short" },
  hour: { hour: "numeric", minute: "2-digit", timeZoneName: "short" },
  date: { weekday: "long", day: "numeric", month: "long" },
};

export const written = (iso: string, shape: string): string => new Intl.DateTimeFormat(lang, shapes[shape] ?? shapes.full).format(new Date(iso));

/** Times in the visitor's own zone; the server wrote them in the show's. */
function localTimes(): void {
  for (const time of all<HTMLTimeElement>("time[data-local]")) {
    time.title = time.textContent?.trim() ?? "";
    time.textContent = written(time.dateTime, time.dataset.local ?? "full");
  }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone.replaceAll("_", " ");
  for (const note of all("[data-zone-note]")) note.textContent = (root.dataset.zoneYours ?? "").replace("{zone}", zone);
}

/** The schedule by the visitor's days: a late show may be tomorrow here. */
function localDays(): void {
  for (const schedule of all("[data-schedule]")) {
    const rows = all<HTMLLIElement>("li[data-at]", schedule).filter((row) => !row.querySelector(".badge.live, .badge.paused"));
    const days = new Map<string, HTMLElement>();
    for (const row of rows) {
      const title = written(row.dataset.at ?? "", "date");
      const list = row.parentElement;
      let day = days.get(title);
      if (!day) {
        day = document.createElement("section");
        day.className = "day";
        const head = document.createElement("h3");
        head.textContent = title;
        day.append(head, document.createElement("ul"));
        days.set(title, day);
        schedule.append(day);
      }
      day.lastElementChild?.append(row);
      if (list && list.children.length === 0) list.parentElement?.remove();
    }
  }
}

function copying(): void {
  for (const button of all<HTMLButtonElement>("[data-copy]")) {
    button.hidden = false;
    const word = button.textContent;
    button.addEventListener("click", () => {
      const url = button.dataset.copy ?? "";
      void navigator.clipboard?.writeText(url).then(() => {
        button.textContent = root.dataset.copied ?? word;
        setTimeout(() => (button.textContent = word), 2000);
      });
    });
  }
}

/** The total follows what is typed: the server counts, so that there is one way to count. */
function liveTotal(): void {
  for (const form of all<HTMLFormElement>("form[data-live-total]")) {
    for (const plain of all("[data-plain]", form)) plain.hidden = true;
    let turn = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      const mine = ++turn;
      form.querySelector("#bill")?.setAttribute("aria-busy", "true");
      const body = new URLSearchParams([...new FormData(form)].filter((pair): pair is [string, string] => typeof pair[1] === "string"));
      body.set("apply", "1");
      try {
        const answer = await fetch(form.action, { method: "POST", body, headers: { "palco-part": "quote" } });
        const html = answer.ok ? await answer.text() : "";
        if (mine !== turn || !html) return;
        const bill = new DOMParser().parseFromString(html, "text/html").getElementById("bill");
        if (!bill) return;
        for (const total of all("[data-total]", form)) total.textContent = bill.querySelector(".total b")?.textContent ?? "";
        form.querySelector("#bill")?.replaceWith(bill);
      } catch {
        // The bill stays as it was; the server counts again when the form is sent.
      } finally {
        if (mine === turn) form.querySelector("#bill")?.removeAttribute("aria-busy");
      }
    };
    const soon = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), 250);
    };
    form.addEventListener("input", (event) => {
      if (event.target instanceof HTMLInputElement && /^[nu]-/.test(event.target.name)) soon();
    });
    for (const button of all<HTMLButtonElement>("[data-step]", form)) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const field = button.parentElement?.querySelector("input");
        if (!field || field.disabled) return;
        const next = (Number(field.value) || 0) + Number(button.dataset.step);
        field.value = String(Math.min(10, Math.max(0, next)));
        soon();
      });
    }
    // Sent once: the form's own random text makes a second sending the same order, but nobody should wonder.
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "1";
    });
    addEventListener("pageshow", () => delete form.dataset.sent);
  }
}

function countdowns(): void {
  for (const it of all("[data-countdown]")) {
    const then = Date.parse(it.dataset.countdown ?? "");
    const draw = (): void => {
      const minutes = Math.ceil((then - Date.now()) / 60_000);
      if (minutes <= 0) return void (it.textContent = "");
      const parts: [number, string][] = [
        [Math.floor(minutes / 1440), "day"],
        [Math.floor(minutes / 60) % 24, "hour"],
        [minutes % 60, "minute"],
      ];
      const said = parts.filter(([n]) => n > 0).slice(0, 2);
      const text = said.map(([n, unit]) => new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(n));
      it.textContent = `${it.dataset.words ?? ""} ${text.join(", ")}`;
    };
    draw();
    setInterval(draw, 20_000);
  }
}

function charts(): void {
  for (const chart of all("[data-chart]")) {
    const tip = chart.querySelector("[data-tip]");
    const rest = tip?.textContent ?? "";
    for (const bar of all<SVGGElement>("g[data-say]", chart)) {
      bar.addEventListener("pointerenter", () => tip && (tip.textContent = bar.dataset.say ?? ""));
      bar.addEventListener("pointerleave", () => tip && (tip.textContent = rest));
    }
  }
}

localTimes();
localDays();
copying();
liveTotal();
countdowns();
charts();
document.querySelector<HTMLElement>("[data-focus]")?.focus();
