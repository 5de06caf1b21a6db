/** What a measurement was made on and with: without it a figure says nothing. */
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { z } from "zod";
import { projectDir } from "../local/build.ts";

/** One machine. Units: bytes; the load is how many programs were ready to run in the last minute, on average. */
export interface Machine {
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly nodeVersion: string;
  readonly workerdVersion: string;
  readonly loadBefore: number;
}

const packageSchema = z.object({ version: z.string() });

function versionOf(name: string): string {
  const text = readFileSync(path.join(projectDir, "node_modules", name, "package.json"), "utf8");
  return packageSchema.parse(JSON.parse(text)).version;
}

/** This machine, now. */
export function thisMachine(): Machine {
  const cpus = os.cpus();
  return {
    cpuModel: cpus[0]?.model.trim() ?? "unknown",
    cores: cpus.length,
    memoryBytes: os.totalmem(),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    nodeVersion: process.versions.node,
    workerdVersion: versionOf("workerd"),
    loadBefore: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Date and machine in two lines of Markdown. `measuredAt`: an ISO date. */
export function machineLines(measuredAt: string, machine: Machine): readonly string[] {
  const memory = `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  return [
    `Measured ${measuredAt} on ${machine.cpuModel}, ${machine.cores} cores, ${memory}, ${machine.system};`,
    `Node ${machine.nodeVersion}, workerd ${machine.workerdVersion}; load before the run ${machine.loadBefore}.`,
  ];
}
