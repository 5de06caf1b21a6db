/**
 * The cast of the sample catalog: invented companies on `.example` domains, grouped by what they sell. None exists; a
 * likeness to a real one is chance. Separate from the generator so that names can be reviewed on their own.
 */

/** Companies that sell the same sort of thing, and how they usually buy. */
export interface Vertical {
  /** IAB Content Taxonomy 1.0, top level. */
  readonly category: string;
  readonly subCategories: readonly string[];
  /** The audience segment that cares most, or null. */
  readonly segment: string | null;
  /** Usual price range. Units: whole currency CPM. */
  readonly cpm: readonly [low: number, high: number];
  readonly brands: readonly string[];
  /** What their campaigns are about. */
  readonly themes: readonly string[];
}

/** Every vertical; the order is part of the sample's identity. */
export const VERTICALS: readonly Vertical[] = [
  {
    category: "IAB2",
    subCategories: ["IAB2-1", "IAB2-3", "IAB2-10"],
    segment: "auto-intenders",
    cpm: [18, 45],
    brands: ["Veltro Motors", "Kestrel Automotive", "Nordwagen", "Amperline EV", "Rook & Pine Tyres"],
    themes: ["New model year", "Test drive weekend", "Winter wheels"],
  },
  {
    category: "IAB8",
    subCategories: ["IAB8-6", "IAB8-8", "IAB8-15"],
    segment: "foodies",
    cpm: [8, 24],
    brands: ["Larder Lane", "Brightkettle Tea", "Mesarosa Tortillas", "Crumb & Clover", "Fjordfin Seafood"],
    themes: ["Sunday table", "New flavours", "Quick suppers"],
  },
  {
    category: "IAB8",
    subCategories: ["IAB8-5", "IAB8-18"],
    segment: "foodies",
    cpm: [10, 22],
    brands: ["Hopfield Brewing", "Vinoterra Cellars"],
    themes: ["Harvest", "Slow evenings"],
  },
  {
    category: "IAB7",
    subCategories: ["IAB7-1", "IAB7-17"],
    segment: "sports-fans",
    cpm: [9, 26],
    brands: ["Calmwell Clinics", "Vitaspring", "Stridewise Physio", "Lumadent"],
    themes: ["Spring reset", "Sleep better", "Check-up month"],
  },
  {
    category: "IAB13",
    subCategories: ["IAB13-4", "IAB13-6", "IAB13-7"],
    segment: "investors",
    cpm: [16, 42],
    brands: ["Harborstone Bank", "Copperleaf Savings", "Larkhill Mutual", "Ledgerfox Invest", "Quillon Insurance"],
    themes: ["First savings", "Home loans", "Plan ahead"],
  },
  {
    category: "IAB17",
    subCategories: ["IAB17-3"],
    segment: "sports-fans",
    cpm: [9, 28],
    brands: ["Summitry Outdoor", "Pacerline Running", "Goalmouth Gear", "Tidework Surf"],
    themes: ["Season opener", "Train outside", "Team colours"],
  },
  {
    category: "IAB18",
    subCategories: ["IAB18-1", "IAB18-3", "IAB18-6"],
    segment: null,
    cpm: [10, 30],
    brands: ["Maison Orvelle", "Thread & Thistle", "Lumenlook Eyewear", "Hazelkin Cosmetics"],
    themes: ["Autumn line", "Everyday classics", "Gift season"],
  },
  {
    category: "IAB19",
    subCategories: ["IAB19-5", "IAB19-6"],
    segment: "gamers",
    cpm: [11, 34],
    brands: ["Pixelfern Phones", "Cloudharrow", "Voltic Audio", "Tesserabook", "Byteforge"],
    themes: ["Launch", "Back to class", "Trade in"],
  },
  {
    category: "IAB20",
    subCategories: ["IAB20-1", "IAB20-3"],
    segment: "travellers",
    cpm: [12, 36],
    brands: ["Azurelle Cruises", "Skerrylark Air", "Wanderhaus Hotels", "Trailbound Tours"],
    themes: ["Early booking", "City breaks", "Summer routes"],
  },
  {
    category: "IAB22",
    subCategories: ["IAB22-2"],
    segment: "parents",
    cpm: [6, 20],
    brands: ["Baskit Market", "Oddment & Co", "Parcelwing", "Homegrove"],
    themes: ["Weekly offers", "Free delivery", "Clearance"],
  },
  {
    category: "IAB1",
    subCategories: ["IAB1-5", "IAB1-6", "IAB1-7"],
    segment: "gamers",
    cpm: [8, 26],
    brands: ["Lanternlight Pictures", "Marquee Nine", "Storyloft Audio", "Gildengate Theatre"],
    themes: ["In cinemas", "New season", "Live tour"],
  },
  {
    category: "IAB10",
    subCategories: ["IAB10-1", "IAB10-5"],
    segment: "home-improvers",
    cpm: [9, 25],
    brands: ["Hearthline Kitchens", "Oakmortar Tools"],
    themes: ["Do it yourself", "New kitchen"],
  },
  {
    category: "IAB6",
    subCategories: ["IAB6-2"],
    segment: "parents",
    cpm: [8, 22],
    brands: ["Puddlejump Toys", "Little Acorn Nappies"],
    themes: ["Playtime", "First year"],
  },
  {
    category: "IAB9",
    subCategories: ["IAB9-30"],
    segment: "gamers",
    cpm: [10, 28],
    brands: ["Dragonspire Games"],
    themes: ["Launch trailer", "Season pass"],
  },
];
