/**
 * One test run, two runtimes: `core`, `simulation`, `e2e` and `browser` run in Node; `workers` runs inside workerd with
 * real Durable Objects, R2 and queues, from the origin Worker's own wrangler file.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { MODEL_KEYS } from "./test/model_signing.ts";

/** A project of tests that run in Node. Files of `serial` projects start servers, so they run one at a time. */
const nodeProject = (name: string, serial: boolean) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: "node" as const,
    fileParallelism: !serial,
    ...(serial ? { testTimeout: 240_000, hookTimeout: 120_000 } : { testTimeout: 30_000 }),
  },
});

export default defineConfig({
  test: {
    projects: [
      nodeProject("core", false),
      nodeProject("simulation", false),
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./workers/origin/wrangler.toml" },
            miniflare: {
              bindings: { ADMIN_TOKEN: "test-admin-token", PUBLIC_EDGE_URL: "http://edge.test", MODEL_KEYS },
            },
          }),
        ],
        // Tests there have no file system: the graphs come in as modules.
        assetsInclude: ["**/*.onnx"],
        test: { name: "workers", include: ["test/workers/**/*.test.ts"], testTimeout: 30_000 },
      },
      nodeProject("e2e", true),
      nodeProject("browser", true),
    ],
  },
});
