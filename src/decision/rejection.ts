/**
 * Why a candidate did not win. Every candidate that is dropped leaves one of these behind, so that "why did I lose?"
 * always has an answer. Each reason carries the number the trade uses for it.
 * Source: IAB Tech Lab, OpenRTB community extension "Seat Non Bid", list of non-bid status codes; 500 and up are ours.
 */
import type { Offer } from "../catalog/compiled.ts";
import type { Micros } from "../kernel/money.ts";
import type { Scores } from "./candidate.ts";

/** The stages of a decision, in the order in which they may drop a candidate. */
export type Stage = "retrieve" | "guarantee" | "rank" | "value" | "auction" | "pod" | "commit";

/** Every reason: the stage that gives it, the trade's number, and what it means in plain words. */
export const REJECTIONS = {
  campaign_inactive: { stage: "retrieve", seatNonBid: 200, meaning: "the campaign or line item is not active" },
  outside_flight: { stage: "retrieve", seatNonBid: 200, meaning: "the campaign's flight does not cover this moment" },
  targeting_publishers: { stage: "retrieve", seatNonBid: 7, meaning: "the line item does not target this publisher" },
  targeting_surfaces: { stage: "retrieve", seatNonBid: 200, meaning: "the line item does not target this surface" },
  targeting_devices: { stage: "retrieve", seatNonBid: 6, meaning: "the line item does not target this device" },
  targeting_countries: { stage: "retrieve", seatNonBid: 200, meaning: "the line item does not target this country" },
  targeting_regions: { stage: "retrieve", seatNonBid: 200, meaning: "the line item does not target this region" },
  targeting_genres: { stage: "retrieve", seatNonBid: 200, meaning: "the line item does not target this genre" },
  targeting_ratings: { stage: "retrieve", seatNonBid: 200, meaning: "the line item does not target this rating" },
  targeting_languages: { stage: "retrieve", seatNonBid: 200, meaning: "the line item does not target this language" },
  targeting_contentCategories: {
    stage: "retrieve",
    seatNonBid: 200,
    meaning: "the line item does not target content of this category",
  },
  consent_missing: {
    stage: "retrieve",
    seatNonBid: 204,
    meaning: "the line item needs the viewer's agreement to personalised advertising",
  },
  targeting_segments: { stage: "retrieve", seatNonBid: 8, meaning: "the viewer is not in the audience" },
  targeting_dayparts: { stage: "retrieve", seatNonBid: 200, meaning: "the line item does not run at this hour" },
  targeting_where: { stage: "retrieve", seatNonBid: 200, meaning: "the line item's expression does not hold here" },
  deal_required: { stage: "retrieve", seatNonBid: 200, meaning: "only deals may bid here, and it has none of them" },
  deal_elsewhere: { stage: "retrieve", seatNonBid: 200, meaning: "its guaranteed deal is with other publishers" },
  advertiser_blocked: { stage: "retrieve", seatNonBid: 356, meaning: "the publisher or request blocks the advertiser" },
  category_blocked: { stage: "retrieve", seatNonBid: 357, meaning: "the publisher or request blocks the category" },
  category_not_allowed: {
    stage: "retrieve",
    seatNonBid: 357,
    meaning: "the publisher or request allows other categories only",
  },
  duration_not_allowed: {
    stage: "retrieve",
    seatNonBid: 350,
    meaning: "the ad is too short or too long for the break",
  },
  media_not_playable: { stage: "retrieve", seatNonBid: 353, meaning: "the creative has no file this door can play" },
  frequency_capped: {
    stage: "retrieve",
    seatNonBid: 9,
    meaning: "the viewer has seen it or its campaign often enough",
  },
  no_budget: { stage: "retrieve", seatNonBid: 501, meaning: "this data centre holds no money for the campaign" },
  too_many_candidates: { stage: "retrieve", seatNonBid: 203, meaning: "more candidates than one decision considers" },
  guarantee_not_drawn: {
    stage: "guarantee",
    seatNonBid: 505,
    meaning: "this break's guaranteed seat fell to another deal or to none",
  },
  deal_not_offered: {
    stage: "guarantee",
    seatNonBid: 200,
    meaning: "the request does not offer its guaranteed deal",
  },
  early_cut: { stage: "rank", seatNonBid: 203, meaning: "the early ranker kept more promising candidates" },
  score_invalid: { stage: "value", seatNonBid: 102, meaning: "the models gave no usable score" },
  no_value: { stage: "value", seatNonBid: 0, meaning: "the bid does not cover what the ad costs the viewer" },
  below_deal_price: {
    stage: "auction",
    seatNonBid: 304,
    meaning: "the bid is below the price or the floor of its deal",
  },
  no_place: { stage: "auction", seatNonBid: 350, meaning: "no part of the break takes an ad of this length" },
  below_floor: { stage: "auction", seatNonBid: 301, meaning: "the bid is below the floor" },
  purse_short: { stage: "auction", seatNonBid: 504, meaning: "this data centre holds less than the bid right now" },
  outbid: { stage: "pod", seatNonBid: 502, meaning: "ads of higher total value filled the break" },
  advertiser_repeated: { stage: "pod", seatNonBid: 355, meaning: "an ad of the same advertiser won a slot" },
  creative_repeated: { stage: "pod", seatNonBid: 302, meaning: "the same creative won a slot" },
  category_separated: { stage: "pod", seatNonBid: 355, meaning: "a competitor of the same category won a slot" },
  competitor_separated: { stage: "pod", seatNonBid: 355, meaning: "a named competitor of the advertiser won a slot" },
  duplicate_in_break: {
    stage: "pod",
    seatNonBid: 302,
    meaning: "an ad that the request counts as the same won a slot",
  },
  capped_in_break: { stage: "pod", seatNonBid: 9, meaning: "the break shows as many ads of it as the viewer may see" },
  too_close: { stage: "pod", seatNonBid: 355, meaning: "too few other ads would play between it and its like" },
  place_taken: { stage: "pod", seatNonBid: 506, meaning: "the place it insists on went to another ad" },
  budget_spent_meanwhile: {
    stage: "commit",
    seatNonBid: 503,
    meaning: "the money was committed while this was scored",
  },
} as const satisfies Record<string, { stage: Stage; seatNonBid: number; meaning: string }>;

/** The closed set of reasons. */
export type RejectionReason = keyof typeof REJECTIONS;

/** One candidate's fate, if it lost. What it found out on its way is there as far as it came. */
export interface Rejection {
  readonly offer: Offer;
  readonly reason: RejectionReason;
  readonly scores?: Scores;
  /** What it bid. Units: micros for one impression. */
  readonly bidMicros?: Micros;
  /** What the break would have gained. Units: micros. */
  readonly valueMicros?: Micros;
  /** The lowest floor it could have reached. Units: micros for one impression. */
  readonly floorMicros?: Micros;
  readonly dealId?: string;
}
