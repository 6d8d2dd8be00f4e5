import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, faultFrom } from "../src/api";
import { type Act, BRISK_MS, type Input, type Machine, rest, SHAKY_MS, STARVED_MS, step, WAITS_MS } from "../src/rtc/machine";

/** A machine in virtual time, remembering what it asked for. */
class Bench {
  machine: Machine;
  now = 0;
  acts: Act[] = [];
  constructor(expects = true) {
    this.machine = rest(expects);
  }
  feed(...inputs: Input[]): this {
    for (const input of inputs) {
      const [machine, acts] = step(this.machine, input, this.now);
      this.machine = machine;
      this.acts.push(...acts);
    }
    return this;
  }
  /** Lets time pass, ticking exactly when the machine asked to be. */
  pass(ms: number): this {
    const end = this.now + ms;
    while (this.machine.due !== null && this.machine.due <= end) {
      this.now = Math.max(this.now, this.machine.due);
      this.feed({ on: "tick" });
    }
    this.now = end;
    return this;
  }
  flowing(): this {
    return this.feed({ on: "start" }, { on: "answered" }, { on: "ice", state: "connected" }, { on: "picture" });
  }
}
const no = (status: number, code = "x", retryAfter: string | null = null): Input => ({
  on: "failed",
  fault: faultFrom(status, JSON.stringify({ code, text: "no" }), retryAfter),
});

test("a player flows once a picture came, a publisher once the transport stands", () => {
  const player = new Bench().feed({ on: "start" }, { on: "answered" }, { on: "ice", state: "connected" });
  assert.equal(player.machine.phase, "joining");
  assert.equal(player.feed({ on: "picture" }).machine.phase, "flowing");
  const publisher = new Bench(false).feed({ on: "start" }, { on: "answered" }, { on: "ice", state: "connected" });
  assert.equal(publisher.machine.phase, "flowing");
  assert.deepEqual(publisher.acts, ["open"]);
});

test("it waits longer after each refusal, and starts over once media has flowed", () => {
  const bench = new Bench().feed({ on: "start" });
  const waits: number[] = [];
  for (let n = 0; n < WAITS_MS.length + 2; n++) {
    bench.feed(no(409, "show_not_live"));
    assert.equal(bench.machine.phase, "waiting");
    waits.push((bench.machine.due ?? 0) - bench.now);
    bench.pass(waits.at(-1) ?? 0);
    assert.equal(bench.machine.phase, "asking");
  }
  assert.deepEqual(waits, [...WAITS_MS, 4000, 4000]);
  bench.feed({ on: "answered" }, { on: "ice", state: "connected" }, { on: "picture" });
  assert.equal(bench.machine.tries, 0);
});

test("the server's Retry-After is kept", () => {
  const bench = new Bench().feed({ on: "start" }, no(503, "house_full", "9"));
  assert.equal(bench.machine.due, 9000);
});

test("what asking again cannot change is not asked again", () => {
  for (const status of [400, 401, 403, 404, 413, 415, 422]) {
    const bench = new Bench().feed({ on: "start" }, no(status)).pass(60_000);
    assert.equal(bench.machine.phase, "refused", String(status));
    assert.deepEqual(bench.acts, ["open", "close"]);
    assert.equal(bench.feed({ on: "now" }).machine.phase, "asking", "until a person asks");
  }
  for (const status of [0, 409, 429, 500, 502, 503]) assert.equal(new Bench().feed({ on: "start" }, no(status)).machine.phase, "waiting", String(status));
});

test("a short loss heals by itself, a longer one by a new session", () => {
  const bench = new Bench().flowing().feed({ on: "ice", state: "disconnected" });
  assert.equal(bench.machine.phase, "shaky");
  bench.pass(SHAKY_MS - 1).feed({ on: "ice", state: "connected" });
  assert.equal(bench.machine.phase, "flowing");
  assert.deepEqual(bench.acts, ["open"]);
  bench.feed({ on: "ice", state: "disconnected" }).pass(SHAKY_MS);
  assert.equal(bench.machine.phase, "waiting");
  assert.deepEqual(bench.acts, ["open", "close"]);
  bench.pass(WAITS_MS[0]);
  assert.deepEqual(bench.acts, ["open", "close", "open"]);
});

test("three seconds without a picture are a dead session", () => {
  const bench = new Bench().flowing();
  for (let n = 0; n < 10; n++) bench.pass(STARVED_MS - 1).feed({ on: "picture" });
  assert.equal(bench.machine.phase, "flowing");
  assert.equal(bench.pass(STARVED_MS).machine.phase, "waiting");
  assert.equal(bench.machine.flowed, true, "it is a loss, not a first try");
});

test("nobody waits for the picture of a performer who sends none", () => {
  const bench = new Bench().flowing().feed({ on: "expects", picture: false }).pass(60_000);
  assert.equal(bench.machine.phase, "flowing");
  bench.feed({ on: "expects", picture: true }).pass(STARVED_MS);
  assert.equal(bench.machine.phase, "waiting");
});

test("ICE that fails, and a server that never answers, are tried anew", () => {
  assert.equal(new Bench().flowing().feed({ on: "ice", state: "failed" }).machine.phase, "waiting");
  const silent = new Bench().feed({ on: "start" }).pass(7999);
  assert.equal(silent.machine.phase, "asking");
  assert.equal(silent.pass(1).machine.phase, "waiting");
});

test("the network coming back is not waited for", () => {
  const bench = new Bench().feed({ on: "start" }, no(0, "offline"), no(0), { on: "now" });
  assert.equal(bench.machine.phase, "asking");
});

test("stopped is stopped: nothing that comes late opens it again", () => {
  const bench = new Bench().flowing().feed({ on: "stop" });
  assert.deepEqual(bench.acts, ["open", "close"]);
  bench.feed({ on: "answered" }, { on: "ice", state: "failed" }, { on: "picture" }, no(500), { on: "now" }, { on: "tick" }).pass(60_000);
  assert.equal(bench.machine.phase, "rest");
  assert.deepEqual(bench.acts, ["open", "close"]);
  assert.equal(bench.feed({ on: "start" }).machine.phase, "asking");
});

test("whatever comes in whatever order, sessions are closed before others are opened", () => {
  for (let seed = 1; seed <= 200; seed++) {
    let random = seed;
    const next = (): number => (random = (random * 48_271) % 2_147_483_647);
    const bench = new Bench(seed % 2 === 0);
    const inputs: Input[] = [
      { on: "start" }, { on: "stop" }, { on: "answered" }, { on: "picture" }, { on: "now" }, { on: "tick" }, no(503), no(404),
      { on: "ice", state: "connected" }, { on: "ice", state: "disconnected" }, { on: "ice", state: "failed" }, { on: "expects", picture: next() % 2 === 0 },
    ];
    let open = 0;
    for (let n = 0; n < 300; n++) {
      const from = bench.acts.length;
      bench.pass(next() % 3000).feed(inputs[next() % inputs.length] as Input);
      for (const act of bench.acts.slice(from)) {
        if (act === "open") open += 1;
        else open = 0;
        assert.ok(open <= 1, `seed ${seed}, step ${n}: two sessions at once`);
      }
    }
  }
});

test("a refusal that is no JSON of ours says its status", () => {
  const fault = faultFrom(502, "<html>Bad gateway</html>");
  assert.ok(fault instanceof Fault);
  assert.equal(fault.code, "http_502");
  assert.equal(faultFrom(409, '{"code":"stage_full","text":"Full.","hint":null}').code, "stage_full");
});

test("while another way holds the viewer, lost media is asked for again within a second each time", () => {
  const bench = new Bench().flowing().feed({ on: "brisk", brisk: true });
  for (let n = 0; n < 8; n++) {
    bench.feed({ on: "ice", state: "failed" });
    assert.equal(bench.machine.phase, "waiting");
    assert.ok((bench.machine.due ?? 0) - bench.now <= BRISK_MS);
    bench.pass(BRISK_MS).feed({ on: "answered" });
  }
  bench.feed(no(503, "house_full", "30"));
  assert.equal((bench.machine.due ?? 0) - bench.now, 30_000, "but a server that names a time is not asked before");
  assert.equal(bench.feed({ on: "brisk", brisk: false }, { on: "brisk", brisk: true }).machine.due, bench.now + 30_000);
});

test("becoming brisk shortens a wait that has begun", () => {
  const bench = new Bench().feed({ on: "start" });
  for (let n = 0; n < 5; n++) bench.feed({ on: "answered" }, { on: "ice", state: "failed" }).pass(n < 4 ? 4000 : 0);
  assert.ok((bench.machine.due ?? 0) - bench.now > BRISK_MS);
  assert.equal(bench.feed({ on: "brisk", brisk: true }).machine.due, bench.now + BRISK_MS);
});
