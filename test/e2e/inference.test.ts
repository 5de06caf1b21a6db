/** The examples of docs/inference.md, as they stand there, on a running Midroll; and that a golden row comes out right. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { Midroll } from "../../local/bring_up.ts";
import { freshDir, raise } from "./stage.ts";

const { dir, remove } = freshDir();
let midroll: Midroll;
beforeAll(async () => {
  midroll = await raise(dir);
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

/** Shell blocks of the page. The first says where a running Midroll is and is answered by the test. */
const [, ...examples] = [...readFileSync("docs/inference.md", "utf8").matchAll(/```sh\n(.*?)```/gs)].map(
  (match) => match[1] ?? "",
);

async function shell(script: string): Promise<string> {
  const env = { ...process.env, ORIGIN: midroll.originUrl, TOKEN: midroll.adminToken };
  // `echo` after each curl: answers end without a line break.
  const lines = script.replaceAll(/^(curl .*)$/gm, "$1 --fail-with-body && echo");
  return (await promisify(execFile)("bash", ["-euc", lines], { env })).stdout;
}

const answerSchema = z.object({
  id: z.string(),
  model_name: z.string(),
  outputs: z.array(z.object({ name: z.string(), data: z.array(z.number()) })),
});
const goldenSchema = z.object({ expected: z.array(z.number()) });

test("the examples run: health and metadata, golden rows, the repository", async () => {
  const [server = "", golden = "", repository = ""] = examples;
  expect(examples).toHaveLength(3);

  const told = (await shell(server)).trim().split("\n");
  expect(told.map((line) => JSON.parse(line))).toMatchObject([
    { ready: true },
    { name: "midroll", extensions: ["model_repository"] },
    { name: "click", inputs: [{ name: "features", datatype: "FP32", shape: [-1, expect.any(Number)] }] },
  ]);

  const answer = answerSchema.parse(JSON.parse(await shell(golden)));
  const { expected } = goldenSchema.parse(JSON.parse(readFileSync("models/click/golden.json", "utf8")));
  expect(answer).toMatchObject({ id: "golden", model_name: "click", outputs: [{ name: "probability" }] });
  expected.forEach((value, row) => expect(answer.outputs[0]?.data[row]).toBeCloseTo(value, 6));

  const [index, unloaded, loaded, figures] = (await shell(repository)).trim().split("\n");
  expect(JSON.parse(index ?? "")).toContainEqual(expect.objectContaining({ name: "abandon", state: "READY" }));
  expect([unloaded, loaded]).toEqual(["{}", "{}"]);
  expect(JSON.parse(figures ?? "")).toMatchObject({ requests: 1, batches: 1, loads: 2 });
});
