/**
 * Seeded instances of guaranteed delivery: kinds of breaks that differ in six dimensions, a few of them common and most
 * rare, and contracts with overlapping targeting over them. Used by the bench and by the tests that compare with an LP.
 */
import type { Contract, SupplyNode } from "../src/guaranteed/contract.ts";
import { stream, type RandomStream } from "../src/kernel/random.ts";

/** One market: who is owed what, and what there is. */
export interface Instance {
  readonly name: string;
  readonly contracts: readonly Contract[];
  readonly supply: readonly SupplyNode[];
}

/** What to draw. `tightness`: impressions owed for each break there is. */
export interface InstanceSketch {
  readonly seed: string;
  readonly contracts: number;
  readonly nodes: number;
  readonly breaks: number;
  readonly tightness: number;
}

/** Values of publisher, surface, device, country, genre and part of the day. */
const DIMENSIONS = [5, 3, 4, 8, 8, 6] as const;

/** Draws a market. No contract is owed more than nine tenths of the breaks it may be shown in. */
export function drawInstance(sketch: InstanceSketch): Instance {
  const random = stream(sketch.seed, "guaranteed instance");
  const kinds = drawKinds(sketch.nodes, random);
  const weights = kinds.map(() => Math.exp(2 * (random.next() + random.next() + random.next() - 1.5)));
  const scale = sketch.breaks / weights.reduce((sum, weight) => sum + weight, 0);
  const breaksOf = weights.map((weight) => weight * scale);
  const reached: number[][] = kinds.map(() => []);
  const wanted: { readonly supply: number; readonly appetite: number }[] = [];
  while (wanted.length < sketch.contracts) {
    const targeting = drawTargeting(random);
    const nodes = kinds.flatMap((kind, node) => (targeting.every((ask, d) => ask.has(kind[d] ?? 0)) ? [node] : []));
    if (nodes.length === 0) continue;
    for (const node of nodes) reached[node]?.push(wanted.length);
    const supply = nodes.reduce((sum, node) => sum + (breaksOf[node] ?? 0), 0);
    wanted.push({ supply, appetite: supply * (0.05 + random.next()) });
  }
  const share = (sketch.tightness * sketch.breaks) / wanted.reduce((sum, { appetite }) => sum + appetite, 0);
  return {
    name: `${sketch.contracts} contracts, ${sketch.nodes} nodes, ${sketch.tightness} owed a break`,
    contracts: wanted.map(({ supply, appetite }, index): Contract => {
      const owed = Math.max(1, Math.round(Math.min(appetite * share, 0.9 * supply)));
      return { id: contractId(index), owed, penalty: 1 };
    }),
    supply: reached.map((contracts, node): SupplyNode => {
      return { contractIds: contracts.map(contractId), breaks: breaksOf[node] ?? 0 };
    }),
  };
}

function contractId(index: number): string {
  return `deal-${String(index).padStart(4, "0")}`;
}

/** Distinct combinations of values; every other one leans towards the common values. */
function drawKinds(count: number, random: RandomStream): readonly (readonly number[])[] {
  const kinds = new Map<string, readonly number[]>();
  while (kinds.size < count) {
    const common = random.below(2) === 0;
    const kind = DIMENSIONS.map((size) =>
      common ? Math.min(random.below(size), random.below(size)) : random.below(size),
    );
    kinds.set(kind.join(), kind);
  }
  return [...kinds.values()];
}

/** One to three dimensions with up to half their values; the others take any. */
function drawTargeting(random: RandomStream): readonly ReadonlySet<number>[] {
  const asks = DIMENSIONS.map((size) => new Set(Array.from({ length: size }, (_, value) => value)));
  const dimensions = 1 + random.below(3);
  for (let n = 0; n < dimensions; n++) {
    const dimension = random.below(DIMENSIONS.length);
    const size = DIMENSIONS[dimension] ?? 1;
    const values = new Set<number>();
    const count = 1 + random.below(Math.max(1, size >> 1));
    while (values.size < count) values.add(random.below(size));
    asks[dimension] = values;
  }
  return asks;
}
