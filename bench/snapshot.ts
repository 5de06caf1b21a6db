/**
 * `npm run bench:snapshot`: what a catalog of 1,000, 10,000 and 100,000 line items weighs as a snapshot, what it costs
 * to build and to load, how much memory it keeps, and how long requests wait while a workerd loads it.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { optionsOf, run } from "../local/command.ts";
import { encodeSnapshot } from "../src/catalog/snapshot.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { writeSection } from "./measurements_page.ts";
import { seededCatalog } from "./seeded_catalog.ts";
import { measureGap, type SnapshotGap } from "./snapshot_gap.ts";
import type { SnapshotLoad } from "./snapshot_load.ts";
import { figureText } from "./statistics.ts";

const USAGE = `npm run bench:snapshot -- [options]

Builds snapshots of seeded catalogs, loads each in a process of its own and in a workerd of its own.

  --seed TEXT   which catalogs (default "midroll")
  --sizes LIST  line items, with commas (default 1000,10000,100000)
  --json        print one JSON object on standard output instead of writing the page
  --write       write the page also with --json`;

/** One size. Units: in the names. */
interface SizeReport {
  readonly lineItems: number;
  readonly offers: number;
  readonly snapshotBytes: number;
  readonly buildCpuMs: number;
  readonly load: SnapshotLoad;
  readonly workerd: SnapshotGap;
}

async function measure(lineItems: number, seed: string, dir: string): Promise<SizeReport> {
  console.error(`${lineItems} line items: drawing`);
  const catalog = seededCatalog(lineItems, seed);
  const startedCpu = process.cpuUsage();
  const bytes = encodeSnapshot(catalog);
  const { user } = process.cpuUsage(startedCpu);
  const file = path.join(dir, `${lineItems}.catalog`);
  await writeFile(file, bytes);
  console.error(`${lineItems} line items: loading`);
  const script = path.join(import.meta.dirname, "snapshot_load.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, file]);
  // The script is ours, and prints exactly this.
  const load = JSON.parse(stdout) as SnapshotLoad;
  console.error(`${lineItems} line items: loading in workerd`);
  const workerd = await measureGap(bytes, path.join(dir, `workerd-${lineItems}`));
  return {
    lineItems,
    offers: catalog.lineItems.reduce((sum, line) => sum + line.creativeIds.length, 0),
    snapshotBytes: bytes.length,
    buildCpuMs: user / 1000,
    load,
    workerd,
  };
}

const COLUMNS: readonly (readonly [string, (size: SizeReport) => number])[] = [
  ["line items", ({ lineItems }) => lineItems],
  ["offers", ({ offers }) => offers],
  ["snapshot, MB", ({ snapshotBytes }) => snapshotBytes / 1e6],
  ["build CPU, ms", ({ buildCpuMs }) => buildCpuMs],
  ["load CPU, ms", ({ load }) => load.cpuMs],
  ["steps", ({ load }) => load.steps],
  ["step p99, ms", ({ load }) => load.stepCpuMsP99],
  ["step max, ms", ({ load }) => load.stepCpuMsMax],
  ["held, MB", ({ load }) => load.heldBytes / 1e6],
  ["of it index, MB", ({ load }) => load.indexBytes / 1e6],
  ["workerd: load, ms", ({ workerd }) => workerd.loadMs],
  ["ping max idle, ms", ({ workerd }) => workerd.idle.msMax],
  ["ping p99 loading, ms", ({ workerd }) => workerd.loading.msP99],
  ["ping max loading, ms", ({ workerd }) => workerd.loading.msMax],
];

function tableOf(sizes: readonly SizeReport[]): string {
  const rows = sizes.map((size) => COLUMNS.map(([, value]) => figureText(value(size))));
  const lines = [COLUMNS.map(([title]) => title), COLUMNS.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    seed: { type: "string", default: "midroll" },
    sizes: { type: "string", default: "1000,10000,100000" },
    json: { type: "boolean", default: false },
    write: { type: "boolean" },
  });
  const machine = thisMachine();
  const measuredAt = new Date().toISOString().slice(0, 10);
  const dir = await mkdtemp(path.join(os.tmpdir(), "midroll-snapshot-"));
  const sizes: SizeReport[] = [];
  try {
    for (const size of options.sizes.split(",").map(Number)) sizes.push(await measure(size, options.seed, dir));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const command = `npm run bench:snapshot -- --seed ${options.seed} --sizes ${options.sizes}`;
  const section = [`\`${command}\``, "", ...machineLines(measuredAt, machine), "", tableOf(sizes)].join("\n");
  console.log(options.json ? JSON.stringify({ command, seed: options.seed, measuredAt, machine, sizes }) : section);
  if (options.write ?? !options.json) await writeSection("npm run bench:snapshot", section);
});
