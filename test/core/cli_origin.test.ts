/** The `midroll` commands that talk to origin: what they ask and show, and that they keep the token secret. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { showMicros, showTable } from "../../cli/outcome.ts";
import { sha256 } from "../../cli/sha256.ts";
import { COLUMN_COUNT, featureSchemaDigest } from "../../src/features/schema.ts";
import { toHex } from "../../src/kernel/bytes.ts";
import { TOKEN, answers, openStage, type Origin } from "./cli_stage.ts";

const CAMPAIGN = {
  terms: {
    campaignId: "cars",
    budgetMicros: 50_000_000,
    flightStartMs: Date.UTC(2026, 0, 1),
    flightEndMs: Date.UTC(2027, 0, 1),
    status: "active",
    pacing: "even",
  },
  grantedMicros: 2_000_000,
  billedMicros: 1_234_567,
  returnedMicros: 0,
  outstandingMicros: 765_433,
  plannedMicros: 3_000_000,
  multiplierPpm: 640_000,
  impressionsBilled: 61,
  late: 2,
  exhausted: 0,
  duplicates: 7,
  wallets: [
    { wallet: "wallet:weur:3", grantedMicros: 2_000_000, billedMicros: 1_234_567, returnedMicros: 0, heardMs: 5 },
  ],
};

const noCampaigns = answers({ campaigns: [] });

const busyOrigin: Origin = ({ url }) => {
  if (url.endsWith("/catalog"))
    return Response.json({ digest: "c".repeat(64), campaigns: 2, lineItems: 9, history: [] });
  if (url.endsWith("/models")) return Response.json({ digest: null, modelSet: null });
  return Response.json({ campaigns: [CAMPAIGN, CAMPAIGN], unknown: [] });
};

let stage: ReturnType<typeof openStage>;
beforeEach(() => {
  stage = openStage();
});
afterEach(() => stage.strike());

describe("The admin token", () => {
  it("comes from the environment first, then from the state directory", async () => {
    stage.write("secrets.json", { adminToken: "from-the-file", billingKeys: [] });
    await stage.midroll(["campaigns", "--state", stage.dir], noCampaigns);
    await stage.midroll(["campaigns", "--state", stage.dir], noCampaigns, { MIDROLL_ADMIN_TOKEN: "" });
    expect(stage.asked.map(({ authorization }) => authorization)).toEqual([`Bearer ${TOKEN}`, "Bearer from-the-file"]);
  });

  it("that is missing everywhere is asked for before any connection is made", async () => {
    const { exitCode, err } = await stage.midroll(["campaigns", "--state", stage.dir], noCampaigns, {
      MIDROLL_ADMIN_TOKEN: "",
    });
    expect([exitCode, stage.asked.length]).toEqual([1, 0]);
    expect(err).toContain(`MIDROLL_ADMIN_TOKEN is not set and ${join(stage.dir, "secrets.json")} is not there`);
    expect(err).toContain("npm start");
  });

  it("that origin refuses is named by where it came from, never shown", async () => {
    stage.write("secrets.json", { adminToken: "from-the-file" });
    const no = answers({ code: "unauthorized" }, 401);
    const fromEnv = await stage.midroll(["status"], no);
    const fromFile = await stage.midroll(["campaigns", "--state", stage.dir], no, { MIDROLL_ADMIN_TOKEN: "" });
    expect([fromEnv.exitCode, fromFile.exitCode]).toEqual([1, 1]);
    expect(fromEnv.err).toContain("refused the admin token from MIDROLL_ADMIN_TOKEN (401)");
    expect(fromFile.err).toContain(`refused the admin token from ${join(stage.dir, "secrets.json")} (401)`);
    expect(fromFile.err).not.toContain("from-the-file");
  });
});

describe("midroll campaigns", () => {
  it("lists budgets and spend to the micro", async () => {
    const origin = answers({ campaigns: [CAMPAIGN], unknown: ["own"] });
    const { out } = await stage.midroll(["campaigns"], origin);
    expect(out.split("\n").slice(0, 3)).toEqual([
      "campaign  status  budget    billed  planned  outstanding  impressions",
      "cars      active   50.00  1.234567     3.00     0.765433           61",
      "no answer from the ledgers of own",
    ]);
    const json = await stage.midroll(["campaigns", "--json"], origin);
    expect(JSON.parse(json.out)).toEqual({ ok: true, campaigns: [CAMPAIGN], unknown: ["own"] });
  });

  it("shows one, asked by its id", async () => {
    const { exitCode, out } = await stage.midroll(["campaigns", "show", "cars", "--json"], () =>
      Response.json(CAMPAIGN),
    );
    expect(exitCode).toBe(0);
    expect(stage.asked[0]?.url).toBe("http://localhost:8788/v1/admin/campaigns/cars");
    expect(JSON.parse(out)).toEqual({ ok: true, ...CAMPAIGN });
    const text = await stage.midroll(["campaigns", "show", "cars"], () => Response.json(CAMPAIGN));
    expect(text.out).toContain("billed       1.234567 (2.5 %) for 61 impressions");
    expect(text.out).toContain("flight       2026-01-01T00:00:00Z to 2027-01-01T00:00:00Z");
  });

  it("ends with 1 and origin's code for one that does not exist", async () => {
    const none = answers({ code: "not_found", detail: "No campaign of that id." }, 404);
    const { exitCode, out } = await stage.midroll(["campaigns", "show", "x", "--json"], none);
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, code: "not_found" });
  });

  it("does not guess at an answer it does not understand", async () => {
    const { exitCode, err } = await stage.midroll(["campaigns"], () => Response.json({ campaigns: [{ id: 1 }] }));
    expect(exitCode).toBe(1);
    expect(err).toContain("answered in a shape this midroll does not know");
    const html = await stage.midroll(["campaigns"], () => new Response("<html>"));
    expect(html.err).toContain("did not answer in JSON");
  });
});

describe("midroll models", () => {
  const BYTES = new TextEncoder().encode("not really onnx");

  async function writeModels(
    spoil: (model: Record<string, unknown>) => void = () => {},
    change: object = {},
  ): Promise<void> {
    const model: Record<string, unknown> = {
      name: "click",
      role: "head",
      head: "click",
      digest: toHex(await sha256(BYTES)),
      sizeBytes: BYTES.length,
      inputName: "features",
      outputName: "probability",
    };
    const { head: _click, ...graph } = model;
    const models: Record<string, unknown>[] = [
      model,
      { ...graph, name: "early", role: "earlyRanker" },
      { ...model, name: "seen", head: "completedView" },
      { ...model, name: "leaves", head: "abandon" },
    ];
    for (const { name } of models) {
      mkdirSync(join(stage.dir, String(name)));
      writeFileSync(join(stage.dir, String(name), "model.onnx"), BYTES);
    }
    spoil(model);
    const set = { featureSchemaDigest: await featureSchemaDigest(sha256), columns: COLUMN_COUNT, models };
    stage.write("sample-set.json", { ...set, ...change });
  }

  it("publish sends every artifact under its digest, and the set last", async () => {
    await writeModels();
    const { exitCode, out } = await stage.midroll(["models", "publish", stage.dir], () =>
      Response.json({ digest: "e".repeat(64) }),
    );
    expect(exitCode).toBe(0);
    expect(out).toContain("published at http://localhost:8788: click, early, seen, leaves");
    const digest = toHex(await sha256(BYTES));
    expect(stage.asked.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      ...Array.from({ length: 4 }, () => `PUT /v1/admin/models/${digest}`),
      "PUT /v1/admin/model-set",
    ]);
    expect(stage.asked[0]?.body).toEqual(BYTES);
    expect(JSON.parse(new TextDecoder().decode(stage.asked[4]?.body))).toEqual(
      JSON.parse(readFileSync(join(stage.dir, "sample-set.json"), "utf8")),
    );
  });

  it.each([
    ["an altered file", (model: Record<string, unknown>) => void (model["digest"] = "0".repeat(64)), "model_altered"],
    [
      "a file that is not there",
      (model: Record<string, unknown>) => void (model["name"] = "elsewhere"),
      "model_unreadable",
    ],
    ["a set of another shape", (model: Record<string, unknown>) => void (model["role"] = "tail"), "model_set_invalid"],
  ])("publish sends nothing of %s", async (_what, spoil, code) => {
    await writeModels(spoil);
    const { exitCode, out } = await stage.midroll(["models", "publish", stage.dir, "--json"], () => Response.json({}));
    expect([exitCode, stage.asked.length, JSON.parse(out).code]).toEqual([1, 0, code]);
  });

  it.each([
    ["of another feature schema", { featureSchemaDigest: "0".repeat(64) }, "trained on another feature schema"],
    ["that lacks its models", { models: [] }, "models: "],
  ])("publish sends nothing of a set %s, which no edge would load", async (_what, change, words) => {
    await writeModels(undefined, change);
    const { exitCode, err } = await stage.midroll(["models", "publish", stage.dir], () => Response.json({}));
    expect([exitCode, stage.asked.length]).toEqual([1, 0]);
    expect(err).toContain("cannot serve");
    expect(err).toContain(words);
  });

  it("publish of a directory without a set says what it looks for", async () => {
    const { exitCode, err } = await stage.midroll(["models", "publish", stage.dir], () => Response.json({}));
    expect(exitCode).toBe(1);
    expect(err).toContain("sample-set.json cannot be read: ENOENT");
  });

  it("list says so when nothing is published", async () => {
    const { out } = await stage.midroll(["models", "list"], () =>
      Response.json({ digest: null, modelSet: null, history: [] }),
    );
    expect(out).toBe("no model set: publish one with midroll models publish DIR\n");
  });
});

describe("midroll status", () => {
  it("sums the money of all campaigns", async () => {
    const { exitCode, out } = await stage.midroll(["status", "--json"], busyOrigin);
    expect(exitCode).toBe(0);
    expect(JSON.parse(out)).toEqual({
      ok: true,
      origin: "http://localhost:8788",
      catalogDigest: "c".repeat(64),
      modelSetDigest: null,
      campaigns: 2,
      campaignsActive: 2,
      campaignsUnknown: 0,
      budgetMicros: 100_000_000,
      billedMicros: 2_469_134,
      plannedMicros: 6_000_000,
      outstandingMicros: 1_530_866,
      impressionsBilled: 122,
    });
  });
});

describe("Text for people", () => {
  it.each([
    [0, "0.00"],
    [5_000_000, "5.00"],
    [12_340_000, "12.34"],
    [1, "0.000001"],
    [-1_500_000, "-1.50"],
    [9_007_199_254_740_991, "9007199254.740991"],
  ])("shows %d micros as %s", (amount, text) => {
    expect(showMicros(amount)).toBe(text);
  });

  it("aligns columns", () => {
    expect(
      showTable(
        ["a", "n"],
        [
          ["long", "1"],
          ["b", "22"],
        ],
        new Set([1]),
      ),
    ).toEqual(["a      n", "long   1", "b     22"]);
  });
});
