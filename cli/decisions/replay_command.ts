/**
 * `midroll replay decisions`: decides recorded decisions again, here, and holds every byte against what was recorded.
 * One that differs is shown with the first field that does.
 */
import { setImmediate as pause } from "node:timers/promises";
import { z } from "zod";
import type { Difference } from "../../src/decision/trace/decision_document.ts";
import { readTrace } from "../../src/decision/trace/codec.ts";
import type { DecisionTrace } from "../../src/decision/trace/trace.ts";
import { replay } from "../../src/decision/trace/replay.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/kernel/time.ts";
import type { AdminClient } from "../admin_client.ts";
import { CliFault } from "../fault.ts";
import { countOf, type Outcome } from "../outcome.ts";
import {
  batchesOfOrigin,
  batchesOnDisk,
  catalogShelf,
  folderOf,
  type CatalogShelf,
  type TraceBatch,
} from "./trace_source.ts";

/** How far back traces are taken unless told otherwise. */
export const REPLAY_SINCE_DEFAULT = "1h";
/** Differences that are shown and answered. */
const DIFFERENCES_SHOWN_MAX = 20;
/** How many traces pass between two pauses. */
const PAUSE_EVERY = 50;
/** How many traces pass between two words of progress. */
const PROGRESS_EVERY = 2_000;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["s", SECOND_MS],
  ["m", MINUTE_MS],
  ["h", HOUR_MS],
  ["d", DAY_MS],
]);

const optionsSchema = z.object({
  since: z.string().optional(),
  from: z.string().optional(),
  save: z.string().optional(),
  limit: z.string().optional(),
});

/** What the command may ask of the outside. */
export interface ReplayDoor {
  readonly client: () => Promise<AdminClient>;
  readonly nowMs: number;
  /** Told a line now and then. */
  readonly progress: (line: string) => void;
}

/** One decision that came out differently, or could not be made again. */
interface Mismatch extends Difference {
  readonly decisionId: string;
  readonly build: string;
}

interface Tally {
  traces: number;
  unreadable: number;
  readonly tiers: Map<string, number>;
  readonly catalogs: Set<string>;
  readonly mismatches: Mismatch[];
}

/** Replays. `options` as commander read them. Throws `CliFault`, also when anything differs. */
export async function replayDecisions(door: ReplayDoor, options: unknown): Promise<Outcome> {
  const { since, from, save, limit } = optionsSchema.parse(options);
  const sinceMs = door.nowMs - durationMs(since ?? REPLAY_SINCE_DEFAULT);
  const limitTraces = limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber(limit, "--limit");
  if (from !== undefined && since !== undefined) {
    throw new CliFault("wrong_command", "--since is asked of origin; with --from all that is on disk is replayed", {
      exitCode: 2,
    });
  }
  if (from !== undefined && save !== undefined) {
    throw new CliFault("wrong_command", "--save keeps what comes from origin; with --from it is on disk already", {
      exitCode: 2,
    });
  }
  const batches =
    from === undefined ? batchesOfOrigin(await door.client(), sinceMs, save ?? null) : batchesOnDisk(from);
  const shelf = catalogShelf(
    door.client,
    from === undefined ? (save ?? null) : await folderOf(from),
    save !== undefined,
  );
  const tally: Tally = { traces: 0, unreadable: 0, tiers: new Map(), catalogs: new Set(), mismatches: [] };
  for await (const batch of batches) {
    await replayBatch(batch, shelf, door, tally, limitTraces);
    if (tally.traces >= limitTraces) break;
  }
  return conclude(tally, from ?? `the last ${since ?? REPLAY_SINCE_DEFAULT}`, from !== undefined);
}

async function replayBatch(batch: TraceBatch, shelf: CatalogShelf, door: ReplayDoor, tally: Tally, limit: number) {
  for (const line of batch.lines) {
    if (tally.traces >= limit) return;
    tally.traces++;
    const read = readTrace(line);
    if (!read.ok) tally.unreadable++;
    else await replayOne(read.value, shelf, tally);
    // Replaying never waits; without a pause the program would hear neither Ctrl-C nor a connection that closes.
    if (tally.traces % PAUSE_EVERY === 0) await pause();
    if (tally.traces % PROGRESS_EVERY === 0) {
      door.progress(`… ${tally.traces} replayed, ${tally.mismatches.length} differ`);
    }
  }
}

async function replayOne(trace: DecisionTrace, shelf: CatalogShelf, tally: Tally): Promise<void> {
  const tier = trace.scores?.tier ?? "house";
  tally.tiers.set(tier, (tally.tiers.get(tier) ?? 0) + 1);
  tally.catalogs.add(trace.catalogDigest);
  const replayed = await replay(trace, await shelf.catalogOf(trace.catalogDigest));
  const difference = replayed.ok ? replayed.value.difference : WHY_NOT[replayed.reason];
  if (difference === null) return;
  const { version, deployment } = trace.build;
  tally.mismatches.push({ decisionId: trace.decisionId, build: `${version} ${deployment}`.trim(), ...difference });
}

/** What stands in the place of a difference when the decision cannot be made again at all. */
const WHY_NOT: Readonly<Record<"other_catalog" | "other_rows", Difference>> = {
  other_catalog: { path: "request.publisherId", recorded: "a publisher", replayed: "not in the catalog" },
  other_rows: { path: "scores", recorded: "scores of its rows", replayed: "other rows are to be scored" },
};

function conclude(tally: Tally, where: string, onDisk: boolean): Outcome {
  const { traces, unreadable, mismatches } = tally;
  const counts = {
    traces,
    same: traces - unreadable - mismatches.length,
    differing: mismatches.length,
    unreadable,
    tiers: Object.fromEntries(tally.tiers),
    catalogs: tally.catalogs.size,
  };
  if (traces === 0 && onDisk) {
    throw new CliFault("no_traces", `no traces in ${where}`, {
      advice: "Was the folder copied whole?",
      members: counts,
    });
  }
  if (mismatches.length === 0 && unreadable === 0) {
    const said = traces === 0 ? `no traces of ${where}` : `${countOf(traces, "decision")} replayed to the same bytes`;
    const tiers = [...tally.tiers].map(([tier, count]) => `${count} ${tier}`).join(", ");
    return {
      json: counts,
      lines: [said, ...(traces === 0 ? [] : [`  ${tiers}; ${countOf(tally.catalogs.size, "catalog")}`])],
    };
  }
  const differences = mismatches.slice(0, DIFFERENCES_SHOWN_MAX);
  const differ = mismatches.length === 0 ? [] : [`${mismatches.length} came out differently`];
  const unread = unreadable === 0 ? [] : [`${unreadable} cannot be read`];
  const message = `of ${countOf(traces, "trace")}, ${[...differ, ...unread].join(" and ")}`;
  throw new CliFault("replay_differs", message, {
    lines: differences.map(
      ({ decisionId, build, path, recorded, replayed }) =>
        `  ${decisionId} (decided by ${build}): ${path}: ` +
        `recorded ${JSON.stringify(recorded)}, replayed ${JSON.stringify(replayed)}`,
    ),
    advice: "What another version has recorded replays with that version: check it out and run this again.",
    members: { ...counts, differences },
  });
}

/** `90s`, `15m`, `1h`, `7d`. */
function durationMs(text: string): number {
  const [, count, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const unitMs = UNIT_MS.get(unit);
  if (count !== undefined && unitMs !== undefined) return Number(count) * unitMs;
  throw new CliFault("wrong_command", `--since takes a time such as 90s, 15m, 1h or 7d, not ${JSON.stringify(text)}`, {
    exitCode: 2,
  });
}

function wholeNumber(text: string, flag: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CliFault("wrong_command", `${flag} takes a whole number from 1 on, not ${JSON.stringify(text)}`, {
    exitCode: 2,
  });
}
