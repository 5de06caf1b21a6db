/**
 * Who watches what, where and on which screen: the tables behind the simulated audience. Shares are rough shapes of
 * ad-supported streaming, not measurements of anybody.
 */
import type { Device, Genre, Rating, Surface } from "../catalog/words.ts";
import type { Weighted } from "./draw.ts";

/** Where a viewer lives and what is spoken there. */
export interface Place {
  readonly country: string;
  readonly language: string;
  readonly regions: readonly string[];
}

/** Countries of the audience with their regions. */
export const PLACES: Weighted<Place> = [
  [{ country: "US", language: "en", regions: ["US-CA", "US-TX", "US-NY", "US-FL", "US-IL", "US-WA"] }, 46],
  [{ country: "GB", language: "en", regions: ["GB-ENG", "GB-SCT", "GB-WLS"] }, 14],
  [{ country: "DE", language: "de", regions: ["DE-BE", "DE-BY", "DE-NW"] }, 12],
  [{ country: "FR", language: "fr", regions: ["FR-IDF", "FR-PAC"] }, 8],
  [{ country: "CA", language: "en", regions: ["CA-ON", "CA-BC"] }, 7],
  [{ country: "AU", language: "en", regions: ["AU-NSW", "AU-VIC"] }, 5],
  [{ country: "BR", language: "pt", regions: ["BR-SP", "BR-RJ"] }, 5],
  [{ country: "JP", language: "ja", regions: ["JP-13", "JP-27"] }, 3],
];

/** What people watch on. */
export const DEVICE_SHARES: Weighted<Device> = [
  ["ctv", 46],
  ["mobile", 30],
  ["desktop", 16],
  ["tablet", 8],
];

/** Share of people in each segment; a person may be in several. */
export const SEGMENT_SHARES: Weighted<string> = [
  ["auto-intenders", 0.12],
  ["foodies", 0.2],
  ["gamers", 0.18],
  ["travellers", 0.15],
  ["parents", 0.25],
  ["sports-fans", 0.28],
  ["investors", 0.1],
  ["home-improvers", 0.14],
];

/** Which genre a segment watches more of than others do, and how much more. */
export const FAVOURITES: Readonly<Record<string, readonly [Genre, number]>> = {
  "sports-fans": ["sports", 30],
  parents: ["kids", 20],
  investors: ["news", 20],
  travellers: ["documentary", 12],
  "home-improvers": ["reality", 12],
  foodies: ["reality", 8],
  gamers: ["film", 8],
};

/** What is watched. */
export const GENRE_SHARES: Weighted<Genre> = [
  ["drama", 24],
  ["comedy", 18],
  ["news", 10],
  ["sports", 12],
  ["kids", 8],
  ["documentary", 8],
  ["reality", 10],
  ["film", 16],
];

/** How content of a genre is rated. */
export const RATING_SHARES: Readonly<Record<Genre, Weighted<Rating>>> = {
  drama: [
    ["TV-14", 5],
    ["TV-MA", 4],
    ["TV-PG", 2],
  ],
  comedy: [
    ["TV-PG", 4],
    ["TV-14", 4],
    ["TV-MA", 1],
  ],
  news: [
    ["TV-G", 3],
    ["TV-PG", 2],
  ],
  sports: [
    ["TV-G", 4],
    ["TV-PG", 1],
  ],
  kids: [
    ["TV-Y", 5],
    ["TV-G", 3],
  ],
  documentary: [
    ["TV-G", 2],
    ["TV-PG", 3],
    ["TV-14", 1],
  ],
  reality: [
    ["TV-PG", 3],
    ["TV-14", 3],
  ],
  film: [
    ["TV-PG", 3],
    ["TV-14", 4],
    ["TV-MA", 3],
  ],
};

/** Where breaks sit. */
export const SURFACE_SHARES: Weighted<Surface> = [
  ["midroll", 60],
  ["preroll", 24],
  ["pause", 6],
  ["postroll", 5],
  ["home", 5],
];

/** Break lengths a surface comes in. Units: seconds. */
export const BREAK_LENGTHS: Readonly<Record<Surface, Weighted<number>>> = {
  midroll: [
    [60, 3],
    [90, 4],
    [120, 4],
    [150, 1],
    [180, 1],
  ],
  preroll: [
    [15, 2],
    [30, 4],
    [45, 1],
    [60, 1],
  ],
  postroll: [
    [30, 3],
    [60, 2],
  ],
  pause: [
    [15, 2],
    [30, 1],
  ],
  home: [
    [15, 2],
    [30, 2],
  ],
};

/** Top-level IAB categories that people have feelings about. */
export const TASTED_CATEGORIES = "IAB1 IAB2 IAB3 IAB6 IAB7 IAB8 IAB9 IAB10 IAB13 IAB17 IAB18 IAB19 IAB20 IAB22".split(
  " ",
);
