/**
 * The shapes in which a campaign's money goes over HTTP: where it is, how it got there, what operators did about it,
 * and what one sends to give up on a stuck wallet. What the fields mean is written once, in src/money/protocol.ts.
 */
import { z } from "@hono/zod-openapi";
import { FULL_LIMITS } from "../../../src/kernel/limits.ts";
import { isId, isWords, parseWalletName } from "../../../src/money/limits.ts";

const count = z.int().nonnegative();
const amountMicros = z.int();
const epochMs = z.int();

/** Id of a campaign. */
export const campaignIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/)
  .max(FULL_LIMITS.idCharsMax);

const termsSchema = z.object({
  campaignId: campaignIdSchema,
  budgetMicros: amountMicros,
  dailyBudgetMicros: amountMicros.nullable(),
  timeZone: z.string().openapi({ description: "IANA name; the daily budget goes by its midnights." }),
  flightStartMs: epochMs,
  flightEndMs: epochMs,
  status: z.enum(["active", "paused", "archived"]),
  pacing: z.enum(["even", "asap"]),
  targetCostMicros: amountMicros.nullable(),
  startMultiplierPpm: z.int().nullable(),
  supplyShape: z
    .array(count)
    .openapi({ description: "168 weights by UTC hour of the week from Monday, or none: flat." }),
});

const walletShareSchema = z.object({
  wallet: z.string(),
  incarnation: z.string().openapi({ description: "Of the wallet's storage: one that lost it is another holder." }),
  grantedMicros: amountMicros,
  billedMicros: amountMicros,
  returnedMicros: amountMicros,
  outstandingMicros: amountMicros,
  heardMs: epochMs,
  stuck: z
    .boolean()
    .openapi({ description: "Silent for so long that its purses have closed, with money outstanding." }),
  writeOff: z.object({ atMs: epochMs, by: z.string(), why: z.string(), amountMicros }).nullable(),
});

/** Where a campaign's money is. Totals are sums over all wallets. */
export const campaignStatusSchema = z
  .object({
    terms: termsSchema,
    grantedMicros: amountMicros,
    billedMicros: amountMicros,
    returnedMicros: amountMicros,
    committedMicros: amountMicros,
    lapsedMicros: amountMicros.openapi({ description: "Won and never billed: its time is over." }),
    unbilledMicros: amountMicros.openapi({ description: "Given away: seen, but late or exhausted." }),
    outstandingMicros: amountMicros,
    pendingMicros: amountMicros.openapi({ description: "The part of what is outstanding that waits for its beacon." }),
    writtenOffMicros: amountMicros,
    plannedMicros: amountMicros,
    today: z.object({ billedMicros: amountMicros, endMs: epochMs }).nullable(),
    multiplierPpm: count,
    impressionsBilled: count,
    impressionsCommitted: count,
    outcomesPpm: count,
    opportunities: count,
    late: count,
    exhausted: count,
    duplicates: count,
    wallets: z.array(walletShareSchema),
  })
  .openapi("CampaignStatus");

/** All campaigns of the current catalog; those whose ledger did not answer are named in `unknown`. */
export const campaignListSchema = z
  .object({ campaigns: z.array(campaignStatusSchema), unknown: z.array(campaignIdSchema) })
  .openapi("CampaignList");

/** A campaign over time. */
export const campaignHistorySchema = z
  .object({
    campaignId: campaignIdSchema,
    points: z
      .array(
        z.object({
          atMs: epochMs,
          billedMicros: amountMicros,
          spentMicros: amountMicros.openapi({ description: "Won, and billed or still billable." }),
          outstandingMicros: amountMicros,
          pendingMicros: amountMicros,
          plannedMicros: amountMicros,
          multiplierPpm: count,
          impressions: count,
          late: count,
          exhausted: count,
          unbilledMicros: amountMicros,
        }),
      )
      .openapi({ description: "Oldest first, the last one is now. By the minute lately, by the day long ago." }),
  })
  .openapi("CampaignHistory");

const term = z.union([z.string(), z.number()]).nullable();
const numbered = { number: z.int().positive(), atMs: epochMs };
const held = { wallet: z.string(), incarnation: z.string(), amountMicros };

/** What operators did to a campaign. */
export const campaignAuditSchema = z
  .object({
    campaignId: campaignIdSchema,
    entries: z
      .array(
        z.discriminatedUnion("kind", [
          z.object({
            kind: z.literal("terms_changed"),
            ...numbered,
            changes: z.array(z.object({ field: z.string(), from: term, to: term })),
          }),
          z.object({ kind: z.literal("written_off"), ...numbered, ...held, by: z.string(), why: z.string() }),
          z.object({ kind: z.literal("write_off_ended"), ...numbered, ...held }),
        ]),
      )
      .openapi({ description: "Newest first, the last 1,000; numbered from 1 without gaps." }),
  })
  .openapi("CampaignAudit");

const words = z.string().max(200).refine(isWords, "1 to 200 printable characters");

/** Whose money to give up on, who says so, and why. */
export const writeOffSchema = z
  .strictObject({
    wallet: z.string().refine((name) => parseWalletName(name) !== null, "a wallet's name, such as wallet:weur:0"),
    incarnation: z.string().refine(isId, "the incarnation in the campaign's status"),
    by: words.openapi({ description: "Who decides this. The admin token does not say." }),
    why: words,
  })
  .openapi("WriteOff");
