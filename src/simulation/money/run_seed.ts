/**
 * One seed, from its world to its report: runs it, and when all is at rest asks where the money is. Conservation: every
 * micro that was granted is billed, returned, or on a disk that was lost.
 */
import { assert, InvariantBroken } from "../../kernel/assert.ts";
import type { BillVerdict } from "../../money/protocol.ts";
import type { Impression } from "./auditor.ts";
import { drawSwarm, type Swarm, type SwarmWishes } from "./swarm.ts";
import { World } from "./world.ts";

/** What became of one seed. */
export interface SeedReport {
  readonly seed: number;
  readonly decisions: number;
  readonly events: number;
  readonly overspendMicrosMax: number;
  /** Won slots; those whose ad was shown; of these, those that no wallet billed, by why. */
  readonly committed: number;
  readonly shown: number;
  readonly unbillable: number;
  readonly unheard: number;
  readonly lostWithDisk: number;
  readonly lacked: number;
  readonly falselyLacked: number;
  readonly verdicts: Readonly<Record<BillVerdict, number>>;
  readonly deaths: number;
  readonly writtenOffMicros: number;
  readonly digest: string;
  /** The law that broke; null when none did. */
  readonly broken: string | null;
  /** The last things that happened; none unless asked for. */
  readonly lastEvents: readonly string[];
}

/** Runs one seed. Never throws for a broken law. */
export function runSeed(seed: number, wishes: SwarmWishes, tracing = false): SeedReport {
  return runSwarm(drawSwarm(seed, wishes), tracing);
}

/** Runs one world. Never throws for a broken law; anything else that is thrown is a broken law too. */
function runSwarm(swarm: Swarm, tracing = false): SeedReport {
  const world = new World(swarm, tracing);
  let broken: string | null = null;
  let writtenOffMicros = 0;
  try {
    world.run();
    for (const { terms } of swarm.scale.campaigns) writtenOffMicros += settle(world, terms.campaignId);
  } catch (error) {
    broken = error instanceof InvariantBroken ? error.message : `thrown: ${String(error)}`;
  }
  const { auditor, chronicle, queue } = world;
  const shown = [...auditor.impressions.values()].filter((impression) => impression.shown);
  const unbilled = shown.filter((impression) => !impression.billed);
  const count = (of: (impression: Impression) => boolean): number => unbilled.filter(of).length;
  return {
    seed: swarm.seed,
    decisions: auditor.tally.decisions,
    events: queue.happened,
    overspendMicrosMax: auditor.money.overspendMicrosMax,
    committed: auditor.impressions.size,
    shown: shown.length,
    unbillable: count(({ worst, diskLost }) => worst !== null && !diskLost),
    unheard: count(({ worst }) => worst === null),
    lostWithDisk: count(({ worst, diskLost }) => worst !== null && diskLost),
    lacked: auditor.tally.lacked,
    falselyLacked: auditor.tally.falselyLacked,
    verdicts: auditor.tally.verdicts,
    deaths: [...world.wallets, ...world.ledgers.values()].reduce((sum, { host }) => sum + host.deaths, 0),
    writtenOffMicros,
    digest: chronicle.digest(),
    broken,
    lastEvents: chronicle.lines,
  };
}

/** Checks one campaign at rest, and gives what lies on lost disks. Units: micros. */
function settle(world: World, campaignId: string): number {
  const status = world.status(campaignId);
  const books = world.auditor.money.of(campaignId);
  world.chronicle.note("at rest", campaignId, status.billedMicros);
  assert(status.outstandingMicros === 0, "at rest: no money is out");
  assert(status.billedMicros <= books.billedMicros, "at rest: the ledger has heard nothing that no wallet billed");
  let writtenOffMicros = 0;
  for (const share of status.wallets) {
    const living = world.wallets.some((one) => one.name === share.wallet && one.incarnation === share.incarnation);
    const said = world.auditor.money.holder(campaignId, share);
    const restMicros = share.grantedMicros - share.billedMicros - share.returnedMicros;
    assert(share.grantedMicros === said.grantedMicros, "at rest: a ledger grants what it says");
    if (!living) {
      writtenOffMicros += restMicros;
      continue;
    }
    assert(restMicros === 0, "at rest: all that was granted to a living wallet is billed or back");
    assert(share.billedMicros === said.billedMicros, "at rest: the ledger has heard all that was billed");
  }
  assert(status.writtenOffMicros === writtenOffMicros, "at rest: what is written off lies on lost disks");
  return writtenOffMicros;
}
