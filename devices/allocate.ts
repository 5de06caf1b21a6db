/**
 * Which device gets which work, from what was measured: online batches need a device that is there where decisions are
 * made, offline batches may go to any. A software adapter stands for no GPU and gets nothing.
 */

/** Devices by name, and whether a Worker has them. */
export const DEVICES = {
  kernel: { words: "the wasm kernel", inWorker: true },
  wasm: { words: "the ONNX runtime in wasm", inWorker: true },
  native: { words: "the native ONNX runtime", inWorker: false },
  webgpu: { words: "the ONNX runtime on WebGPU", inWorker: false },
} as const;

export type Device = keyof typeof DEVICES;

/** Median time of one call on so many rows. Units: microseconds. */
export interface Timing {
  readonly device: Device;
  readonly rows: number;
  readonly us: number;
}

/** Up to so many rows a batch is one decision's. */
export const ONLINE_ROWS_MAX = 200;

/** Who gets what. Null: nothing was measured that may have it. */
export interface Allocation {
  readonly online: Device | null;
  readonly offline: Device | null;
  /** The fastest of all by size, ascending. */
  readonly fastest: readonly { readonly rows: number; readonly device: Device }[];
}

/** Allocates by the least time relative to the fastest, over the sizes of the work. */
export function allocate(timings: readonly Timing[], softwareAdapter: boolean): Allocation {
  const eligible = timings.filter(({ device }) => device !== "webgpu" || !softwareAdapter);
  const online = eligible.filter(({ device, rows }) => DEVICES[device].inWorker && rows <= ONLINE_ROWS_MAX);
  const offline = eligible.filter(({ rows }) => rows > ONLINE_ROWS_MAX);
  const sizes = [...new Set(timings.map(({ rows }) => rows))].toSorted((a, b) => a - b);
  const fastest = sizes.flatMap((rows) => {
    const [first] = timings.filter((timing) => timing.rows === rows).toSorted((a, b) => a.us - b.us);
    return first === undefined ? [] : [{ rows, device: first.device }];
  });
  return { online: leastOf(online), offline: leastOf(offline), fastest };
}

/** The device whose times, as multiples of the least of each size, have the least product. */
function leastOf(timings: readonly Timing[]): Device | null {
  const least = new Map<number, number>();
  for (const { rows, us } of timings) least.set(rows, Math.min(us, least.get(rows) ?? us));
  const totals = new Map<Device, number>();
  for (const { device, rows, us } of timings) {
    totals.set(device, (totals.get(device) ?? 0) + Math.log(us / (least.get(rows) ?? us)));
  }
  let best: Device | null = null;
  for (const [device, total] of totals) if (best === null || total < (totals.get(best) ?? total)) best = device;
  return best;
}
