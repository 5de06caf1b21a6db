/**
 * Where traces come from, batch by batch: origin's store, or files that an earlier run has saved. A batch is a gzip
 * file of lines; a plain file of lines will do too. Saved traces bring the catalogs they name, so they can be read
 * anywhere.
 */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { CompiledCatalog } from "../../src/catalog/compiled.ts";
import { loadSnapshot } from "../../src/catalog/snapshot.ts";
import { toHex } from "../../src/kernel/bytes.ts";
import { understand, type AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";
import { sha256 } from "../sha256.ts";

/** One batch of traces. */
export interface TraceBatch {
  readonly name: string;
  readonly lines: readonly string[];
}

const BATCHES = "/v1/admin/traces/batches";
const SNAPSHOTS = "snapshots";
/** Bytes of one batch once it is opened: origin files at most a hundred messages together. */
const BATCH_OPEN_BYTES_MAX = 512 * 1024 * 1024;
/** Catalogs that are kept compiled at a time. */
const CATALOGS_HELD_MAX = 4;

const batchesSchema = z.object({
  batches: z.array(z.looseObject({ batch: z.number(), key: z.string() })),
  next: z.number().nullable(),
});

/** Batches that origin has of this time and since, in the order in which they were filed. */
export async function* batchesOfOrigin(
  client: AdminClient,
  sinceMs: number,
  saveDir: string | null,
): AsyncGenerator<TraceBatch> {
  for (let after: number | null = 0; after !== null;) {
    const asked = `${BATCHES}?since=${sinceMs}&after=${after}`;
    const page: z.output<typeof batchesSchema> = understand(client, asked, batchesSchema, await client.get(asked));
    for (const { batch, key } of page.batches) {
      const bytes = await client.bytes(`${BATCHES}/${batch}`);
      const name = key.replace(/^traces\//, "").replaceAll("/", "-");
      if (saveDir !== null) await save(path.join(saveDir, name), bytes);
      yield { name, lines: linesOf(name, bytes) };
    }
    after = page.next;
  }
}

/** Batches in a file, or in the files of a directory in the order of their names. */
export async function* batchesOnDisk(from: string): AsyncGenerator<TraceBatch> {
  for (const file of await traceFiles(from)) {
    const bytes = await readFile(file).catch((error: unknown) => {
      throw new CliFault("traces_unreadable", `${file} cannot be read: ${words(error)}`);
    });
    yield { name: path.basename(file), lines: linesOf(file, bytes) };
  }
}

async function traceFiles(from: string): Promise<readonly string[]> {
  const found = await stat(from).catch(() => null);
  if (found?.isFile() === true) return [from];
  const names = found === null ? [] : (await readdir(from)).filter((name) => /\.jsonl(\.gz)?$/.test(name)).sort();
  if (names.length > 0) return names.map((name) => path.join(from, name));
  throw new CliFault("no_traces", `there are no traces at ${from}`, {
    advice: "Give a batch, or a directory that `midroll replay decisions --save DIR` has filled.",
  });
}

/** The directory that a file is in, or the directory itself: saved catalogs lie there. */
export async function folderOf(from: string): Promise<string> {
  const found = await stat(from).catch(() => null);
  return found?.isFile() === true ? path.dirname(from) : from;
}

function linesOf(name: string, bytes: Uint8Array): readonly string[] {
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    const text = packed ? gunzipSync(bytes, { maxOutputLength: BATCH_OPEN_BYTES_MAX }) : bytes;
    return new TextDecoder("utf-8", { fatal: true })
      .decode(text)
      .split("\n")
      .filter((line) => line !== "");
  } catch (error) {
    throw new CliFault("traces_unreadable", `${name} is no file of traces: ${words(error)}`);
  }
}

/** Catalogs by digest, ready to decide with. */
export interface CatalogShelf {
  /** Throws `CliFault` when the snapshot is nowhere, or is not what its name says. */
  catalogOf(digest: string): Promise<CompiledCatalog>;
}

/**
 * Takes snapshots from `dir` where it has them, and else asks origin. Every one is held against its digest. `keep`:
 * also write into `dir` what came from origin.
 */
export function catalogShelf(client: () => Promise<AdminClient>, dir: string | null, keep: boolean): CatalogShelf {
  const held = new Map<string, CompiledCatalog>();
  const fetched = async (digest: string): Promise<Uint8Array> => {
    const bytes = await (await client()).bytes(`/v1/admin/catalog/snapshots/${digest}`);
    if (keep && dir !== null) await save(path.join(dir, SNAPSHOTS, digest), bytes);
    return bytes;
  };
  return {
    catalogOf: async (digest) => {
      const known = held.get(digest);
      if (known !== undefined) return known;
      const saved = dir === null ? null : await readFile(path.join(dir, SNAPSHOTS, digest)).catch(() => null);
      const catalog = await catalogIn(digest, saved ?? (await fetched(digest)));
      if (held.size >= CATALOGS_HELD_MAX) held.clear();
      held.set(digest, catalog);
      return catalog;
    },
  };
}

async function catalogIn(digest: string, bytes: Uint8Array): Promise<CompiledCatalog> {
  const found = toHex(await sha256(bytes));
  if (found !== digest) throw new CliFault("snapshot_altered", `snapshot ${digest} is altered: it has digest ${found}`);
  const loaded = loadSnapshot(bytes);
  if (loaded.ok) return loaded.value;
  throw new CliFault("snapshot_unreadable", `snapshot ${digest} is refused: ${loaded.reason}`, {
    advice: "It was published by another version: read its traces with that one.",
  });
}

async function save(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  } catch (error) {
    throw new CliFault("cannot_save", `${file} cannot be written: ${words(error)}`);
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
