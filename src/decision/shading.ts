/**
 * Bid shading: in a first-price auction a buyer need not bid all that an impression is worth to it, only what is likely
 * to beat the others. The landscape says how high the highest rival bid is how often; the shaded bid is the one that
 * leaves the buyer most on average.
 * Source: shading by a distribution of the price to beat, after Gligorijevic et al., CIKM 2020; here over quantiles.
 */
import { micros, perImpressionUp, type Micros } from "../kernel/money.ts";

/**
 * The bid b with the largest (value − b) × P(highest rival ≤ b), among the quantiles and the floor; of equal ones the
 * smallest. P is the share of the landscape's steps that b has reached, so all of it is arithmetic of whole numbers.
 *
 * Laws: never above the value; never below a floor that the value reaches; never falls when the value rises. A value
 * that the landscape gives no chance is bid in full. Units: micros for one impression; `rivalCpmMicros`: micros CPM,
 * ascending.
 */
export function shadedBid(valueMicros: Micros, floorMicros: Micros, rivalCpmMicros: readonly number[]): Micros {
  let best = valueMicros;
  let most = 0;
  const consider = (bidMicros: Micros, steps: number): void => {
    const surplus = (valueMicros - bidMicros) * steps;
    if (surplus > most) [best, most] = [bidMicros, surplus];
  };
  const quantiles = rivalCpmMicros.map((cpmMicros) => perImpressionUp(micros(cpmMicros)));
  consider(
    floorMicros,
    Math.max(
      0,
      quantiles.findLastIndex((quantile) => quantile <= floorMicros),
    ),
  );
  quantiles.forEach((quantile, steps) => {
    if (quantile > floorMicros) consider(quantile, steps);
  });
  return best;
}
