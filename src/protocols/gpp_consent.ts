/**
 * A GPP string (IAB Global Privacy Platform) is a header that names sections, and the sections. What counts here is in
 * few of them: the European consent string, the old US string, and the opt-outs of the US national and state sections.
 * Source: Global Privacy Platform, string specification and section specifications, by section id.
 */
import { bitsAt, CONSENT_CHARS_MAX, takeBits, takeFibonacci, type BitReader } from "./consent_bits.ts";
import { readTcf } from "./tcf_consent.ts";

/** What one law's signal comes to. `personal` null: it has nothing to say. */
export interface PrivacyChoice {
  readonly personal: boolean | null;
  /** Whether nothing of the viewer may be stored or read at all. */
  readonly limited: boolean;
}

/** The viewer opted out, or the signal cannot be read. */
export const NOTHING_AGREED: PrivacyChoice = { personal: false, limited: false };

const HEADER_TYPE = 3;
const HEADER_VERSION = 1;
const SECTIONS_MAX = 32;
const TCF_EU = 2;
const US_PRIVACY = 6;

/** Where a US section holds its opt-outs (of sale, of sharing, of targeted advertising), two bits each. */
interface OptOuts {
  readonly bits: readonly number[];
  /** Newest version of the section whose layout this is. */
  readonly version: number;
}

const AFTER_THREE_NOTICES: OptOuts = { bits: [12, 14], version: 1 };
const AFTER_FOUR_NOTICES: OptOuts = { bits: [14, 16], version: 1 };
const AFTER_AGREEMENT: OptOuts = { bits: [16, 18], version: 1 };

const US_SECTIONS: ReadonlyMap<number, OptOuts> = new Map([
  [7, { bits: [18, 20, 22], version: 2 }], // national
  ...[8, 9, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23].map((id) => [id, AFTER_THREE_NOTICES] as const),
  ...[11, 18].map((id) => [id, AFTER_FOUR_NOTICES] as const), // Utah, Iowa
  ...[24, 25, 26, 27].map((id) => [id, AFTER_AGREEMENT] as const), // Maryland, Indiana, Kentucky, Rhode Island
]);

/** Values of an opt-out field. */
const OPTED_OUT = 1;
const NOT_OPTED_OUT = 2;
/** A sub-section of this type holds the browser's Global Privacy Control, one bit. */
const GPC_TYPE = 1;

/** Among the sections in force: none of them applies; not known which. */
const NO_SECTION_APPLIES = -1;
const SECTIONS_UNKNOWN = 0;

/**
 * What a GPP string comes to. `applicable`: ids of the sections in force (`gpp_sid`); empty or 0: all that are there;
 * -1: none. A string that cannot be read, or that lacks a section in force, agrees to nothing. Cost: at most its
 * letters.
 */
export function readGpp(text: string, applicable: readonly number[], vendorId: number | null): PrivacyChoice {
  if (applicable.length === 1 && applicable[0] === NO_SECTION_APPLIES) return strictest([]);
  if (text.length > CONSENT_CHARS_MAX) return NOTHING_AGREED;
  const [header = "", ...sections] = text.split("~", SECTIONS_MAX + 2);
  const ids = sectionIds(header);
  if (ids === null || ids.length !== sections.length) return NOTHING_AGREED;
  const wanted = applicable.filter((id) => id !== SECTIONS_UNKNOWN);
  return strictest(
    (wanted.length === 0 ? ids : wanted).map((id) => readSection(id, sections[ids.indexOf(id)], vendorId)),
  );
}

/** What the US privacy string `1YNN` (version, notice, opt-out of sale, agreement) comes to. */
export function readUsPrivacy(text: string): PrivacyChoice {
  const optOut = /^1[YN-]([YN-])[YN-]$/.exec(text.toUpperCase())?.[1];
  if (optOut === undefined) return NOTHING_AGREED;
  return { personal: optOut === "-" ? null : optOut === "N", limited: false };
}

/** What a European consent string comes to. Without purpose 1 nothing of the viewer is stored or read. */
export function readEuropean(text: string | null, vendorId: number | null): PrivacyChoice {
  const said = text === null ? null : readTcf(text, vendorId);
  if (said === null) return { personal: false, limited: true };
  const { storage, personalAds, vendor } = said;
  return { personal: storage && personalAds && vendor, limited: !(storage && vendor) };
}

/** All of these at once: one refusal refuses, one agreement agrees when nobody refuses. */
export function strictest(choices: readonly PrivacyChoice[]): PrivacyChoice {
  const said = choices.map(({ personal }) => personal);
  const personal = said.includes(false) ? false : said.includes(true) ? true : null;
  return { personal, limited: choices.some(({ limited }) => limited) };
}

/** Ids of the sections in their order, or null when the header is none. */
function sectionIds(header: string): readonly number[] | null {
  const reader: BitReader = { letters: header, at: 0 };
  if (takeBits(reader, 6) !== HEADER_TYPE || takeBits(reader, 6) !== HEADER_VERSION) return null;
  const items = takeBits(reader, 12);
  if (items === null || items > SECTIONS_MAX) return null;
  const ids: number[] = [];
  let last = 0;
  for (let item = 0; item < items; item++) {
    const isRange = takeBits(reader, 1);
    const first = last + (takeFibonacci(reader) ?? Number.NaN);
    last = isRange === 1 ? first + (takeFibonacci(reader) ?? Number.NaN) : first;
    if (Number.isNaN(last) || last - first >= SECTIONS_MAX || ids.length > SECTIONS_MAX) return null;
    for (let id = first; id <= last; id++) ids.push(id);
  }
  return ids;
}

function readSection(id: number, section: string | undefined, vendorId: number | null): PrivacyChoice {
  if (section === undefined) return NOTHING_AGREED;
  if (id === TCF_EU) return readEuropean(section, vendorId);
  if (id === US_PRIVACY) return readUsPrivacy(section);
  const layout = US_SECTIONS.get(id);
  return layout === undefined ? NOTHING_AGREED : readUsSection(section, layout);
}

function readUsSection(section: string, { bits, version }: OptOuts): PrivacyChoice {
  const [core = "", ...more] = section.split(".", 4);
  const written = bitsAt(core, 0, 6);
  if (written === null || written < 1 || written > version) return NOTHING_AGREED;
  const fields = bits.map((at) => bitsAt(core, at, 2));
  const privacyControl = more.some((part) => bitsAt(part, 0, 2) === GPC_TYPE && bitsAt(part, 2, 1) === 1);
  if (privacyControl || fields.some((field) => field === OPTED_OUT || field === null || field > NOT_OPTED_OUT)) {
    return NOTHING_AGREED;
  }
  return { personal: fields.includes(NOT_OPTED_OUT) ? true : null, limited: false };
}
