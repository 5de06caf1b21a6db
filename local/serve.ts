/**
 * `npm run serve`: both Workers on workerd, seeded and ready, with nothing watching, nothing in between and nobody
 * asking. What benchmarks, load tests and conformance suites are pointed at.
 */
import { bringUp } from "./bring_up.ts";
import { optionsOf, portFrom, run } from "./command.ts";

const USAGE = `npm run serve -- [options]

Runs the edge and the origin on workerd until Ctrl-C, and prints "ready" when the first decision can be made.

  --port N          port of the edge (default 8787; 0 picks a free one)
  --origin-port N   port of the origin (default 8788; 0 picks a free one)
  --state DIR       where state is kept (default .midroll)
  --catalog DIR     catalog to apply (default: the sample, when the state holds none)
  --host ADDRESS    address to listen on (default 127.0.0.1)

The admin token is in <state>/secrets.json; MIDROLL_ADMIN_TOKEN sets another one.`;

await run(async () => {
  const options = optionsOf(USAGE, {
    port: { type: "string", default: "8787" },
    "origin-port": { type: "string", default: "8788" },
    state: { type: "string", default: ".midroll" },
    catalog: { type: "string" },
    host: { type: "string", default: "127.0.0.1" },
  });
  const midroll = await bringUp({
    edgePort: portFrom(options.port, "--port"),
    originPort: portFrom(options["origin-port"], "--origin-port"),
    stateDir: options.state,
    host: options.host,
    ...(options.catalog === undefined ? {} : { catalogDir: options.catalog }),
    progress: (step) => console.error(`… ${step}`),
  });
  console.log(`ready edge=${midroll.edgeUrl} origin=${midroll.originUrl} token=${options.state}/secrets.json`);
});
