/** The example on docs/guaranteed.md runs as it stands and prints what the page says. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { present } from "../../../src/kernel/assert.ts";

const root = new URL("../../../", import.meta.url);

test("the example of two deals prints what the page says", () => {
  const page = readFileSync(new URL("docs/guaranteed.md", root), "utf8");
  const [, code, printed] = present(/```ts\n(.*?)```\n\n```\n(.*?)```/s.exec(page), "the page has its example");
  const args = ["--input-type=module-typescript", "-"];
  const input = present(code, "the example has code");
  expect(execFileSync(process.execPath, args, { cwd: root, input, encoding: "utf8" })).toBe(printed);
});
