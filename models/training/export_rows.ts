/**
 * Writes training rows for Python: `node models/training/export_rows.ts --rows 200000 --seed train-1 --out FILE`.
 * FILE is one line of JSON (rows, columns, names, schema digest), then the rows as little-endian float32, then one byte
 * an outcome for each head in turn, then one float64 a true probability for each head in turn.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { COLUMN_COUNT, COLUMNS, featureSchemaDigest } from "../../src/features/schema.ts";
import { HEADS } from "../../src/models/manifest.ts";
import { drawTrainingRows } from "../../src/simulation/training_rows.ts";
import { createWorld, MIDROLL_WORLD_SEED } from "../../src/simulation/world.ts";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "200000" },
    seed: { type: "string", default: "train-1" },
    out: { type: "string" },
  },
});
const count = Number(options.rows);
if (!Number.isSafeInteger(count) || count < 1 || options.out === undefined) {
  console.error("usage: node models/training/export_rows.ts --rows 200000 --seed train-1 --out FILE");
  process.exit(2);
}

const drawn = drawTrainingRows(createWorld(MIDROLL_WORLD_SEED), options.seed, count);
const header = {
  rows: count,
  columns: COLUMN_COUNT,
  names: COLUMNS.map(({ name }) => name),
  heads: HEADS,
  seed: options.seed,
  world: MIDROLL_WORLD_SEED,
  featureSchemaDigest: await featureSchemaDigest(async (bytes) => createHash("sha256").update(bytes).digest()),
};

const file = openSync(options.out, "w");
/** A write may be short for large blocks. */
function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, Math.min(bytes.length - at, 1 << 24));
}
const bytesOf = (array: Float32Array | Float64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
writeAll(Buffer.from(`${JSON.stringify(header)}\n`));
writeAll(bytesOf(drawn.rows));
for (const head of HEADS) writeAll(drawn.outcomes[head]);
for (const head of HEADS) writeAll(bytesOf(drawn.truths[head]));
closeSync(file);

for (const head of HEADS) {
  const happened = drawn.outcomes[head].reduce((sum, hit) => sum + hit, 0);
  console.error(`${head}: ${((100 * happened) / count).toFixed(2)} % of ${count} rows`);
}
