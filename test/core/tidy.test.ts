/** Style as a test: what the compiler cannot hold. Imports run one way, the core is pure, files stay readable. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((file) => file !== "" && existsSync(path.join(root, file)));
const sources = files
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((file) => ({ file, text: readFileSync(path.join(root, file), "utf8") }));
const product = sources.filter(({ file }) => !file.startsWith("test/"));
const core = sources.filter(({ file }) => file.startsWith("src/"));

/** The room of a core file: `src/money/ledger.ts` is in `money`. */
const roomOf = (file: string): string => file.split("/")[1] ?? "";

/** What each room of the core may import besides itself and the kernel. `types`: type imports only. */
const MAY_IMPORT: Readonly<Record<string, { readonly values: readonly string[]; readonly types: readonly string[] }>> =
  {
    kernel: { values: [], types: [] },
    catalog: { values: [], types: [] },
    protocols: { values: [], types: ["catalog"] },
    features: { values: [], types: ["catalog"] },
    models: { values: [], types: ["catalog"] },
    money: { values: [], types: ["catalog"] },
    guaranteed: { values: [], types: ["catalog"] },
    telemetry: { values: [], types: ["catalog"] },
    pods: { values: [], types: [] },
    onnx: { values: [], types: [] },
    inference: { values: ["onnx"], types: ["onnx"] },
    decision: {
      values: ["catalog", "protocols", "features", "models", "money", "guaranteed", "telemetry", "pods"],
      types: ["catalog", "protocols", "features", "models", "money", "guaranteed", "telemetry", "pods"],
    },
    simulation: {
      values: ["catalog", "protocols", "features", "models", "money", "guaranteed", "telemetry", "pods", "decision"],
      types: ["catalog", "protocols", "features", "models", "money", "guaranteed", "telemetry", "pods", "decision"],
    },
  };

interface Import {
  readonly from: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

/** Imports of one core file that lead into another room. */
function roomImports({ file, text }: { file: string; text: string }): readonly Import[] {
  return [...text.matchAll(/^(import|export) (type )?[^;]*?from "(\.[^"]+)";/gm)].map((match) => ({
    from: file,
    target: path.join(path.dirname(file), match[3] ?? ""),
    typeOnly: match[2] !== undefined || /^(import|export) \{\s*(type \w+,?\s*)+\}/.test(match[0]),
  }));
}

/** The words of the catalog, its enumerations and entity types, are everyone's. */
const VOCABULARY: ReadonlySet<string> = new Set(["src/catalog/entities.ts", "src/catalog/words.ts"]);

function trespasses(imported: Import): boolean {
  if (!imported.target.startsWith("src/")) return true;
  const [from, to] = [roomOf(imported.from), roomOf(imported.target)];
  if (from === to || to === "kernel" || VOCABULARY.has(imported.target)) return false;
  const allowed = MAY_IMPORT[from];
  return !(imported.typeOnly ? allowed?.types : allowed?.values)?.includes(to);
}

/** Lines of a file that match, as `file:line`. */
const linesWith = (pattern: RegExp, pool: typeof sources): readonly string[] =>
  pool.flatMap(({ file, text }) =>
    text.split("\n").flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );

describe("the house is tidy", () => {
  test("imports between the rooms of the core run one way", () => {
    const wrong = core.flatMap(roomImports).filter(trespasses);
    expect(wrong.map(({ from, target }) => `${from} → ${target}`)).toEqual([]);
  });

  test("the core reads no clock and draws no randomness of its own", () => {
    const pattern = /\b(Date\.now|new Date\(|Math\.random|performance\.now|setTimeout|setInterval|globalThis)\b/;
    expect(
      linesWith(
        pattern,
        core.map(({ file, text }) => ({ file, text: withoutComments(text) })),
      ),
    ).toEqual([]);
  });

  test("no file of the product is longer than 300 lines", () => {
    const long = product.map(({ file, text }) => ({
      file,
      lines: text.trimEnd().split("\n").length,
    }));
    expect(long.filter(({ lines }) => lines > 300)).toEqual([]);
  });

  test("no line is longer than 120 columns", () => {
    expect(linesWith(/^.{121,}$/, product)).toEqual([]);
  });

  test("every file opens by saying why it is there", () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?(\/\*\*|\/\/)/.test(text)).map(({ file }) => file);
    expect(silent).toEqual([]);
  });

  test("no file only passes on what others export", () => {
    const passesOn = core.filter(({ text }) => /^export (\*|\{[^}]*\}) from/m.test(text)).map(({ file }) => file);
    expect(passesOn).toEqual([]);
  });

  test("nothing is left to do later, switched off, or forced past the compiler", () => {
    // Spelled in halves, so that this file does not find itself.
    const words = [
      ["TO", "DO"],
      ["FIX", "ME"],
      ["@ts-ig", "nore"],
      ["@ts-expect", "-error"],
    ];
    const banned = new RegExp([...words.map((halves) => halves.join("")), String.raw`\.(only|skip)\(`].join("|"));
    expect(linesWith(banned, sources)).toEqual([]);
  });
});

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

describe("a clean install works", () => {
  test("the lockfile has an entry for every optional package, also those of other platforms", () => {
    // npm drops entries that its registry could not show, and then `npm ci` refuses the lockfile.
    const text = readFileSync(path.join(root, "package-lock.json"), "utf8");
    // The shape is npm's own, version 3.
    const { packages } = JSON.parse(text) as Lockfile;
    const wanted = Object.values(packages).flatMap((locked) => Object.keys(locked.optionalDependencies ?? {}));
    expect(wanted.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
  });
});

/** The text with comments blanked, so that prose may name what code must not. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, "")).replace(/\/\/.*$/gm, "");
}
