/**
 * `npm start`: the whole of Midroll on one machine, with an audience. Prints where to look and one command that returns
 * a pod; Ctrl-C ends everything it started.
 */
import { bringUp } from "./bring_up.ts";
import { liveAudience } from "./live_audience.ts";
import { optionsOf, portFrom, run } from "./command.ts";

const USAGE = `npm start -- [options]

Runs Midroll on this machine with a simulated audience, until Ctrl-C.
State is kept between runs; npm run reset clears it.

  --port N          port of the edge (default 8787)
  --origin-port N   port of the origin (default 8788)
  --state DIR       where state is kept (default .midroll)
  --catalog DIR     catalog to apply (default: the sample, when the state holds none)
  --no-audience     nobody watches
  --rate N          breaks a second that the audience asks for (default 6)
  --seed WORD       which audience (default "living-room")`;

await run(async () => {
  const options = optionsOf(USAGE, {
    port: { type: "string", default: "8787" },
    "origin-port": { type: "string", default: "8788" },
    state: { type: "string", default: ".midroll" },
    catalog: { type: "string" },
    "no-audience": { type: "boolean", default: false },
    rate: { type: "string", default: "6" },
    seed: { type: "string", default: "living-room" },
  });
  const rate = Number(options.rate);
  if (!(rate > 0 && rate <= 200))
    throw new Error(`--rate takes a number above 0 and up to 200, not "${options.rate}".`);
  const midroll = await bringUp({
    edgePort: portFrom(options.port, "--port"),
    originPort: portFrom(options["origin-port"], "--origin-port"),
    stateDir: options.state,
    ...(options.catalog === undefined ? {} : { catalogDir: options.catalog }),
    progress: (step) => console.log(`… ${step}`),
  });
  const publisherIds = midroll.catalog.publishers.map(({ id }) => id);
  console.log(`
Midroll is running.

  Ops console   ${midroll.originUrl}/#token=${midroll.adminToken}
  Player        ${midroll.originUrl}/player#token=${midroll.adminToken}
  API           ${midroll.originUrl}/docs
  Edge          ${midroll.edgeUrl}/v1/vast?pub=${publisherIds[0] ?? ""}&dur=60

A pod of ads:
  curl '${midroll.edgeUrl}/v1/vast?pub=${publisherIds[0] ?? ""}&dur=60&dev=ctv&country=US'
`);
  if (options["no-audience"]) console.log("Nobody is watching (--no-audience). Ctrl-C ends it.");
  else {
    liveAudience({ edgeUrl: midroll.edgeUrl, publisherIds, seed: options.seed, breaksPerSec: rate });
    console.log(`An audience asks for ${rate} breaks a second. Ctrl-C ends it.`);
  }
});
