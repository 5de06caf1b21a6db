/**
 * `npm run deploy:dry-run`: bundles both Workers exactly as a deployment would and prints their sizes, without an
 * account or a network. Fails when the edge is over its size budget. `--json` prints one JSON object.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

/** What the edge may weigh. Units: bytes after gzip. */
const EDGE_GZIP_BYTES_MAX = 4_500_000;

const root = path.resolve(import.meta.dirname, "..");
const json = process.argv.includes("--json");

interface BundleSize {
  readonly bundleBytes: number;
  readonly gzipBytes: number;
}

function dryRun(worker: string, configPath: string): BundleSize {
  const outDir = path.join(root, ".build/deploy", worker);
  const wrangler = path.join(root, "node_modules/wrangler/bin/wrangler.js");
  const run = spawnSync(process.execPath, [wrangler, "deploy", "--dry-run", "-c", configPath, "--outdir", outDir], {
    cwd: root,
    stdio: ["ignore", json ? 2 : 1, 2],
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
  if (run.status !== 0) {
    console.error(`The ${worker} Worker cannot be deployed; see above.`);
    process.exit(1);
  }
  const shipped = readdirSync(outDir).filter((name) => /\.(js|wasm|bin|onnx)$/.test(name));
  const bytes = shipped.map((name) => readFileSync(path.join(outDir, name)));
  return {
    bundleBytes: bytes.reduce((sum, file) => sum + file.length, 0),
    gzipBytes: bytes.reduce((sum, file) => sum + gzipSync(file).length, 0),
  };
}

const edge = dryRun("edge", "wrangler.toml");
const origin = dryRun("origin", "workers/origin/wrangler.toml");
if (json) console.log(JSON.stringify({ edge, origin, edgeGzipBytesMax: EDGE_GZIP_BYTES_MAX }));
else console.log(`edge ${edge.gzipBytes} bytes gzip, origin ${origin.gzipBytes} bytes gzip`);
if (edge.gzipBytes > EDGE_GZIP_BYTES_MAX) {
  console.error(`The edge is over its budget of ${EDGE_GZIP_BYTES_MAX} bytes gzip.`);
  process.exit(1);
}
