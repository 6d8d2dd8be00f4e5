// Processes of ours, found where the kernel lists them.
import { readdir, readFile } from "node:fs/promises";
import { until } from "./until.ts";

/** The children of a process with this name. */
export async function childrenOf(pid: number, name: string): Promise<number[]> {
  const found: number[] = [];
  // The kernel lists children by the thread that made them; a thread may end meanwhile.
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const list = await readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "");
    for (const child of list.split(" ").filter(Boolean).map(Number)) {
      const is = await readFile(`/proc/${child}/comm`, "utf8").catch(() => "");
      if (is.trim() === name) found.push(child);
    }
  }
  return found;
}

/** The only mixer of a server with one show. */
export function mixerOf(pid: number): Promise<number> {
  return until("the server has a mixer", 10_000, async () => (await childrenOf(pid, "palco-mixer"))[0]);
}

/** Whether a process with this id still runs. */
export async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !stat.includes(") Z ");
}
