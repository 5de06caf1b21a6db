/**
 * What a viewer agreed to. Consent strings are written by the two reference libraries of the IAB, which are the oracles
 * here: whatever they encode, our readers must find the same bits, and nothing they are given may make them throw.
 */
import { GppModel } from "@iabgpp/cmpapi";
import { GVL, TCModel, TCString } from "@iabtechlabtcf/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL_LIMITS } from "../../src/kernel/limits.ts";
import { bitsAt } from "../../src/protocols/consent_bits.ts";
import { NO_SIGNALS, viewerConsent, type PrivacySignals } from "../../src/protocols/consent.ts";
import { readGpp, readUsPrivacy } from "../../src/protocols/gpp_consent.ts";
import { breakRequestFromSearch } from "../../src/protocols/parse_query_request.ts";
import { BLIND_DOOR } from "../../src/protocols/request_facts.ts";
import { readTcf } from "../../src/protocols/tcf_consent.ts";

const seed = Number(process.env["MIDROLL_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const repeat = `MIDROLL_SEED=${seed} npx vitest run --project core test/core/protocols_consent.test.ts`;
console.log(`random tests: seed ${seed}; repeat with: ${repeat}`);

const PURPOSES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const EVERYBODY = Array.from({ length: 1_200 }, (_, i) => i + 1);

/** A vendor list in which these vendors ask for consent to every purpose. */
function vendorList(vendors: readonly number[]): GVL {
  const nothing = { legIntPurposes: [], flexiblePurposes: [], specialPurposes: [], features: [], specialFeatures: [] };
  const vendor = (id: number) => ({
    id,
    name: `v${id}`,
    purposes: PURPOSES,
    ...nothing,
    policyUrl: "",
    overflow: null,
  });
  // The library wants the whole list of the real world; what it reads of it is here.
  return new GVL({
    gvlSpecificationVersion: 3,
    vendorListVersion: 3,
    tcfPolicyVersion: 4,
    lastUpdated: "2026-01-01T00:00:00Z",
    purposes: Object.fromEntries(PURPOSES.map((id) => [id, { id, name: "", description: "", illustrations: [] }])),
    specialPurposes: {},
    features: {},
    specialFeatures: {},
    stacks: {},
    dataCategories: {},
    vendors: Object.fromEntries(vendors.map((id) => [id, vendor(id)])),
  } as unknown as ConstructorParameters<typeof GVL>[0]);
}

const list = vendorList(EVERYBODY);

/** The consent string of somebody who agreed to these purposes and vendors. */
function consentString(purposes: readonly number[], vendors: readonly number[]): string {
  const model = new TCModel(list);
  model.cmpId = 10;
  model.cmpVersion = 2;
  model.isServiceSpecific = true;
  model.purposeConsents.set([...purposes]);
  model.vendorConsents.set([...vendors]);
  return TCString.encode(model);
}

const AGREED = consentString([1, 3, 4], [7]);

/** A number in so many bits. */
function bits(value: number, width: number): string {
  return value.toString(2).padStart(width, "0");
}

describe("a TCF consent string", () => {
  it("is read as its reference library wrote it, vendors as bits or as ranges", () => {
    let [fields, ranges] = [0, 0];
    const vendors = fc.oneof(
      fc.uniqueArray(fc.integer({ min: 1, max: 1_200 }), { maxLength: 40 }),
      fc
        .tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 1, max: 300 }))
        .map(([from, count]) => EVERYBODY.slice(from - 1, from - 1 + count)),
    );
    fc.assert(
      fc.property(fc.subarray(PURPOSES), vendors, fc.integer({ min: 1, max: 1_300 }), (purposes, agreed, asked) => {
        const text = consentString(purposes, agreed);
        // Which spelling of the vendors is shorter is the library's choice; both must have been seen.
        if (bitsAt(text, 229, 1) === 1) ranges += 1;
        else fields += 1;
        for (const vendorId of [asked, agreed[0] ?? 1, agreed.at(-1) ?? 1]) {
          expect(readTcf(text, vendorId)).toEqual({
            storage: purposes.includes(1),
            personalAds: purposes.includes(3) && purposes.includes(4),
            vendor: agreed.includes(vendorId),
          });
        }
        expect(readTcf(text, null)?.vendor).toBe(true);
      }),
      { seed, numRuns: 150 },
    );
    expect(Math.min(fields, ranges)).toBeGreaterThan(0);
  });

  it.each(["", "C", "not a string", AGREED.slice(0, 30), `B${AGREED.slice(1)}`, AGREED.replace("A", "!")])(
    "that is none (%s) is not read",
    (text) => {
      expect(readTcf(text, 7)).toBeNull();
    },
  );

  it("that is too long is not read", () => {
    expect(readTcf(AGREED + "A".repeat(5_000), 7)).toBeNull();
  });

  it("that describes 65,535 vendors over and over costs no more than its letters", () => {
    const head = bits(2, 6) + "0".repeat(146) + "1".repeat(24) + "0".repeat(37);
    const hostile =
      head + bits(65_535, 16) + "1" + bits(700, 12) + `1${bits(8, 16)}${bits(65_535, 16)}`.repeat(700) + "00000";
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const text = (hostile.match(/.{6}/g) ?? []).map((six) => letters[Number.parseInt(six, 2)]).join("");
    expect(readTcf(text, 7)).toEqual({ storage: true, personalAds: true, vendor: false });
    expect(readTcf(text, 8)).toEqual({ storage: true, personalAds: true, vendor: true });
  });

  it("and its ruins never make the reader throw", () => {
    const ruin = fc.tuple(fc.nat({ max: AGREED.length }), fc.string({ maxLength: 4 }), fc.nat({ max: 4 }));
    fc.assert(
      fc.property(fc.oneof(fc.string(), ruin), (what) => {
        const text =
          typeof what === "string" ? what : AGREED.slice(0, what[0]) + what[1] + AGREED.slice(what[0] + what[2]);
        expect([true, false, undefined]).toContain(readTcf(text, 7)?.storage);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

/** Sections of the United States that the reference library can write, with the opt-outs each has. */
const US_SECTIONS: readonly (readonly [name: string, id: number, optOuts: readonly string[]])[] = [
  ["usnat", 7, ["SaleOptOut", "SharingOptOut", "TargetedAdvertisingOptOut"]],
  ["usca", 8, ["SaleOptOut", "SharingOptOut"]],
  ...[
    "va",
    "co",
    "ut",
    "ct",
    "fl",
    "mt",
    "or",
    "tx",
    "de",
    "ia",
    "ne",
    "nh",
    "nj",
    "tn",
    "mn",
    "md",
    "in",
    "ky",
    "ri",
  ].map((state, index) => [`us${state}`, 9 + index, ["SaleOptOut", "TargetedAdvertisingOptOut"]] as const),
];

function gppOf(...fields: readonly (readonly [section: string, field: string, value: unknown])[]): string {
  const model = new GppModel();
  for (const [section, field, value] of fields) model.setFieldValue(section, field, value);
  return model.encode();
}

describe("a GPP string", () => {
  it.each(US_SECTIONS)("with section %s (%i): one opt-out is enough, and saying no to all agrees", (name, id, outs) => {
    for (const [at, field] of outs.entries()) {
      const others = outs.map((other, i) => [name, other, i === at ? 1 : 2] as const);
      expect(readGpp(gppOf(...others), [id], null), field).toEqual({ personal: false, limited: false });
    }
    const stays = gppOf(...outs.map((field) => [name, field, 2] as const));
    expect(readGpp(stays, [], null)).toEqual({ personal: true, limited: false });
    const silent = gppOf([name, outs[0] ?? "", 0]);
    expect(readGpp(silent, [id], null)).toEqual({ personal: null, limited: false });
  });

  it("heeds the browser's Global Privacy Control", () => {
    const stays = [
      ["usnat", "SaleOptOut", 2],
      ["usnat", "TargetedAdvertisingOptOut", 2],
    ] as const;
    expect(readGpp(gppOf(...stays, ["usnat", "Gpc", true]), [7], null).personal).toBe(false);
    expect(readGpp(gppOf(...stays, ["usnat", "Gpc", false]), [7], null).personal).toBe(true);
  });

  it("carries the old US string and the European one", () => {
    const both = gppOf(
      ["uspv1", "Version", 1],
      ["uspv1", "Notice", "Y"],
      ["uspv1", "OptOutSale", "N"],
      ["uspv1", "LspaCovered", "N"],
    );
    expect(readGpp(both, [6], null)).toEqual({ personal: true, limited: false });
    const core = AGREED.split(".")[0] ?? "";
    expect(readGpp(`DBABM~${core}`, [2], 7)).toEqual({ personal: true, limited: false });
    expect(readGpp(`DBABM~${core}`, [2], 8)).toEqual({ personal: false, limited: true });
  });

  it("holds the strictest of the sections in force, and only those", () => {
    const mixed = gppOf(["usca", "SaleOptOut", 1], ["usva", "SaleOptOut", 2]);
    expect(readGpp(mixed, [9], null).personal).toBe(true);
    expect(readGpp(mixed, [8], null).personal).toBe(false);
    expect(readGpp(mixed, [], null).personal).toBe(false);
    expect(readGpp(mixed, [0], null).personal).toBe(false);
    expect(readGpp(mixed, [-1], null).personal).toBeNull();
    expect(readGpp(mixed, [10], null).personal, "in force, but missing").toBe(false);
  });

  it("reads the headers of the specification's own examples", () => {
    expect(readGpp("DBACNY~x~1YNN", [6], null).personal).toBe(true); // sections 2 and 6, singly
    expect(readGpp("DBABjw~x~1YYN", [6], null).personal).toBe(false); // sections 5 to 6, as a range
    expect(readGpp("DBABjw~x~1YNN", [], null).personal, "Canada's is not known here").toBe(false);
  });

  it("that is none agrees to nothing, and never makes the reader throw", () => {
    for (const text of ["", "~", "DBABM", "DBABM~a~b", "DBABM~", "CBABM~1YNN"]) {
      expect(readGpp(text, [], null).personal).toBe(false);
    }
    const pieces = fc.array(fc.constantFrom("D", "B", "A", "M", "~", ".", "1YNN", "_", "é"), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: -2, max: 40 }), { maxLength: 4 }), (text, sections) => {
        expect([true, false, null]).toContain(readGpp(text.join(""), sections, 7).personal);
      }),
      { seed, numRuns: 1_000 },
    );
  });
});

const viewerOf = (search: string, tcfVendorId: number | null = null) => {
  const result = breakRequestFromSearch(
    `pub=p1&vid=v&hid=h&seg=a&freq=t&${search}`,
    { ...BLIND_DOOR, tcfVendorId },
    FULL_LIMITS,
  );
  if (!result.ok) throw new Error(result.reason.detail);
  return result.value;
};

describe("the signals of a request", () => {
  it.each<[string, Partial<PrivacySignals>, boolean | null, boolean]>([
    ["nothing", {}, null, false],
    ["GDPR, no string", { gdpr: true }, false, true],
    ["GDPR, a string that is none", { gdpr: true, gdprConsent: "x" }, false, true],
    ["GDPR, everything agreed", { gdpr: true, gdprConsent: AGREED }, true, false],
    ["a consent string alone", { gdprConsent: consentString([], []) }, false, true],
    ["no GDPR, whatever its string says", { gdpr: false, gdprConsent: consentString([], []) }, null, false],
    ["storage agreed, personal ads not", { gdpr: true, gdprConsent: consentString([1, 2, 3], [7]) }, false, false],
    ["personal ads agreed, storage not", { gdpr: true, gdprConsent: consentString([3, 4], [7]) }, false, true],
    ["our vendor left out", { gdpr: true, gdprConsent: consentString([1, 3, 4], [8]) }, false, true],
    ["sale allowed in the US", { usPrivacy: "1YNN" }, true, false],
    ["sale refused in the US", { usPrivacy: "1YYN" }, false, false],
    ["US law not applicable", { usPrivacy: "1---" }, null, false],
    ["a US string that is none", { usPrivacy: "1Y" }, false, false],
    ["a child", { coppa: true }, false, true],
    ["a child, everything agreed", { coppa: true, gdpr: true, gdprConsent: AGREED }, false, true],
    ["one law agrees, another refuses", { gdpr: true, gdprConsent: AGREED, usPrivacy: "1YYN" }, false, false],
  ])("%s", (_what, signals, consent, limitAdTracking) => {
    expect(viewerConsent({ ...NO_SIGNALS, ...signals }, 7)).toEqual({ consent, limitAdTracking });
  });

  it.each(["1ynn", "1YNN"])("are read in either case (%s)", (text) => {
    expect(readUsPrivacy(text)).toEqual({ personal: true, limited: false });
  });

  it("decide what is carried on of a viewer", () => {
    const agreed = viewerOf(`gdpr=1&gdpr_consent=${AGREED}`);
    expect([agreed.viewerId, agreed.householdId, agreed.request.viewer.segments]).toEqual(["v", "h", ["a"]]);
    const refusedSale = viewerOf("us_privacy=1YYN");
    expect([refusedSale.viewerId, refusedSale.request.viewer.segments]).toEqual(["v", []]);
    const limited = viewerOf("gdpr=1");
    expect([limited.viewerId, limited.householdId, limited.frequencyToken]).toEqual([null, null, null]);
    expect(limited.request.viewer).toMatchObject({ segments: [], limitAdTracking: true, consent: false });
  });

  it("ask for our own vendor when the deployment is one; a mistyped one has nobody's consent", () => {
    expect(viewerOf(`gdpr=1&gdpr_consent=${AGREED}`, 7).request.viewer.consent).toBe(true);
    expect(viewerOf(`gdpr=1&gdpr_consent=${AGREED}`, 8).request.viewer.consent).toBe(false);
    expect(viewerOf(`gdpr=1&gdpr_consent=${AGREED}`, 0).request.viewer.consent).toBe(false);
  });

  it("are kept nowhere in what is carried on", () => {
    expect(JSON.stringify(viewerOf(`gdpr=1&gdpr_consent=${AGREED}&us_privacy=1YYN`))).not.toMatch(/CQ|1YYN/);
  });

  it.each(["gdpr=maybe", "coppa=perhaps"])("that are there but unclear (%s) count as given", (signal) => {
    expect(viewerOf(signal).request.viewer.limitAdTracking).toBe(true);
  });
});

const clock = (search: string, utcOffsetMinutes: number | null) => {
  const result = breakRequestFromSearch(`pub=p1&${search}`, { ...BLIND_DOOR, utcOffsetMinutes }, FULL_LIMITS);
  return result.ok ? result.value.request.viewer.utcOffsetMinutes : result.reason.code;
};

describe("the viewer's clock", () => {
  it("is the one the request says, else the platform's", () => {
    expect(clock("tz=-300", 120)).toBe(-300);
    expect(clock("tz=0", 120)).toBe(0);
    expect(clock("", 120)).toBe(120);
    expect(clock("", null)).toBeNull();
  });

  it.each(["841", "-900", "1.5", "noon", "[TZ]"])("that makes no sense (tz=%s) is the platform's", (tz) => {
    expect(clock(`tz=${tz}`, 330)).toBe(330);
  });
});
