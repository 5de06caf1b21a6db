/** Money on the pages is exact: no float comes between a micro and the screen. */
import { describe, expect, test } from "vitest";
import { countText, cpmText, exactMoney, multiplierText, shareText, shortMoney } from "../../console/money_text.ts";

describe("money on the pages", () => {
  test("shows every micro of an amount", () => {
    expect(exactMoney(0)).toBe("0.000000");
    expect(exactMoney(1)).toBe("0.000001");
    expect(exactMoney(-21_500)).toBe("−0.021500");
    expect(exactMoney(12_345_678_900)).toBe("12,345.678900");
    expect(exactMoney(Number.MAX_SAFE_INTEGER)).toBe("9,007,199,254.740991");
  });

  test("cuts short forms towards zero, so that nothing looks spent that is not", () => {
    expect(shortMoney(1_999_999)).toBe("1.99");
    expect(shortMoney(-1_999_999)).toBe("−1.99");
    expect(shortMoney(999_999_999_999)).toBe("999,999.99");
  });

  test("gives an impression's price as its CPM without losing a micro", () => {
    expect(cpmText(21_345)).toBe("21.345");
    expect(cpmText(1)).toBe("0.001");
  });

  test("refuses amounts that are not whole micros", () => {
    expect(() => exactMoney(0.5)).toThrow(RangeError);
    expect(() => exactMoney(2 ** 53)).toThrow(RangeError);
  });

  test("gives counts, shares and multipliers in plain digits", () => {
    expect(countText(1_234_567)).toBe("1,234,567");
    expect(shareText(1, 3)).toBe("33.3 %");
    expect(shareText(0, 0)).toBe("–");
    expect(multiplierText(725_000)).toBe("0.725×");
  });
});
