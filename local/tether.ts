/**
 * Ties workerd and its state directory to the Node program that started it. workerd does not notice when its parent is
 * killed: it would go on holding the ports and writing the same SQLite files beside its successor. So one program owns
 * a state directory at a time, and a small watcher, whose standard input is a pipe from that program, ends workerd when
 * the pipe closes, however its owner came to an end.
 */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

/** A claim on one state directory, and what workerd's environment needs for the claim to cover it. */
export interface Tether {
  /** Environment of the workerd to be started. */
  readonly runtimeEnv: Readonly<Record<string, string>>;
  /** Gives the state directory back. Requires: workerd has ended. */
  release(): void;
}

const ownerShape = z.object({ pid: z.int().positive(), bornAt: z.string() });

// Waits for the end of its input, which is the end of its owner; then ends the workerd named in the owner's pid file.
const watcherScript = `
cat > /dev/null
[ -f "$1" ] && kill -9 "$(cat "$1")" 2> /dev/null
rm -f "$1"
`;

// Runs in workerd's place and becomes it: exec keeps the process id that was just written down. Miniflare runs it again
// when it replaces a workerd that crashed, so the file always names the present one.
const launcherScript = (workerdPath: string): string => `#!/bin/sh
# Written by local/tether.ts: starts workerd, leaving its process id where the watcher looks for it.
[ -n "$MIDROLL_WORKERD_PID_FILE" ] && echo $$ > "$MIDROLL_WORKERD_PID_FILE"
exec '${workerdPath.replaceAll("'", `'\\''`)}' "$@"
`;

/**
 * Claims `stateDir` for this program, and ends a workerd that an earlier owner left behind. `launcherDir` receives the
 * script that Miniflare, from now on and in this whole program, starts instead of workerd.
 * Refuses (throws): a state directory that a living program owns.
 */
export async function tether(stateDir: string, launcherDir: string): Promise<Tether> {
  const runDir = path.join(stateDir, "run");
  const ownerPath = path.join(runDir, "owner.json");
  mkdirSync(runDir, { recursive: true });
  claim(stateDir, ownerPath);
  await endLeftovers(runDir);
  if (process.platform === "win32") return { runtimeEnv: {}, release: () => rmSync(ownerPath, { force: true }) };

  installLauncher(launcherDir);
  // Named for this owner alone: the watcher of an owner that just died must never find its successor's workerd.
  const pidPath = path.join(runDir, `workerd.${randomBytes(4).toString("hex")}.pid`);
  const watcher = spawn("/bin/sh", ["-c", watcherScript, "midroll-watcher", pidPath], {
    // A session of its own: Ctrl-C in a terminal is for the owner only.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watcher.unref();
  watcher.stdin.on("error", () => undefined);
  return {
    runtimeEnv: { MIDROLL_WORKERD_PID_FILE: pidPath },
    release: () => {
      watcher.kill("SIGKILL");
      watcher.stdin.destroy();
      rmSync(pidPath, { force: true });
      rmSync(ownerPath, { force: true });
    },
  };
}

function claim(stateDir: string, ownerPath: string): void {
  const mine = JSON.stringify({ pid: process.pid, bornAt: look(process.pid)?.bornAt ?? "" });
  for (const lastTry of [false, true]) {
    try {
      writeFileSync(ownerPath, mine, { flag: "wx" });
      return;
    } catch (error) {
      if (lastTry || !isCode(error, "EEXIST")) throw error;
    }
    const owner = livingOwner(ownerPath);
    if (owner !== undefined) {
      throw new Error(
        `The state directory ${stateDir} is in use by another Midroll (process ${owner}). ` +
          "Stop that one, or start this one with another state directory (--state DIR).",
      );
    }
    rmSync(ownerPath, { force: true });
  }
}

// The moment of birth tells the owner from a later process that happens to have its number.
function livingOwner(ownerPath: string): number | undefined {
  try {
    const owner = ownerShape.parse(JSON.parse(readFileSync(ownerPath, "utf8")));
    return look(owner.pid)?.bornAt === owner.bornAt ? owner.pid : undefined;
  } catch {
    // Gone in the meantime, or cut short by the crash of its writer: nobody's.
    return undefined;
  }
}

const leftoverWaitMsMax = 2_000;

// Finds work when an owner and its watcher were killed together and workerd was not, or when this program started in
// the few milliseconds that the watcher takes. The watcher may be at the same files: that one is gone is no error.
async function endLeftovers(runDir: string): Promise<void> {
  for (const name of readdirSync(runDir)) {
    if (!/^workerd\..*\.pid$/.test(name)) continue;
    const pidPath = path.join(runDir, name);
    const pid = readPid(pidPath);
    if (pid !== undefined && look(pid)?.command.includes("workerd") === true) {
      kill(pid);
      for (let waitedMs = 0; waitedMs < leftoverWaitMsMax && look(pid) !== undefined; waitedMs += 20) await pause(20);
    }
    rmSync(pidPath, { force: true });
  }
}

function readPid(pidPath: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidPath, "utf8"));
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!isCode(error, "ESRCH")) throw error;
  }
}

function installLauncher(launcherDir: string): void {
  const launcherPath = path.join(launcherDir, "workerd.sh");
  const chosen = process.env["MINIFLARE_WORKERD_PATH"];
  if (chosen === launcherPath) return;
  mkdirSync(launcherDir, { recursive: true });
  const draftPath = `${launcherPath}.${process.pid}.draft`;
  writeFileSync(draftPath, launcherScript(chosen ?? bundledWorkerd()), { mode: 0o755 });
  renameSync(draftPath, launcherPath);
  process.env["MINIFLARE_WORKERD_PATH"] = launcherPath;
}

// The workerd that Miniflare itself would start: the one it depends on.
function bundledWorkerd(): string {
  const besideMiniflare = createRequire(import.meta.resolve("miniflare"));
  return z.object({ default: z.string() }).parse(besideMiniflare("workerd")).default;
}

interface RunningProgram {
  readonly bornAt: string;
  readonly command: string;
}

// Undefined when no such process runs.
function look(pid: number): RunningProgram | undefined {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // Field 22, ticks since boot; counted from behind the name, which may hold spaces and brackets.
      const bornTicks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
      const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return { bornAt: `${bootId}/${bornTicks}`, command };
    }
    const ask = (field: string): string =>
      execFileSync("ps", ["-o", `${field}=`, "-p", String(pid)])
        .toString()
        .trim();
    return { bornAt: ask("lstart"), command: ask("args") };
  } catch {
    return undefined;
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
