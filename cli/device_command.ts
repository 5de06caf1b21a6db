/**
 * `midroll bench device`: measures a model set on every device of this machine and says which device it would give to
 * online and which to offline batches, and on what ground. Needs no origin.
 */
import { z } from "zod";
import { allocate, DEVICES, ONLINE_ROWS_MAX, type Allocation, type Device } from "../devices/allocate.ts";
import { measureDevices, type Measured } from "../devices/measure.ts";
import { findChromium } from "../scripts/find_chromium.ts";
import { CliFault } from "./fault.ts";
import { showTable, type Outcome } from "./outcome.ts";

/** What is measured when nothing else is said. */
export const DEVICE_DEFAULTS = { models: "models", rounds: 7, sizes: "1,20,64,200,1000,5000" } as const;

const whole = (least: number, most: number) => z.coerce.number().pipe(z.int().min(least).max(most));
const optionsSchema = z.object({
  models: z.string().min(1).default(DEVICE_DEFAULTS.models),
  rounds: whole(1, 100).default(DEVICE_DEFAULTS.rounds),
  sizes: z
    .string()
    .default(DEVICE_DEFAULTS.sizes)
    .transform((text) => text.split(",").map(Number))
    .pipe(z.array(z.int().min(1).max(50_000)).min(1).max(12)),
});

/** Measures and allocates. Throws `CliFault`: `wrong_command`, `devices_differ`, and what reading models throws. */
export async function benchDevices(
  given: unknown,
  environment: Readonly<Record<string, string | undefined>>,
  progress: (line: string) => void,
): Promise<Outcome> {
  const options = optionsSchema.safeParse(given);
  if (!options.success) {
    const message = "--rounds takes 1 to 100, --sizes up to 12 whole numbers from 1 to 50000 between commas";
    throw new CliFault("wrong_command", message, { exitCode: 2 });
  }
  const { models, rounds, sizes } = options.data;
  const chromium = findChromium(environment);
  const sorted = [...new Set(sizes)].toSorted((a, b) => a - b);
  const terms = { modelsDir: models, rounds, sizes: sorted, chromium, progress };
  const measured = await measureDevices(terms).catch((error: unknown) => {
    if (error instanceof CliFault) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new CliFault("devices_differ", `a device could not be measured: ${words}`, { cause: error });
  });
  const allocation = allocate(measured.timings, measured.adapter?.software !== false);
  const notes = notesOn(measured, chromium);
  return {
    json: { models, rounds, ...measured, allocation, notes },
    lines: [...tableOf(measured, allocation), "", ...verdict(allocation), ...notes],
  };
}

function tableOf({ timings }: Measured, { fastest }: Allocation): string[] {
  const devices = [...new Set(timings.map(({ device }) => device))];
  const lines = fastest.map(({ rows, device: best }) => [
    String(rows),
    ...devices.map((device) => {
      const us = timings.find((timing) => timing.device === device && timing.rows === rows)?.us;
      return us === undefined ? "" : `${figure(us)}${device === best ? " *" : "  "}`;
    }),
  ]);
  const all = new Set(Array.from({ length: devices.length + 1 }, (_, column) => column));
  return ["µs a call, all heads of the set; * the fastest", ...showTable(["rows", ...devices], lines, all)];
}

function figure(us: number): string {
  return Number(us.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 3 });
}

function verdict({ online, offline }: Allocation): string[] {
  return [
    `online (up to ${ONLINE_ROWS_MAX} rows, inside a Worker): ${wordsOf(online)}`,
    `offline (more rows, wherever it runs): ${wordsOf(offline)}`,
  ];
}

function wordsOf(device: Device | null): string {
  return device === null ? "nothing measured" : DEVICES[device].words;
}

/** What a reader has to know before believing it. */
function notesOn({ adapter, webgpuApart }: Measured, chromium: string | null): string[] {
  const notes = [
    "the wasm kernel and the ONNX runtime in wasm were timed in Node, which runs them as workerd does (V8)",
  ];
  if (chromium === null) {
    notes.push("WebGPU was left out: no Chromium. Run scripts/install_chromium.sh, or set CHROME_PATH to one.");
  } else if (adapter === null) {
    notes.push("WebGPU was left out: this Chromium has no adapter for it.");
  } else {
    const apart = `WebGPU and wasm were ${(webgpuApart ?? 0).toExponential(1)} apart at most`;
    const name = `${adapter.vendor} ${adapter.architecture}`;
    notes.push(
      adapter.software
        ? `${apart}; its adapter (${name}) is software: these times say nothing about a GPU, and it gets no work`
        : `${apart}; its adapter is ${name}`,
    );
  }
  return notes.map((note) => `note: ${note}`);
}
