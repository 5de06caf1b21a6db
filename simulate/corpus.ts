/**
 * The corpus: worlds that once broke a law, each with the bug that was in the product then. A bug that was found stays
 * on as a planted one, so that the seed can show again what it found. CI replays them: without the bug every law holds,
 * with it the same world breaks.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

const FILE = path.resolve(import.meta.dirname, "corpus.json");

const corpusSchema = z.array(
  z.strictObject({
    seed: z.number().int(),
    decisions: z.number().int(),
    /** Name of the planted bug. */
    bug: z.string(),
    /** The law that broke. */
    law: z.string(),
  }),
);

/** One world that once broke a law. */
export type CorpusEntry = z.output<typeof corpusSchema>[number];

/** All of them. Throws when the file is not a corpus. */
export async function readCorpus(): Promise<readonly CorpusEntry[]> {
  return corpusSchema.parse(JSON.parse(await readFile(FILE, "utf8")));
}

/** Replaces the corpus. */
export async function writeCorpus(entries: readonly CorpusEntry[]): Promise<void> {
  const lines = entries.map((entry) => `  ${JSON.stringify(entry)}`);
  await writeFile(FILE, `[\n${lines.join(",\n")}\n]\n`);
}
