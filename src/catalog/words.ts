/** The closed lists of words that catalogs and requests use: what a break, a viewer's device and content may be. */

/** Where in a viewing a break sits. */
export const SURFACES = ["preroll", "midroll", "postroll", "pause", "home"] as const;
/** What the viewer watches on. */
export const DEVICES = ["ctv", "mobile", "desktop", "tablet"] as const;
/** Content genres that targeting and features know. */
export const GENRES = ["drama", "comedy", "news", "sports", "kids", "documentary", "reality", "film"] as const;
/** Content ratings (US television parental guidelines). */
export const RATINGS = ["TV-Y", "TV-G", "TV-PG", "TV-14", "TV-MA"] as const;
/** Where in a break an ad may insist on playing. */
export const SLOT_WISHES = ["any", "first", "last", "firstOrLast"] as const;
/** How winners are charged: their bid, the least that would have won, or what they cost the others. */
export const PRICE_RULES = ["first", "second", "vcg"] as const;

export type Surface = (typeof SURFACES)[number];
export type Device = (typeof DEVICES)[number];
export type Genre = (typeof GENRES)[number];
export type Rating = (typeof RATINGS)[number];
export type SlotWish = (typeof SLOT_WISHES)[number];
export type PriceRule = (typeof PRICE_RULES)[number];
