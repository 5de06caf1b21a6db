/** The `midroll` commands that talk to origin: what they ask and show, and that they keep the token secret. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { showMicros, showTable } from "../../cli/outcome.ts";
import { TOKEN, answers, openStage, type Origin } from "./cli_stage.ts";

const CAMPAIGN = {
  terms: {
    campaignId: "cars",
    budgetMicros: 50_000_000,
    dailyBudgetMicros: 5_000_000,
    timeZone: "Europe/Berlin",
    flightStartMs: Date.UTC(2026, 0, 1),
    flightEndMs: Date.UTC(2027, 0, 1),
    status: "active",
    pacing: "even",
    targetCostMicros: null,
    startMultiplierPpm: null,
    supplyShape: [],
  },
  grantedMicros: 2_000_000,
  billedMicros: 1_234_567,
  returnedMicros: 0,
  unbilledMicros: 40_000,
  outstandingMicros: 765_433,
  pendingMicros: 20_000,
  writtenOffMicros: 0,
  today: { billedMicros: 1_000_000, endMs: Date.UTC(2026, 0, 1, 23) },
  plannedMicros: 3_000_000,
  multiplierPpm: 640_000,
  impressionsBilled: 61,
  late: 2,
  exhausted: 0,
  duplicates: 7,
  wallets: [
    {
      wallet: "wallet:weur:3",
      incarnation: "storage-1",
      grantedMicros: 2_000_000,
      billedMicros: 1_234_567,
      returnedMicros: 0,
      outstandingMicros: 765_433,
      heardMs: Date.UTC(2026, 0, 1),
      stuck: true,
      writeOff: null,
    },
  ],
};
const WRITTEN_OFF = {
  ...CAMPAIGN,
  outstandingMicros: 0,
  writtenOffMicros: 765_433,
  wallets: CAMPAIGN.wallets.map((share) => ({
    ...share,
    stuck: false,
    writeOff: { atMs: 9, by: "kim", why: "the region is gone", amountMicros: 765_433 },
  })),
};

const noCampaigns = answers({ campaigns: [] });

const busyOrigin: Origin = ({ url }) => {
  if (url.endsWith("/catalog"))
    return Response.json({ digest: "c".repeat(64), campaigns: 2, lineItems: 9, history: [] });
  if (url.endsWith("/models")) return Response.json({ digest: null });
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
    expect(out).toContain("stuck wallets: cars\n");
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
    expect(text.out).toContain("budget       50.00, at most 5.00 a day (Europe/Berlin)");
    expect(text.out).toContain("today        1.00, until 2026-01-01T23:00:00Z");
    expect(text.out).toContain("pending      0.02 of that is won");
    expect(text.out).toContain("given away   0.04");
  });

  it("shows a stuck wallet with the command that writes it off", async () => {
    const { out } = await stage.midroll(["campaigns", "show", "cars"], () => Response.json(CAMPAIGN));
    expect(out).toContain("0.765433 outstanding, STUCK: silent since 2026-01-01T00:00:00Z");
    expect(out).toContain(
      "campaigns write-off cars --wallet wallet:weur:3 --incarnation storage-1 --by WHO --why TEXT",
    );
    const after = await stage.midroll(["campaigns", "show", "cars"], () => Response.json(WRITTEN_OFF));
    expect(after.out).toContain("wallet:weur:3  billed 1.234567, 0.765433 written off by kim");
    expect(after.out).not.toContain("STUCK");
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

describe("midroll campaigns write-off", () => {
  const wallet = ["--wallet", "wallet:weur:3", "--incarnation", "storage-1"];
  const words = ["--by", "kim", "--why", "the region is gone"];

  it("sends who and why, and prints what it did and what that means", async () => {
    const command = ["campaigns", "write-off", "cars", ...wallet, ...words];
    const { exitCode, out } = await stage.midroll(command, answers(WRITTEN_OFF));
    expect(exitCode).toBe(0);
    expect(stage.asked.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
      "POST /v1/admin/campaigns/cars/write-off",
    ]);
    expect(JSON.parse(new TextDecoder().decode(stage.asked[0]?.body))).toEqual({
      wallet: "wallet:weur:3",
      incarnation: "storage-1",
      by: "kim",
      why: "the region is gone",
    });
    expect(out).toContain("cars: 0.765433 at wallet:weur:3 written off, recorded as decided by kim");
    expect(out).toContain("It stays counted against the budget.");
  });

  it.each([
    ["--by", [...wallet, "--why", "x"]],
    ["--why", [...wallet, "--by", "kim"]],
    ["--wallet", [...wallet.slice(2), ...words]],
    ["--incarnation", [...wallet.slice(0, 2), ...words]],
  ])("is a wrong command without %s, and asks nobody", async (missing, given) => {
    const { exitCode, err } = await stage.midroll(["campaigns", "write-off", "cars", ...given], answers(WRITTEN_OFF));
    expect([exitCode, stage.asked.length]).toEqual([2, 0]);
    expect(err).toContain(`required option '${missing}`);
  });

  it("ends with 1 and origin's code when the wallet is not stuck", async () => {
    const alive = answers({ code: "wallet_not_stuck", detail: "It was heard of lately." }, 409);
    const command = ["campaigns", "write-off", "cars", ...wallet, ...words, "--json"];
    const { exitCode, out } = await stage.midroll(command, alive);
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, code: "wallet_not_stuck" });
  });
});

/** A point of a history, this many minutes after the first. */
const point = (minute: number, billedMicros: number, plannedMicros: number) => ({
  atMs: Date.UTC(2026, 0, 1, 0, minute),
  billedMicros,
  plannedMicros,
  outstandingMicros: 0,
  multiplierPpm: 500_000,
});

describe("midroll campaigns history and audit", () => {
  it("draw what was billed beside the plan on one scale", async () => {
    const history = {
      campaignId: "cars",
      points: [point(0, 0, 0), point(30, 0, 500_000), point(60, 1_000_000, 1_000_000)],
    };
    const { out } = await stage.midroll(["campaigns", "history", "cars"], answers(history));
    const lines = out.split("\n");
    expect(lines[0]).toBe("cars: 3 points, 2026-01-01T00:00:00Z to 2026-01-01T01:00:00Z");
    expect(lines[1]).toBe(`  billed       ${"▁".repeat(59)}█  1.00`);
    expect(lines[2]).toBe(`  planned      ${"▁".repeat(29)}${"▅".repeat(30)}█  1.00`);
    expect(lines[4]).toBe(`  multiplier   ${"▅".repeat(60)}  50.00 %`);
    const json = await stage.midroll(["campaigns", "history", "cars", "--json"], answers(history));
    expect(JSON.parse(json.out)).toEqual({ ok: true, ...history });
  });

  it("tell who did what, in words", async () => {
    const atMs = Date.UTC(2026, 0, 1);
    const held = { atMs, wallet: "wallet:weur:3", incarnation: "storage-1", amountMicros: 765_433 };
    const changes = [
      { field: "budgetMicros", from: 1_000_000, to: 2_500_000 },
      { field: "dailyBudgetMicros", from: null, to: 5_000_000 },
      { field: "flightEndMs", from: 0, to: atMs },
    ];
    const entries = [
      { number: 3, kind: "write_off_ended", ...held },
      { number: 2, kind: "written_off", ...held, by: "kim", why: "the region is gone" },
      { number: 1, kind: "terms_changed", atMs, changes },
    ];
    const { out } = await stage.midroll(["campaigns", "audit", "cars"], answers({ campaignId: "cars", entries }));
    expect(out.split("\n").slice(0, 3)).toEqual([
      "3  2026-01-01T00:00:00Z  the wallet came back: 0.765433 at wallet:weur:3 is no longer written off",
      "2  2026-01-01T00:00:00Z  kim wrote off 0.765433 at wallet:weur:3: the region is gone",
      "1  2026-01-01T00:00:00Z  budget 1.00 → 2.50; daily budget 5.00; flight end 1970-01-01T00:00:00Z → 2026-01-01T00:00:00Z",
    ]);
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
