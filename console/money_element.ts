/** An amount to the micro that is still easy to read: hundredths in full ink, the four digits after them lighter. */
import { el } from "./dom.ts";
import { cutMoney } from "./money_text.ts";

/** All six decimals of an amount. Units: micros in, currency units on the page. */
export function moneyElement(amountMicros: number): HTMLElement {
  const { sign, whole, fraction } = cutMoney(amountMicros);
  return el("span", { class: "micros" }, `${sign}${whole}.${fraction.slice(0, 2)}`, el("small", {}, fraction.slice(2)));
}
