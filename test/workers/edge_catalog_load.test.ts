/**
 * Loading a catalog outlives the requests that pay for it: whoever began may die at any step, and the next one carries
 * on from there.
 */
import { afterEach, expect, test, vi } from "vitest";
import { CatalogLoad } from "../../workers/edge/catalog_load.ts";
import { never, snapshotOf } from "./edge_fixture.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const NOW_MS = 1_800_000_000_000;

/** The request that waits for a timer is gone, and the timer with it. */
function dieAtTheNextTurn() {
  return vi.spyOn(globalThis, "setTimeout").mockImplementation(() => 0 as unknown as ReturnType<typeof setTimeout>);
}

test("a load ends with the catalog that was published", async () => {
  const { digest, bytes } = await snapshotOf("coffee");
  const catalog = await new CatalogLoad(digest).drive(async () => bytes);
  expect([...(catalog?.campaigns.keys() ?? [])]).toEqual(["coffee"]);
});

test("a load whose request died between two steps is lost after three seconds, and goes on where it stopped", async () => {
  const { digest, bytes } = await snapshotOf("coffee");
  const load = new CatalogLoad(digest);
  const dead = dieAtTheNextTurn();
  void load.drive(async () => bytes);
  while (dead.mock.calls.length === 0) await Promise.resolve();
  dead.mockRestore();

  expect(load.isLost(NOW_MS)).toBe(false);
  expect(load.isLost(NOW_MS + 3_000)).toBe(false);
  expect(load.isLost(NOW_MS + 3_001)).toBe(true);
  const catalog = await load.drive(() => Promise.reject(new Error("what is here is not fetched again")));
  expect([...(catalog?.campaigns.keys() ?? [])]).toEqual(["coffee"]);
});

test("a fetch may take longer before its request counts as dead, and is begun anew", async () => {
  const { digest, bytes } = await snapshotOf("coffee");
  const load = new CatalogLoad(digest);
  void load.drive(() => never());
  expect(load.isLost(NOW_MS)).toBe(false);
  expect(load.isLost(NOW_MS + 30_000)).toBe(false);
  expect(load.isLost(NOW_MS + 30_001)).toBe(true);
  expect((await load.drive(async () => bytes))?.campaigns.size).toBe(1);
});

test("whoever was taken for dead and comes back has no say", async () => {
  const { digest, bytes } = await snapshotOf("coffee");
  const load = new CatalogLoad(digest);
  const slow = Promise.withResolvers<Uint8Array>();
  const first = load.drive(() => slow.promise);
  const second = load.drive(async () => bytes);
  slow.reject(new Error("too late"));
  expect(await first).toBeNull();
  expect((await second)?.campaigns.size).toBe(1);
});

test("a load of what is no snapshot says so", async () => {
  const load = new CatalogLoad("0".repeat(64));
  await expect(load.drive(async () => new Uint8Array(3))).rejects.toThrow("is refused: unknown_format");
});
