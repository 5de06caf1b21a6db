/**
 * Money as people read it. Amounts arrive as whole micros and are cut into digits as text, so nothing is ever rounded
 * by a float on its way to the screen. Short forms cut digits off towards zero and never show more than is there.
 */

/** One amount of money, cut where its sign, whole part and six decimals are. */
export interface MoneyText {
  readonly sign: "" | "−";
  /** Whole units with thousands separated: `12,345`. */
  readonly whole: string;
  /** Always six digits: micros. */
  readonly fraction: string;
}

const MICROS_PER_UNIT = 1_000_000n;

/** Cuts an amount into its digits. Units: micros. Refuses (throws) anything but a safe integer. */
export function cutMoney(amountMicros: number): MoneyText {
  if (!Number.isSafeInteger(amountMicros)) throw new RangeError(`not whole micros: ${amountMicros}`);
  const amount = BigInt(amountMicros);
  const size = amount < 0n ? -amount : amount;
  return {
    sign: amount < 0n ? "−" : "",
    whole: separateThousands((size / MICROS_PER_UNIT).toString()),
    fraction: (size % MICROS_PER_UNIT).toString().padStart(6, "0"),
  };
}

/** Every digit: `12,345.678900`. */
export function exactMoney(amountMicros: number): string {
  const { sign, whole, fraction } = cutMoney(amountMicros);
  return `${sign}${whole}.${fraction}`;
}

/** Two decimals, cut towards zero: `12,345.67`. */
export function shortMoney(amountMicros: number): string {
  const { sign, whole, fraction } = cutMoney(amountMicros);
  return `${sign}${whole}.${fraction.slice(0, 2)}`;
}

/** An impression's price as its CPM (a thousand such impressions), exact to the micro: `21.500`. */
export function cpmText(impressionMicros: number): string {
  const { sign, whole, fraction } = cutMoney(impressionMicros * 1000);
  return `${sign}${whole}.${fraction.slice(0, 3)}`;
}

/** Whole numbers with thousands separated: `12,345`. */
export function countText(count: number): string {
  const whole = Math.round(count);
  return (whole < 0 ? "−" : "") + separateThousands(Math.abs(whole).toString());
}

/** A share as a percentage with one decimal: `0.5` is `50.0 %`. Nothing of nothing is `–`. */
export function shareText(part: number, whole: number): string {
  return whole > 0 ? `${((part / whole) * 100).toFixed(1)} %` : "–";
}

/** A pacing multiplier. Units: ppm in, `0.725×` out. */
export function multiplierText(multiplierPpm: number): string {
  return `${(multiplierPpm / 1_000_000).toFixed(3)}×`;
}

function separateThousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}
