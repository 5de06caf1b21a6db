/** What is remembered is the same object; what is forgotten is made again; neither grows without bound. */
import { expect, it } from "vitest";
import { Recent } from "../../src/kernel/recent.ts";

it("remembers at least as many things as it should, the ones asked for last", () => {
  const recent = new Recent(3, (number) => ({ number }));
  const first = recent.at(1);
  recent.at(2);
  recent.at(3);
  expect(recent.at(1)).toBe(first);
  recent.at(4);
  recent.at(5);
  expect(recent.at(1), "asked for again in between").toBe(first);
});

it("forgets what nobody asked for while others were", () => {
  let made = 0;
  const recent = new Recent(3, (number) => ({ number, made: ++made }));
  const first = recent.at(1);
  for (let number = 2; number < 100; number++) recent.at(number);
  expect(recent.at(1)).not.toBe(first);
  expect(made).toBe(100);
});
