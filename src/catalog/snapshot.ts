/**
 * A snapshot is the catalog as one immutable file, named by the SHA-256 of its bytes: a line that names the format, a
 * directory, and compressed chunks of rows. Origin writes it once, edges read it many times, a chunk at a time. Every
 * part has one canonical order and the compressor one result, so the same content always has the same name, however the
 * operator spread it over files and whichever machine wrote it.
 */
import { present } from "../kernel/assert.ts";
import { toHex, toUtf8, type Sha256 } from "../kernel/bytes.ts";
import { FULL_LIMITS } from "../kernel/limits.ts";
import { compressBlock } from "../kernel/lz4.ts";
import { refused, type Result } from "../kernel/result.ts";
import { assembleCatalog } from "./assemble.ts";
import { ColumnReader, ColumnWriter } from "./columns.ts";
import type { CompiledCatalog } from "./compiled.ts";
import type { Catalog } from "./entities.ts";
import { CHUNK_ROWS_MAX, packCatalog } from "./pack.ts";
import { CHUNK_KINDS, type Chunk } from "./packed_rows.ts";
import { endOf, type Steps } from "./steps.ts";

/** Name and version of the format, the first line of every snapshot. A reader refuses every other. */
export const SNAPSHOT_FORMAT = "midroll-catalog/2";

/** Media type of a snapshot over HTTP. */
export const SNAPSHOT_MEDIA_TYPE = "application/vnd.midroll.catalog";

/** Why bytes are not a snapshot, in the order checked. */
export type SnapshotRefusal = "too_large" | "unknown_format" | "bad_directory" | "bad_catalog";

/** One chunk's line in the directory. Units: bytes. */
type Entry = Omit<Chunk, "stored"> & { readonly storedLength: number };

/** The snapshot of a catalog. Requires one that `parseCatalog` accepted. */
export function encodeSnapshot(catalog: Catalog): Uint8Array {
  const chunks = packCatalog(catalog).map(compressed);
  const writer = new ColumnWriter();
  writer.bytes(HEADER);
  writer.number(chunks.length);
  for (const { kind, rows, rawLength, stored } of chunks) {
    writer.numbers([CHUNK_KINDS.indexOf(kind), rows, rawLength, stored.length]);
  }
  for (const { stored } of chunks) writer.bytes(stored);
  return writer.written;
}

/**
 * The catalog in a snapshot, a step at a time; see `assembleCatalog` for what a step is. `indexed`: whether line items
 * are indexed as well, which only who decides needs.
 */
export function* readSnapshot(bytes: Uint8Array, indexed: boolean): Steps<Result<CompiledCatalog, SnapshotRefusal>> {
  if (bytes.length > FULL_LIMITS.catalogBytesMax) return refused("too_large");
  const reader = new ColumnReader(bytes);
  const header = reader.bytes(HEADER.length);
  if (header === null || HEADER.some((byte, i) => byte !== header[i])) return refused("unknown_format");
  const entries = readDirectory(reader);
  if (entries === null) return refused("bad_directory");
  const rawLength = entries.reduce((sum, entry) => sum + entry.rawLength, 0);
  if (rawLength > FULL_LIMITS.catalogRawBytesMax) return refused("too_large");
  return yield* assembleCatalog(chunksFrom(reader, entries), indexed);
}

/** The catalog in a snapshot, in one go and indexed when somebody first asks: for tools, where nobody waits. */
export function loadSnapshot(bytes: Uint8Array): Result<CompiledCatalog, SnapshotRefusal> {
  return endOf(readSnapshot(bytes, false));
}

/** The name of a snapshot: SHA-256 of its bytes. Shape: 64 lower-case hexadecimal digits. */
export async function snapshotDigest(bytes: Uint8Array, sha256: Sha256): Promise<string> {
  return toHex(await sha256(bytes));
}

const HEADER = toUtf8(`${SNAPSHOT_FORMAT}\n`);

function compressed(chunk: Chunk): Chunk {
  const block = compressBlock(chunk.stored);
  return block.length < chunk.stored.length ? { ...chunk, stored: block } : chunk;
}

function readDirectory(reader: ColumnReader): readonly Entry[] | null {
  const count = reader.number();
  const fields = count === null ? null : reader.numbers(4 * count, 2 ** 32);
  if (fields === null) return null;
  const entries: Entry[] = [];
  for (let at = 0; at < fields.length; at += 4) {
    const [kindNumber = 0, rows = 0, rawLength = 0, storedLength = 0] = fields.subarray(at, at + 4);
    const kind = CHUNK_KINDS[kindNumber];
    if (kind === undefined || rows === 0 || rows > CHUNK_ROWS_MAX || storedLength > rawLength) return null;
    entries.push({ kind, rows, rawLength, storedLength });
  }
  const stored = entries.reduce((sum, entry) => sum + entry.storedLength, 0);
  return stored === reader.left ? entries : null;
}

function* chunksFrom(reader: ColumnReader, entries: readonly Entry[]): Iterable<Chunk> {
  for (const { storedLength, ...entry } of entries) {
    yield { ...entry, stored: present(reader.bytes(storedLength), "the directory was held against the length") };
  }
}
