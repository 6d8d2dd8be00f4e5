import "../tokens.css";
import "../base.css";
import "./stage.css";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ask, asFault, type Fault, type StageView } from "../api";
import { faultWords, useWords } from "../i18n";
import { Publisher } from "../rtc/link";
import { listen, type Link, type Stream } from "../sse";
import { Levels } from "../ui/meter";
import { Button, mount, Scene } from "../ui/parts";
import { closeSource, type Devices, listDevices, openSource, type Source, type Trouble, type Wish } from "./devices";
import { measure, METER_ID } from "./loudness";
import { forget, type Memory, remember, remembered } from "./memory";
import { Room } from "./room";
import { Setup } from "./setup";

const code = decodeURIComponent(location.pathname.split("/")[2] ?? "");
const levels = new Levels();

/** Read-only facts for tests and support; nothing on the page reads them. */
const facts: { publisher: Publisher | null; readonly pc: RTCPeerConnection | null; readonly phase: string } = {
  publisher: null,
  get pc() {
    return this.publisher?.pc ?? null;
  },
  get phase() {
    return this.publisher?.machine.phase ?? "rest";
  },
};
Object.defineProperty(window, "palco", { value: facts });

/** Camera and microphone as wished, opened again whenever the wish changes. */
function useSource(wish: Wish): { source: Source | null; trouble: Trouble | null; devices: Devices; retry: () => void } {
  const [source, setSource] = useState<Source | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [devices, setDevices] = useState<Devices>({ cameras: [], microphones: [] });
  const [turn, setTurn] = useState(0);
  const open = useRef<MediaStream | null>(null);
  const retry = useCallback(() => setTurn((n) => n + 1), []);

  useEffect(() => {
    let stale = false;
    const take = async (): Promise<void> => {
      try {
        const next = await openSource(wish);
        if (stale) return closeSource(next.stream);
        // Some phones open a camera only once: the old one goes only after the new one came, or it would flicker.
        closeSource(open.current);
        open.current = next.stream;
        for (const track of next.stream.getTracks()) track.addEventListener("ended", retry);
        setTrouble(next.trouble);
        setSource(next);
      } catch (reason) {
        if (stale) return;
        closeSource(open.current);
        open.current = null;
        setSource(null);
        setTrouble(typeof reason === "string" ? (reason as Trouble) : "unknown");
      }
      const list = await listDevices();
      if (!stale) setDevices(list);
    };
    void take();
    return () => {
      stale = true;
    };
  }, [wish.camera, wish.microphone, turn]);

  useEffect(() => {
    const changed = (): void => void listDevices().then(setDevices);
    navigator.mediaDevices?.addEventListener("devicechange", changed);
    return () => navigator.mediaDevices?.removeEventListener("devicechange", changed);
  }, []);
  useEffect(() => {
    if (source) return measure(source.stream, (dbfs) => levels.tell({ [METER_ID]: dbfs }));
  }, [source]);
  return { source, trouble, devices, retry };
}

function useStage(): { view: StageView | null; link: Link; fault: Fault | null; stream: Stream | null } {
  const [view, setView] = useState<StageView | null>(null);
  const [link, setLink] = useState<Link>("joining");
  const [fault, setFault] = useState<Fault | null>(null);
  const [stream, setStream] = useState<Stream | null>(null);
  useEffect(() => {
    const it = listen("/api/v1/stage/events", code, {
      event: (name, data) => {
        if (name === "stage") setView(data as StageView);
      },
      link: setLink,
      refused: setFault,
    });
    setStream(it);
    return it.close;
  }, []);
  return { view, link, fault, stream };
}

function Page() {
  const { t } = useWords();
  const [memory, setMemory] = useState<Memory>(() => remembered(code));
  const [left, setLeft] = useState<"gone" | "elsewhere" | null>(null);
  const [nameFault, setNameFault] = useState<Fault | null>(null);
  const { view, link, fault, stream } = useStage();
  const { source, trouble, devices, retry } = useSource(memory);

  const change = useCallback((some: Partial<Memory>): void => {
    setMemory((before) => {
      const next = { ...before, ...some };
      remember(code, next);
      return next;
    });
  }, []);

  useEffect(() => {
    if (view) document.title = `${view.show.title} · Palco`;
  }, [view?.show.title]);
  useEffect(() => source?.stream.getAudioTracks().forEach((track) => (track.enabled = !memory.quiet)), [source, memory.quiet]);

  const whip = view?.whip_url;
  const joined = memory.joined && left === null && fault === null;
  const publisher = useMemo(() => (whip ? new Publisher(whip, code, new MediaStream()) : null), [whip]);
  facts.publisher = publisher;
  useEffect(() => {
    if (publisher && source) publisher.replace(source.stream);
  }, [publisher, source]);
  useEffect(() => {
    // Two tabs with one invitation would take the place from each other for ever: the newest has it.
    if (!joined || typeof BroadcastChannel === "undefined") return;
    const channel = new BroadcastChannel(`palco.stage.${code}`);
    channel.postMessage("here");
    channel.onmessage = () => setLeft("elsewhere");
    return () => channel.close();
  }, [joined]);
  useEffect(() => {
    if (left !== null) closeSource(source?.stream ?? null);
  }, [left]);
  const ready = source !== null;
  useEffect(() => {
    if (!publisher || !joined || !ready) return;
    publisher.start();
    // A page that goes away says so; the back-forward cache may bring it back.
    const leave = (): void => publisher.stop();
    const back = (event: PageTransitionEvent): void => {
      if (event.persisted) publisher.start();
    };
    window.addEventListener("pagehide", leave);
    window.addEventListener("pageshow", back);
    return () => {
      window.removeEventListener("pagehide", leave);
      window.removeEventListener("pageshow", back);
      publisher.stop();
    };
  }, [publisher, joined, ready]);

  const join = async (name: string): Promise<void> => {
    setNameFault(null);
    if (view && name !== "" && name !== view.me.name) {
      try {
        await ask("/api/v1/stage", { method: "PATCH", token: code, body: { name } });
      } catch (error) {
        // A name the house refuses must not keep anybody off the stage.
        setNameFault(asFault(error));
      }
    }
    change({ joined: true });
  };

  if (fault) return <NotInvited fault={fault} />;
  if (left) {
    return (
      <Scene title={t(left === "gone" ? "stage.left" : "stage.elsewhere")} text={t(left === "gone" ? "stage.left.text" : "stage.elsewhere.text")}>
        <div class="actions">
          <Button
            kind="spot"
            onClick={() => {
              setLeft(null);
              change({ joined: true });
              retry();
            }}
          >
            {t(left === "gone" ? "stage.back_in" : "stage.take_over")}
          </Button>
        </div>
      </Scene>
    );
  }
  if (view?.show.state === "over" && !joined) return <Scene title={t("watch.over")} text={t("stage.over.text")} kicker={<p>{view.show.title}</p>} />;
  if (view && publisher && joined && source) {
    return (
      <Room
        code={code}
        view={view}
        link={link}
        again={() => {
          stream?.now();
          publisher.again();
        }}
        publisher={publisher}
        source={source}
        devices={devices}
        levels={levels}
        memory={memory}
        change={change}
        nameFault={nameFault}
        onNameFault={() => setNameFault(null)}
        onLeave={() => {
          setLeft("gone");
          forget(code);
        }}
      />
    );
  }
  return (
    <Setup
      view={view}
      lost={link === "lost"}
      source={source}
      trouble={trouble}
      devices={devices}
      levels={levels}
      wish={memory}
      rejoining={memory.joined && trouble === null}
      onWish={change}
      onRetry={retry}
      again={() => stream?.now()}
      onJoin={(name) => void join(name)}
    />
  );
}

function NotInvited({ fault }: { fault: Fault }) {
  const { t } = useWords();
  const words = faultWords(fault);
  if (fault.status === 401 || fault.status === 403 || fault.status === 404) {
    return <Scene title={t("stage.not_invited")} text={t("stage.not_invited.text")} />;
  }
  return (
    <Scene title={t("broken")} text={`${words.text} ${words.hint ?? ""}`} code={fault.code}>
      <div class="actions">
        <Button onClick={() => location.reload()}>{t("try_again")}</Button>
      </div>
    </Scene>
  );
}

mount(<Page />);
