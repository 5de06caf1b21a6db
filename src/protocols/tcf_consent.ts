/**
 * The few bits of a TCF consent string (version 2) that decide whether an ad may be personal. Vendor lists may be coded
 * as ranges that describe 65,535 vendors in four letters; they are searched, never spelled out.
 * Source: IAB Europe, Transparency and Consent Framework, consent string format v2, core string.
 */
import { bitsAt, CONSENT_CHARS_MAX, takeBits } from "./consent_bits.ts";

/** What a viewer agreed to. */
export interface TcfConsent {
  /** Purpose 1: to store and read on the device. Without it there is no viewer id and no history. */
  readonly storage: boolean;
  /** Purposes 3 and 4: profiles for advertising, and choosing ads by them. */
  readonly personalAds: boolean;
  /** Our own processing, when we are a vendor of the framework; true when we are none. */
  readonly vendor: boolean;
}

const VERSION = 2;
/** Where fields of the core string begin. Units: bits. */
const AT = { version: 0, purposes: 152, vendors: 213 } as const;

/** What a consent string says, or null when it is none. `vendorId`: ours, or null. Cost: at most its letters. */
export function readTcf(text: string, vendorId: number | null): TcfConsent | null {
  if (text.length > CONSENT_CHARS_MAX) return null;
  const core = text.split(".", 1)[0] ?? "";
  if (!/^[\w-]*$/.test(core) || bitsAt(core, AT.version, 6) !== VERSION) return null;
  const purposes = [1, 3, 4].map((purpose) => bitsAt(core, AT.purposes + purpose - 1, 1));
  const vendor = hasVendor(core, vendorId);
  if (purposes.includes(null) || vendor === null) return null;
  return { storage: purposes[0] === 1, personalAds: purposes[1] === 1 && purposes[2] === 1, vendor };
}

/** Whether the vendor has consent. Null: the string ends before its vendors do. */
function hasVendor(core: string, vendorId: number | null): boolean | null {
  const reader = { letters: core, at: AT.vendors };
  const highest = takeBits(reader, 16);
  const inRanges = takeBits(reader, 1);
  if (highest === null || inRanges === null) return null;
  if (vendorId === null) return true;
  if (inRanges === 0) {
    return vendorId < 1 || vendorId > highest ? false : toBoolean(bitsAt(core, reader.at + vendorId - 1, 1));
  }
  const entries = takeBits(reader, 12);
  for (let entry = 0; entry < (entries ?? 0); entry++) {
    const isRange = takeBits(reader, 1);
    const first = takeBits(reader, 16);
    const last = isRange === 1 ? takeBits(reader, 16) : first;
    if (first === null || last === null) return null;
    if (first <= vendorId && vendorId <= last) return true;
  }
  return entries === null ? null : false;
}

function toBoolean(bit: number | null): boolean | null {
  return bit === null ? null : bit === 1;
}
