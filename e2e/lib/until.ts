import { setTimeout as pause } from "node:timers/promises";

/** Asks again and again until the answer is neither undefined, null nor false; throws when it takes too long. */
export async function until<T>(
  what: string,
  millis: number,
  ask: () => T | Promise<T>,
  every = 50,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + millis;
  let last: unknown;
  while (performance.now() < deadline) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) {
      return answer as Exclude<T, undefined | null | false>;
    }
    last = answer;
    await pause(every);
  }
  throw new Error(`not within ${millis} ms: ${what} (last answer: ${String(last)})`);
}
