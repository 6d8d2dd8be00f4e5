// What processes use, from /proc.
import { readFile } from "node:fs/promises";

/** Clock ticks a second in /proc (sysconf(_SC_CLK_TCK) on Linux). */
const TICKS = 100;

/** CPU seconds a process and its threads have used. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export async function residentBytes(pid: number): Promise<number> {
  const pages = Number((await readFile(`/proc/${pid}/statm`, "utf8")).split(" ")[1]);
  return pages * 4096;
}
