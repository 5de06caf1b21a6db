/**
 * A decision as a plain document: what is recorded, and what a replay is held against byte for byte. Every field of the
 * decision is in it, also those that nobody thought of here; only an offer, which the catalog already says, shrinks to
 * its place in the catalog. Canonical JSON spells the document, so equal decisions are equal bytes.
 */
import type { CompiledCatalog, Offer } from "../../catalog/compiled.ts";
import { InvariantBroken } from "../../kernel/assert.ts";
import { canonicalJson } from "../../kernel/bytes.ts";
import type { Decision } from "../decision.ts";

/** A value that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** The first place at which two documents differ; null stands for nothing there. */
export interface Difference {
  /** As in code: `slots[0].priceMicros`. */
  readonly path: string;
  readonly recorded: Json;
  readonly replayed: Json;
}

/** How a document names an offer: its list in the catalog and its place there, `paid:17`. */
function offerName(offer: Offer): string {
  return `${offer.goal.kind === "house" ? "house" : "paid"}:${offer.order}`;
}

/** The offer of that name in the catalog, or null. */
export function offerNamed(catalog: CompiledCatalog, name: string): Offer | null {
  const [, list, place] = /^(paid|house):(\d{1,7})$/.exec(name) ?? [];
  const offers = list === "house" ? catalog.houseOffers : catalog.paidOffers;
  return place !== undefined && Number(place) < offers.length ? (offers.at(Number(place)) ?? null) : null;
}

/** The document of a decision. A value in it that JSON cannot say, other than a number, is a broken invariant. */
export function decisionDocument(decision: Decision): Json {
  return toJson(decision);
}

/** The canonical text of a document. */
export function documentText(document: Json): string {
  return canonicalJson(document);
}

/** Where two documents first differ, fields in code-unit order; null when their texts are equal. */
export function firstDifference(recorded: Json, replayed: Json): Difference | null {
  return differenceAt("", recorded, replayed);
}

function toJson(value: unknown): Json {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  // JSON has no words for these four numbers, and would make zero or null of them in silence.
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0) ? value : spelled(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === "object" && isOffer(value)) return offerName(value);
  if (typeof value !== "object" || !isPlain(value)) throw new InvariantBroken("a decision is made of plain values");
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(fields.map(([name, inner]) => [name, toJson(inner)]));
}

function spelled(number: number): string {
  return Object.is(number, -0) ? "-0" : String(number);
}

function isPlain(value: object): boolean {
  const kind: unknown = Object.getPrototypeOf(value);
  return kind === Object.prototype || kind === null;
}

function isOffer(value: object): value is Offer {
  return "order" in value && "lineItemId" in value && "creative" in value && "goal" in value;
}

function differenceAt(path: string, recorded: Json | undefined, replayed: Json | undefined): Difference | null {
  if (isBranch(recorded) && isBranch(replayed) && Array.isArray(recorded) === Array.isArray(replayed)) {
    const [before, after] = [entriesOf(recorded), entriesOf(replayed)];
    const names = Array.isArray(recorded)
      ? [...(before.size > after.size ? before : after).keys()]
      : [...new Set([...before.keys(), ...after.keys()])].sort();
    for (const name of names) {
      const at = Array.isArray(recorded) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
      const found = differenceAt(at, before.get(name), after.get(name));
      if (found !== null) return found;
    }
    return null;
  }
  return recorded === replayed ? null : { path, recorded: recorded ?? null, replayed: replayed ?? null };
}

function isBranch(value: Json | undefined): value is readonly Json[] | { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null;
}

function entriesOf(value: readonly Json[] | { readonly [name: string]: Json }): ReadonlyMap<string, Json> {
  return new Map<string, Json>(Object.entries(value));
}
