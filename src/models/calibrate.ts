/** What a calibrator makes of a model's probability, in doubles. */
import type { Calibrator } from "./manifest.ts";

type Unchanged<T> = { readonly [Field in keyof T]: Readonly<T[Field]> };

/** The calibrated probability; without a calibrator the model's own. Rounding beyond 0 or 1 is taken back. */
export function calibrate(calibrator: Unchanged<Calibrator> | null | undefined, probability: number): number {
  if (!calibrator) return probability;
  const held = Math.min(1, Math.max(0, probability));
  if (calibrator.kind === "isotonic") return along(calibrator.x, calibrator.y, held);
  const logOdds = Math.log(held / (1 - held));
  return 1 / (1 + Math.exp(-(calibrator.slope * logOdds + calibrator.intercept)));
}

/** The height at `at` of straight lines through points, level outside them. Requires: `xs` rises. */
function along(xs: readonly number[], ys: readonly number[], at: number): number {
  const next = xs.findIndex((x) => x >= at);
  if (next === -1) return ys.at(-1) ?? at;
  const [x1, y1] = [xs[next] ?? at, ys[next] ?? at];
  if (next === 0) return y1;
  const [x0, y0] = [xs[next - 1] ?? x1, ys[next - 1] ?? y1];
  return y0 + ((at - x0) / (x1 - x0)) * (y1 - y0);
}
