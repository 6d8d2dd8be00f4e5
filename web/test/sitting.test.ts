import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../src/api";
import { type Act, AGAIN_MS, FRESH_MS, type Input, RENEW_MS, rest, type Sitting, step, WAITS_MS } from "../src/watch/sitting";

const no = (status: number, code: string): Fault => new Fault(status, code, "No.");
const open = no(409, "seat_open");
const taken = no(403, "seat_taken");
const gone = no(403, "ticket_void");
const old = no(401, "token_expired");
const offline = no(0, "offline");

/** One page in virtual time. */
class Bench {
  sitting: Sitting = rest;
  now = 1000;
  readonly acts: Act[] = [];
  feed(...inputs: Input[]): this {
    for (const input of inputs) {
      const [sitting, act] = step(this.sitting, input, this.now);
      this.sitting = sitting;
      if (act) this.acts.push(act);
    }
    return this;
  }
  granted(token: string): this {
    return this.feed({ on: "granted", token });
  }
  failed(fault: Fault): this {
    return this.feed({ on: "failed", fault });
  }
  told(fault: Fault): this {
    return this.feed({ on: "told", fault });
  }
  pass(ms: number): this {
    this.now += ms;
    return this.feed({ on: "tick" });
  }
  get facts(): [string, string | null] {
    return [this.sitting.phase, this.sitting.token];
  }
}

const seated = (): Bench => new Bench().feed({ on: "start" }).granted("a").pass(FRESH_MS);

test("a free seat opens, and is renewed every minute", () => {
  const it = new Bench().feed({ on: "start" });
  assert.deepEqual(it.facts, ["opening", null]);
  it.granted("a").pass(RENEW_MS - 1);
  assert.deepEqual([it.facts, it.acts], [["open", "a"], ["take"]]);
  it.pass(1).granted("b").pass(RENEW_MS).granted("c");
  assert.deepEqual([it.facts, it.acts, it.sitting.openings], [["open", "c"], ["take", "renew", "renew"], 1]);
});

test("a seat that is open elsewhere is asked for, and taken when the person says so", () => {
  const it = new Bench().feed({ on: "start" }).failed(open).pass(3_600_000).feed({ on: "wake" });
  assert.deepEqual([it.facts, it.acts], [["asking", null], ["take"]]);
  it.feed({ on: "claim" }, { on: "claim" });
  assert.deepEqual(it.acts, ["take", "claim"], "a double press is one question");
  it.failed(offline);
  assert.deepEqual([it.sitting.phase, it.sitting.fault, it.sitting.due], ["asking", offline, null], "the person tries again");
  it.feed({ on: "claim" }).granted("a");
  assert.deepEqual([it.facts, it.sitting.openings, it.sitting.fault], [["open", "a"], 1, null]);
});

test("a page that was loaded again waits for its own goodbye", () => {
  const it = new Bench().feed({ on: "start", again: true }).failed(open);
  assert.equal(it.sitting.phase, "opening");
  it.pass(AGAIN_MS).granted("a");
  assert.deepEqual([it.facts, it.acts], [["open", "a"], ["take", "take"]]);
  const other = new Bench().feed({ on: "start", again: true });
  for (let tries = 0; tries < 4; tries++) other.failed(open).pass(AGAIN_MS);
  assert.deepEqual(other.facts, ["asking", null], "but not for ever");
});

test("taken elsewhere: whoever is told first, the grant is dropped and nothing asks by itself", () => {
  for (const it of [seated().told(taken), seated().pass(RENEW_MS).failed(taken), seated().pass(RENEW_MS).told(taken).failed(taken)]) {
    const { acts } = it;
    const before = acts.length;
    it.feed({ on: "wake" }).pass(RENEW_MS).told(taken);
    assert.deepEqual([it.facts, acts.length], [["taken", null], before]);
    it.feed({ on: "claim" }).granted("b");
    assert.deepEqual([it.facts, it.sitting.openings], [["open", "b"], 2]);
  }
});

test("a ticket given back ends it", () => {
  for (const it of [seated().told(gone), seated().pass(RENEW_MS).failed(gone), new Bench().feed({ on: "start" }).failed(gone)]) {
    it.feed({ on: "claim" }, { on: "wake" });
    assert.deepEqual([it.facts, it.sitting.fault], [["refused", null], gone]);
  }
});

test("no ticket, an unknown one, one of another show: refused with the reason", () => {
  for (const fault of [no(401, "ticket_missing"), no(404, "ticket_unknown"), no(403, "ticket_unpaid"), no(403, "ticket_other_show")]) {
    const it = new Bench().feed({ on: "start" }).failed(fault);
    assert.deepEqual([it.sitting.phase, it.sitting.fault, it.sitting.due], ["refused", fault, null]);
  }
});

test("after a long sleep the grant is old: asked anew without taking, and the person if somebody sits there", () => {
  const slept = () => seated().feed({ on: "wake" }).failed(old);
  const free = slept();
  assert.deepEqual([free.facts, free.acts], [["open", "a"], ["take", "renew", "take"]]);
  assert.deepEqual(free.granted("b").facts, ["open", "b"]);
  assert.equal(free.sitting.openings, 1, "nothing that runs is begun again");
  assert.deepEqual(slept().failed(open).facts, ["asking", null]);
});

test("an old grant that a stream was refused with is made new; a new one that is refused is not asked for for ever", () => {
  const it = seated().told(old).told(old);
  assert.deepEqual(it.acts, ["take", "take"]);
  it.granted("b").told(old);
  assert.deepEqual([it.facts, it.sitting.fault], [["refused", null], old]);
});

test("what else is refused is none of its business", () => {
  const it = seated().told(no(403, "token_other_show")).told(offline).told(no(503, "house_full"));
  assert.deepEqual(it.facts, ["open", "a"]);
});

test("without a network it keeps asking, slower, and keeps what it has", () => {
  const it = new Bench().feed({ on: "start" });
  for (const wait of [...WAITS_MS, WAITS_MS.at(-1) ?? 0]) {
    it.failed(offline);
    assert.equal((it.sitting.due ?? 0) - it.now, wait);
    it.pass(wait);
  }
  assert.equal(it.acts.length, WAITS_MS.length + 2);
  it.granted("a").pass(RENEW_MS).failed(offline);
  assert.deepEqual(it.facts, ["open", "a"]);
  it.feed({ on: "wake" }).granted("b");
  assert.deepEqual([it.facts, it.acts.at(-1), it.sitting.tries], [["open", "b"], "renew", 0]);
});

test("a server that names a time is not asked before", () => {
  const it = new Bench().feed({ on: "start" }).failed(new Fault(429, "too_many", "Later.", null, 7000));
  assert.equal((it.sitting.due ?? 0) - it.now, 7000);
});

test("leaving says goodbye once; a page kept for the way back starts again", () => {
  const it = seated().feed({ on: "leave" }, { on: "leave" });
  assert.deepEqual([it.facts, it.acts], [["none", null], ["take", "leave"]]);
  it.granted("late");
  assert.deepEqual(it.facts, ["none", null], "an answer that comes afterwards opens nothing");
  it.feed({ on: "start" }).granted("b");
  assert.deepEqual([it.facts, it.sitting.openings], [["open", "b"], 2]);
  const asking = new Bench().feed({ on: "start" }).failed(open).feed({ on: "leave" });
  assert.deepEqual(asking.acts, ["take"], "nothing was open");
});
