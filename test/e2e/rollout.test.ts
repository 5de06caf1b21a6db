/**
 * A model set's life through the real runtime: published with the `midroll` command beside the set that serves, tried as
 * a canary, promoted, rolled back. What the edge decides with follows, and no viewer notices.
 */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { runMidroll } from "../../cli/program.ts";
import { projectDir } from "../../local/build.ts";
import type { Midroll } from "../../local/bring_up.ts";
import { modelSetSchema } from "../../src/models/manifest.ts";
import { decide, DEMO_BREAK, freshDir, raise } from "./stage.ts";
import { until } from "./until.ts";

const { dir, remove } = freshDir();
let midroll: Midroll;
beforeAll(async () => {
  midroll = await raise(dir);
});
afterAll(async () => {
  await midroll?.stop();
  remove();
});

const answerSchema = z.looseObject({ ok: z.literal(true), digest: z.string(), order: z.looseObject({}) });

/** Runs a command for this origin with what the runtime keeps in its state directory, and gives its answer. */
async function command(...words: readonly string[]) {
  let out = "";
  await runMidroll([...words, "--origin", midroll.originUrl, "--state", path.join(dir, "state"), "--json"], {
    out: (text) => (out += text),
    err: () => undefined,
    env: { MIDROLL_BY: "a test" },
    fetch,
  });
  return answerSchema.parse(JSON.parse(out));
}

/** By what the viewers who asked meanwhile were served. */
const tiers = new Set<string>();

/** Waits until the edge decides with this set, asking for a break each time. */
async function untilLive(digest: string): Promise<void> {
  await until(async () => {
    const { tier, ads } = await decide(midroll.edgeUrl, DEMO_BREAK);
    tiers.add(ads.length === 0 ? "empty" : tier);
    const answer = await fetch(`${midroll.edgeUrl}/readyz`);
    const { modelSetDigest } = z.looseObject({ modelSetDigest: z.string().nullish() }).parse(await answer.json());
    return modelSetDigest === digest ? { met: digest } : { unmet: modelSetDigest };
  }, 15_000);
}

/** The repository's models as another set: the reduced tier is named. */
function anotherSet(): string {
  const models = path.join(dir, "models");
  cpSync(path.join(projectDir, "models"), models, {
    recursive: true,
    filter: (from) => !/exports|training/.test(path.relative(projectDir, from)),
  });
  const file = path.join(models, "sample-set.json");
  const set = modelSetSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  writeFileSync(file, JSON.stringify({ ...set, reduced: set.models.map(({ name }) => name) }));
  return models;
}

test("a set is published, tried, promoted and rolled back while viewers are served by models all along", async () => {
  const before = await command("models", "list");
  const first = before.digest;
  await untilLive(first);

  const published = await command("models", "publish", anotherSet(), "--as", "canary:10", "--note", "reduced named");
  expect(published.digest).not.toBe(first);
  expect(published.order).toMatchObject({ live: first, canary: { digest: published.digest, sharePpm: 100_000 } });

  const promoted = await command("models", "promote", published.digest.slice(0, 12), "--why", "it holds");
  expect(promoted.order).toMatchObject({ live: published.digest, canary: null, warm: [first] });
  await untilLive(published.digest);

  const back = await command("models", "rollback", "--why", "to see the way back");
  expect(back).toMatchObject({ digest: first, order: { live: first } });
  await untilLive(first);

  expect([...tiers]).toEqual(["full"]);
});
