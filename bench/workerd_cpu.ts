/**
 * CPU time of a running workerd, from the kernel's books. On a machine that others use too it tells more than a rate:
 * being kept waiting costs no CPU. It counts the whole process: both Workers, their objects, and SQLite.
 */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/** Linux counts in hundredths of a second, whatever its timer does. */
const TICK_MS = 10;

/**
 * A reading of the CPU time of the workerd that runs with this state directory; null where the system keeps no such
 * books (only Linux does) or the process is gone. Units: milliseconds.
 */
export function workerdCpuMs(stateDir: string): number | null {
  try {
    const runDir = path.join(stateDir, "run");
    const pidFile = readdirSync(runDir).find((name) => /^workerd\..*\.pid$/.test(name));
    if (pidFile === undefined) return null;
    const pid = readFileSync(path.join(runDir, pidFile), "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields 14 and 15, user and system time; counted from behind the name, which may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ms = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    return Number.isFinite(ms) ? ms : null;
  } catch {
    return null;
  }
}
