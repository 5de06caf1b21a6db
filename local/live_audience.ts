/**
 * The simulated audience of `npm start`: seeded viewers who ask for breaks at a steady rate, watch them in real time,
 * complete, click or leave as the seeded world has it, and report what they saw. Bounded: at most so many sit in a
 * break at once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { stream } from "../src/kernel/random.ts";
import { HOUR_MS, utcHour, utcWeekday } from "../src/kernel/time.ts";
import { createWorld, MIDROLL_WORLD_SEED, probabilitiesOf, sampleOutcome } from "../src/simulation/world.ts";
import { requestOf, type Audience, type AudienceRequest } from "../src/simulation/viewers.ts";

/** Who watches what, how often. */
export interface AudienceOptions {
  readonly edgeUrl: string;
  readonly publisherIds: readonly string[];
  /** Which audience; the same word gives the same people with the same habits. */
  readonly seed: string;
  readonly breaksPerSec: number;
}

const VIEWERS = 5_000;
/** Shares of an ad at which a player reports, and as what. */
const MILESTONES = [
  [0.25, "firstQuartile"],
  [0.5, "midpoint"],
  [0.75, "thirdQuartile"],
  [1, "complete"],
] as const;
/** Viewers in a break at the same time; beyond that nobody new sits down. */
const WATCHING_MAX = 2_000;
/** Frequency histories remembered, one a viewer; the oldest go first. */
const HISTORIES_MAX = VIEWERS;

const podSchema = z.object({
  frequencyToken: z.string().nullable(),
  ads: z.array(
    z.object({
      lineItemId: z.string(),
      durationSec: z.number(),
      categories: z.array(z.string()),
      clickThroughUrl: z.string(),
      tracking: z.array(z.object({ event: z.string(), url: z.string() })),
    }),
  ),
});
type Ad = z.output<typeof podSchema>["ads"][number];

/** What the audience carries through its life. */
interface Crowd {
  readonly edgeUrl: string;
  readonly world: ReturnType<typeof createWorld>;
  readonly seed: string;
  readonly histories: Map<string, string>;
  readonly shown: Map<string, number>;
}

/** Sends a beacon. An impression that did not arrive is sent once more; nobody minds a lost quartile. */
async function report(url: string, event: string): Promise<void> {
  for (const pause of event === "impression" ? [0, 2_000] : [0]) {
    await sleep(pause);
    const answer = await fetch(url, { redirect: "manual" }).catch(() => null);
    await answer?.body?.cancel();
    if (answer !== null && answer.status < 500) return;
  }
}

function fire(ad: Ad, event: string): void {
  const link = ad.tracking.find((tracked) => tracked.event === event);
  if (link !== undefined) void report(link.url, event);
}

/** Watches one ad in real time. False when the viewer left. */
async function watchAd(
  crowd: Crowd,
  asked: AudienceRequest,
  ad: Ad,
  random: ReturnType<typeof stream>,
): Promise<boolean> {
  const pair = `${asked.vid} ${ad.lineItemId}`;
  const timesShown = crowd.shown.get(pair) ?? 0;
  if (crowd.shown.size > HISTORIES_MAX * 10) crowd.shown.clear();
  crowd.shown.set(pair, timesShown + 1);
  const { viewer, surface, genre, rating, dur } = asked;
  const outcome = sampleOutcome(
    probabilitiesOf(crowd.world, {
      temper: viewer.temper,
      segments: asked.seg,
      device: viewer.device,
      surface,
      genre,
      rating,
      hour: utcHour(asked.atMs),
      weekday: utcWeekday(asked.atMs),
      podDurationSec: dur,
      durationSec: ad.durationSec,
      categories: ad.categories,
      timesShown,
    }),
    random,
  );
  fire(ad, "impression");
  fire(ad, "start");
  const stopsAt = outcome.completedView ? 1 : random.next();
  let at = 0;
  for (const [share, event] of MILESTONES) {
    if (share > stopsAt) break;
    await sleep((share - at) * ad.durationSec * 1000);
    at = share;
    fire(ad, event);
    if (share === 0.5 && outcome.click) void report(ad.clickThroughUrl, "click");
  }
  return !outcome.abandon;
}

/** The request as `POST /v1/decide` wants it. */
function asBody(asked: AudienceRequest, frequencyToken: string | null): object {
  return {
    requestId: asked.rid,
    publisherId: asked.pub,
    surface: asked.surface,
    podDurationSec: asked.dur,
    maxAds: asked.max,
    viewer: {
      id: asked.vid,
      device: asked.dev,
      country: asked.country,
      region: asked.region,
      segments: asked.seg,
      limitAdTracking: asked.lmt,
      frequencyToken,
    },
    content: { id: asked.content, genre: asked.genre, rating: asked.rating, language: asked.lang },
  };
}

async function watchBreak(crowd: Crowd, asked: AudienceRequest): Promise<void> {
  const answer = await fetch(`${crowd.edgeUrl}/v1/decide`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(asBody(asked, crowd.histories.get(asked.vid) ?? null)),
  });
  const pod = podSchema.safeParse(await answer.json());
  if (!answer.ok || !pod.success) return;
  if (pod.data.frequencyToken !== null) {
    crowd.histories.delete(asked.vid);
    crowd.histories.set(asked.vid, pod.data.frequencyToken);
    const oldest = crowd.histories.keys().next().value;
    if (crowd.histories.size > HISTORIES_MAX && oldest !== undefined) crowd.histories.delete(oldest);
  }
  const random = stream(crowd.seed, `outcomes of ${asked.rid}`);
  for (const ad of pod.data.ads) if (!(await watchAd(crowd, asked, ad, random))) return;
}

/** Sits an audience down. It watches until the program ends; faults of single viewers are theirs alone. */
export function liveAudience(options: AudienceOptions): void {
  const audience: Audience = { seed: options.seed, size: VIEWERS, publisherIds: options.publisherIds };
  const crowd: Crowd = {
    edgeUrl: options.edgeUrl,
    world: createWorld(MIDROLL_WORLD_SEED),
    seed: options.seed,
    histories: new Map(),
    shown: new Map(),
  };
  let sequence = Math.floor(Date.now() / HOUR_MS);
  let watching = 0;
  setInterval(() => {
    if (watching >= WATCHING_MAX) return;
    watching++;
    watchBreak(crowd, requestOf(audience, sequence++, Date.now()))
      .catch(() => undefined)
      .finally(() => watching--);
  }, 1000 / options.breaksPerSec);
}
