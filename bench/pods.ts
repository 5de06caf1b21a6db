/**
 * `npm run bench:pods`: the pod solver alone, in Node, on one core: how many pods are proved, what a pod and the prices
 * of its winners cost, and whether two oracles that know nothing of it agree. See docs/pods.md.
 */
import { optionsOf, run, wholeFrom } from "../local/command.ts";
import { vcgPrices } from "../src/pods/prices.ts";
import { solvePod } from "../src/pods/solve.ts";
import { machineLines, thisMachine } from "./machine.ts";
import { table, writeSection } from "./measurements_page.ts";
import { largeMismatch, smallMismatch } from "./pod_cases.ts";
import { drawLarge, drawMixed, drawSmall, type LargeSetting } from "./pod_instances.ts";
import { figureText, percentile, threeDigits } from "./statistics.ts";

const USAGE = `npm run bench:pods -- [options]

Measures the pod solver and holds it against brute force and HiGHS.

  --pods N        seeded breaks a setting (default 500)
  --cases N       small cases against every order of every set (default 20000)
  --large N       large cases against HiGHS (default 500)
  --json          print one JSON object on standard output instead of a table
  --write         write the section of docs/measurements.md`;

const SLOTS = [6, 10, 15];
const MULTI_SHARES = [0.3, 0.8];
const CANDIDATES = 200;
const WARM_PODS = 150;
/** Every pod is solved so often and the quickest counts: what the machine did meanwhile is not the solver's. */
const TIMES = 5;
/** Settings of the large cases: HiGHS takes a second and more for 200 candidates. */
const LARGE_CANDIDATES = [60, 100];

/** What one setting showed. Times: microseconds of one thread. */
interface Figures extends LargeSetting {
  readonly pods: number;
  readonly provedShare: number;
  readonly solveUsP50: number;
  readonly solveUsP99: number;
  readonly nodesP50: number;
  readonly nodesP99: number;
  readonly nodesMax: number;
  /** Of all runs, the quickest or not, warm: user and system time of the thread. */
  readonly cpuUsMean: number;
  readonly vcgUsP50: number;
  readonly vcgExactShare: number;
}

/** The quickest of several runs. Units: microseconds. */
function quickest<T>(work: () => T): { readonly result: T; readonly us: number } {
  let us = Number.POSITIVE_INFINITY;
  let result = work();
  for (let time = 0; time < TIMES; time++) {
    const startedMs = performance.now();
    result = work();
    us = Math.min(us, (performance.now() - startedMs) * 1000);
  }
  return { result, us };
}

function measure(setting: LargeSetting, pods: number): Figures {
  const solveUs: number[] = [];
  const vcgUs: number[] = [];
  const nodes: number[] = [];
  let [proved, prices, exact, cpuUs] = [0, 0, 0, 0];
  for (let number = -WARM_PODS; number < pods; number++) {
    const { ads, rules } = drawLarge(`pod ${number}`, setting);
    const before = process.threadCpuUsage();
    const { result: solution, us } = quickest(() => solvePod(ads, rules));
    const used = process.threadCpuUsage(before);
    if (number < 0) continue;
    const vcg = quickest(() => vcgPrices(ads, rules, solution));
    cpuUs += (used.user + used.system) / (TIMES + 1);
    solveUs.push(us);
    vcgUs.push(vcg.us);
    nodes.push(solution.nodes);
    if (solution.proved) proved++;
    prices += vcg.result.length;
    exact += vcg.result.filter((price) => price.exact).length;
  }
  return {
    ...setting,
    pods,
    provedShare: proved / pods,
    solveUsP50: threeDigits(percentile(solveUs, 0.5)),
    solveUsP99: threeDigits(percentile(solveUs, 0.99)),
    nodesP50: percentile(nodes, 0.5),
    nodesP99: percentile(nodes, 0.99),
    nodesMax: percentile(nodes, 1),
    cpuUsMean: threeDigits(cpuUs / pods),
    vcgUsP50: threeDigits(percentile(vcgUs, 0.5)),
    vcgExactShare: prices === 0 ? 1 : exact / prices,
  };
}

/** Cases held against an oracle, and those where it disagrees. */
interface Agreement {
  readonly cases: number;
  readonly mismatches: readonly string[];
}

function againstBruteForce(cases: number): Agreement {
  const mismatches: string[] = [];
  for (let number = 0; number < cases; number++) {
    const mismatch = smallMismatch(drawSmall(`bench ${number}`));
    if (mismatch !== null) mismatches.push(`drawSmall("bench ${number}"): ${mismatch}`);
  }
  return { cases, mismatches };
}

function againstHighs(cases: number): Agreement {
  const mismatches: string[] = [];
  for (let number = 0; number < cases; number++) {
    const setting: LargeSetting = {
      candidates: LARGE_CANDIDATES[number % LARGE_CANDIDATES.length] ?? CANDIDATES,
      slots: SLOTS[number % SLOTS.length] ?? 6,
      multiShare: MULTI_SHARES[number % MULTI_SHARES.length] ?? 0.3,
    };
    const draw = number % 4 < 2 ? drawMixed : drawLarge;
    const mismatch = largeMismatch(draw(`bench ${number}`, setting));
    if (mismatch !== null) mismatches.push(`${draw.name}("bench ${number}", ${JSON.stringify(setting)}): ${mismatch}`);
  }
  return { cases, mismatches };
}

function report(command: string, settings: readonly Figures[], small: Agreement, large: Agreement) {
  const measuredAt = new Date().toISOString();
  return { benchmark: "pods", measuredAt, command, machine: thisMachine(), settings, bruteForce: small, highs: large };
}

function share(part: number): string {
  return `${figureText(part * 100)} %`;
}

function section({ command, measuredAt, machine, settings, bruteForce, highs }: ReturnType<typeof report>): string {
  return [
    `\`${command}\``,
    "",
    ...machineLines(measuredAt, machine),
    "",
    table([
      ["slots", "multi-category", "proved", "p50, µs", "p99, µs", "mean CPU, µs", "nodes p50 / p99", "VCG p50, µs"],
      ...settings.map((each) => [
        String(each.slots),
        share(each.multiShare),
        share(each.provedShare),
        figureText(each.solveUsP50),
        figureText(each.solveUsP99),
        figureText(each.cpuUsMean),
        `${each.nodesP50} / ${each.nodesP99}`,
        figureText(each.vcgUsP50),
      ]),
    ]),
    "",
    `${settings[0]?.pods ?? 0} breaks a setting, ${CANDIDATES} candidates. Every pod is solved ${TIMES} times and the`,
    "quickest counts; mean CPU is of all runs.",
    `Brute force: ${bruteForce.mismatches.length} mismatches in ${bruteForce.cases} cases.`,
    `HiGHS: ${highs.mismatches.length} in ${highs.cases}.`,
  ].join("\n");
}

await run(async () => {
  const options = optionsOf(USAGE, {
    pods: { type: "string", default: "500" },
    cases: { type: "string", default: "20000" },
    large: { type: "string", default: "500" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  });
  const pods = wholeFrom(options.pods, "--pods", 1, 100_000);
  const cases = wholeFrom(options.cases, "--cases", 0, 10_000_000);
  const large = wholeFrom(options.large, "--large", 0, 100_000);
  const settings: Figures[] = [];
  for (const slots of SLOTS) {
    for (const multiShare of MULTI_SHARES) {
      console.error(`${slots} slots, ${multiShare * 100} % with several categories`);
      settings.push(measure({ candidates: CANDIDATES, slots, multiShare }, pods));
    }
  }
  console.error(`${cases} small cases against brute force`);
  const small = againstBruteForce(cases);
  console.error(`${large} large cases against HiGHS`);
  const command = `npm run bench:pods -- --pods ${pods} --cases ${cases} --large ${large}`;
  const measured = report(command, settings, small, againstHighs(large));
  console.log(options.json ? JSON.stringify(measured) : section(measured));
  for (const mismatch of [...small.mismatches, ...measured.highs.mismatches]) console.error(mismatch);
  if (options.write) await writeSection("npm run bench:pods", section(measured));
  if (small.mismatches.length + measured.highs.mismatches.length > 0) process.exitCode = 1;
});
