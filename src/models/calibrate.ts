/** What a calibrator makes of a model's probability, and what probability it was made of. */
import type { Calibrator } from "./manifest.ts";

/** The calibrated probability. */
export function calibrate(calibrator: Calibrator | undefined, probability: number): number {
  if (calibrator === undefined) return probability;
  if (calibrator.kind === "isotonic") return along(calibrator.x, calibrator.y, probability);
  return sigmoid(calibrator.slope * logOdds(probability) + calibrator.intercept);
}

/** A probability that the calibrator turns into this one: the least, where there are several. */
export function uncalibrate(calibrator: Calibrator | undefined, calibrated: number): number {
  if (calibrator === undefined) return calibrated;
  if (calibrator.kind === "isotonic") return along(calibrator.y, calibrator.x, calibrated);
  return sigmoid((logOdds(calibrated) - calibrator.intercept) / calibrator.slope);
}

/** The height at `at` of straight lines through points, level outside them. Requires: `xs` does not fall. */
function along(xs: readonly number[], ys: readonly number[], at: number): number {
  const next = xs.findIndex((x) => x >= at);
  if (next === -1) return ys.at(-1) ?? at;
  const [x1, y1] = [xs[next] ?? at, ys[next] ?? at];
  const [x0, y0] = next === 0 ? [x1, y1] : [xs[next - 1] ?? x1, ys[next - 1] ?? y1];
  return x1 === x0 ? y1 : y0 + ((at - x0) / (x1 - x0)) * (y1 - y0);
}

const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));
const logOdds = (probability: number): number => Math.log(probability / (1 - probability));
