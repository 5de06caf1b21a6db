/**
 * The simulated audience as a source of traffic: the people of viewers.ts, who watch at the hours of viewing_hours.ts.
 */
import { stream, type RandomStream } from "../../kernel/random.ts";
import { hourOfWeek } from "../../kernel/week.ts";
import { PLAIN_BREAK, type BreakRequest } from "../../protocols/break_request.ts";
import { audienceWeek, viewingWeek } from "../viewing_hours.ts";
import { requestOf, visitShare, type Audience, type AudienceRequest } from "../viewers.ts";
import type { TrafficSource } from "./traffic.ts";

/** How many breaks an average viewer watches a day. */
const BREAKS_PER_VIEWER_DAY = 4;
/**
 * People who may stand in for one seat of the audience. A sample with others in every seat is not at the mercy of the
 * few who watch most: in a small audience one of them may watch a twentieth of all breaks.
 */
const STAND_INS = 64;
/** Requests drawn for one moment until one of somebody who is awake comes. */
const TRIES_MAX = 64;

/** What the simulated audience asks, as the rest of the house knows it. Its viewers have no history yet. */
export function toBreakRequest(asked: AudienceRequest): BreakRequest {
  return {
    ...PLAIN_BREAK,
    requestId: asked.rid,
    publisherId: asked.pub,
    surface: asked.surface,
    podDurationSec: asked.dur,
    maxAds: asked.max,
    minAdDurationSec: 0,
    maxAdDurationSec: asked.dur,
    viewer: {
      key: asked.lmt ? null : asked.vid,
      device: asked.dev,
      country: asked.country,
      region: asked.region,
      segments: asked.seg,
      limitAdTracking: asked.lmt,
      consent: null,
      utcOffsetMinutes: null,
      frequency: [],
    },
    content: { id: asked.content, categories: [], genre: asked.genre, rating: asked.rating, language: asked.lang },
    blockedCategories: [],
    blockedAdvertiserDomains: [],
    mimeTypes: null,
  };
}

/**
 * The audience of a seed. With one person a seat its viewers come back like those of a real flight; by default somebody
 * else with the same habits of watching may sit there each time. Requires: at least one publisher; `breaksPerDay` ≥ 1.
 */
export function simulatedTraffic(
  seed: string,
  publisherIds: readonly string[],
  breaksPerDay: number,
  peoplePerSeat = STAND_INS,
): TrafficSource {
  const seats: Audience = { seed, size: Math.max(1, Math.ceil(breaksPerDay / BREAKS_PER_VIEWER_DAY)), publisherIds };
  const audience: Audience = { ...seats, size: seats.size * peoplePerSeat };
  const week = audienceWeek();
  return {
    breaksPerDay,
    week,
    breakAt: (n, atMs) => {
      const random = stream(audience.seed, `who watches ${n}`);
      const luck = random.next();
      const asked = askedAt(audience, n, atMs, random);
      return {
        request: toBreakRequest(asked),
        atMs,
        viewerBreaksPerDay: asked.lmt
          ? 0
          : breaksPerDay * visitShare(seats, Math.floor(asked.viewer.number / peoplePerSeat)),
        luck,
        week: viewingWeek(asked.country),
      };
    },
  };
}

/** Somebody's request at this moment: each country by how many of its people are watching now. */
function askedAt(audience: Audience, n: number, atMs: number, random: RandomStream): AudienceRequest {
  const hour = hourOfWeek(atMs);
  let asked = requestOf(audience, n * TRIES_MAX, atMs);
  for (let attempt = 1; attempt < TRIES_MAX; attempt++) {
    const week = viewingWeek(asked.country);
    // The busiest hour of any country has less than 2.5 times the viewing of an average one.
    if (random.next() < ((week[hour] ?? 0) * week.length) / 2.5) break;
    asked = requestOf(audience, n * TRIES_MAX + attempt, atMs);
  }
  return asked;
}
