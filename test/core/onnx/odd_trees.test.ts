/**
 * Trees that no trainer writes but the standard allows: whatever runs them, the kernel or the ONNX runtime, the plan
 * says what the native runtime says, also at the edges of float32.
 */
import { create } from "@bufbuild/protobuf";
import { AttributeProtoSchema, AttributeProto_AttributeType } from "onnx-buf";
import { expect, test } from "vitest";
import { modelOf } from "../../../bench/drawn_models.ts";
import { openPlan } from "../../../cli/models/plan_runner.ts";
import { apart } from "../../../src/onnx/apart.ts";
import { floatTensor, node } from "../../../src/onnx/graph.ts";
import { planSet } from "../../../src/onnx/plan.ts";
import { nativeAnswer } from "./fixture.ts";

const COLUMNS = 2;
const HALVES = { shared: { from: 0, to: 1 }, own: { from: 1, to: COLUMNS } };
const FEATURES = [Infinity, -Infinity, -0, 0, 1e-45, -1e-45, 0.5, 0.50000006, 0.49999997, 3.4e38, -3.4e38, 1];
const ROWS = Float32Array.from(FEATURES.flatMap((value) => [value, value]));

/** One tree. `leaves`: what the nodes of these numbers say. */
interface Drawn {
  readonly modes: readonly string[];
  readonly values: readonly number[];
  readonly yes: readonly number[];
  readonly no: readonly number[];
  readonly leaves: readonly (readonly [number, number])[];
  readonly base?: number;
  readonly aggregate?: string;
}

const whole = (list: readonly number[]): bigint[] => list.map(BigInt);

function modelOfTree({ modes, values, yes, no, leaves, base, aggregate }: Drawn): Uint8Array {
  const trees = node("TreeEnsembleRegressor", ["features"], ["margin"], {
    n_targets: 1n,
    nodes_treeids: modes.map(() => 0n),
    nodes_nodeids: modes.map((_, at) => BigInt(at)),
    nodes_featureids: modes.map(() => 0n),
    nodes_values: Float32Array.from(values),
    nodes_truenodeids: whole(yes),
    nodes_falsenodeids: whole(no),
    target_treeids: leaves.map(() => 0n),
    target_nodeids: whole(leaves.map(([leaf]) => leaf)),
    target_ids: leaves.map(() => 0n),
    target_weights: Float32Array.from(leaves, ([, weight]) => weight),
    ...(base === undefined ? {} : { base_values: Float32Array.of(base) }),
    ...(aggregate === undefined ? {} : { aggregate_function: aggregate }),
  });
  trees.domain = "ai.onnx.ml";
  const strings = modes.map((mode) => Uint8Array.from(mode, (letter) => letter.charCodeAt(0)));
  const type = AttributeProto_AttributeType.STRINGS;
  trees.attribute.push(create(AttributeProtoSchema, { name: "nodes_modes", type, strings }));
  return modelOf(COLUMNS, [trees, node("Sigmoid", ["margin"], ["probability"])], []);
}

const STUMP = { modes: ["BRANCH_LEQ", "LEAF", "LEAF"], values: [0.5, 0, 0], yes: [1, 0, 0], no: [2, 0, 0] } as const;
const LEAVES = [
  [1, 1],
  [2, -1],
] as const;

const TREES: readonly (readonly [string, Drawn])[] = [
  ["a stump", { ...STUMP, leaves: LEAVES }],
  ["a leaf that is listed twice", { ...STUMP, leaves: [[1, 1], [1, 0.5], LEAVES[1]] }],
  ["leaves with a value of their own and no weight", { ...STUMP, values: [0.5, 0.7, 0.9], leaves: [LEAVES[1]] }],
  ["a leaf alone", { modes: ["LEAF"], values: [0], yes: [0], no: [0], leaves: [[0, 0.4]] }],
  ["less than zero", { ...STUMP, modes: ["BRANCH_LT", "LEAF", "LEAF"], values: [0, 0, 0], leaves: LEAVES }],
  [
    "less than the last below zero",
    { ...STUMP, modes: ["BRANCH_LT", "LEAF", "LEAF"], values: [-1e-45, 0, 0], leaves: LEAVES },
  ],
  ["at most the first above zero", { ...STUMP, values: [1e-45, 0, 0], leaves: LEAVES }],
  ["less than infinity", { ...STUMP, modes: ["BRANCH_LT", "LEAF", "LEAF"], values: [Infinity, 0, 0], leaves: LEAVES }],
  ["greater than", { ...STUMP, modes: ["BRANCH_GT", "LEAF", "LEAF"], leaves: LEAVES }],
  [
    "a root that is listed last",
    {
      modes: ["LEAF", "LEAF", "BRANCH_LEQ"],
      values: [0, 0, 0.5],
      yes: [0, 0, 0],
      no: [0, 0, 1],
      leaves: [
        [0, 1],
        [1, -1],
      ],
    },
  ],
  ["a base value", { ...STUMP, leaves: LEAVES, base: 0.25 }],
  ["an average", { ...STUMP, leaves: LEAVES, aggregate: "AVERAGE" }],
];

async function planned(bytes: Uint8Array): Promise<ArrayLike<number>> {
  const ends = { inputName: "features", outputName: "probability" };
  const plan = planSet([{ name: "m", bytes, ...ends, calibrator: null, group: "heads" }], COLUMNS);
  const run = await openPlan(plan, HALVES, FEATURES.length);
  return (await run.ask(ROWS, FEATURES.length)).get("m") ?? [];
}

test.each(TREES)("%s", async (_what, tree) => {
  const bytes = modelOfTree(tree);
  expect(apart(await planned(bytes), await nativeAnswer(bytes, ROWS, FEATURES.length))).toBeLessThan(1e-6);
});

test("a value inside that is called as the output of a merged graph might be", async () => {
  const weight = floatTensor("w", [COLUMNS, 1], Float32Array.of(0.25, 0.5));
  const nodes = [node("Clip", ["features", "low", "high"], ["held"]), node("MatMul", ["held", "w"], ["answer"])];
  const bounds = [floatTensor("low", [], Float32Array.of(-4)), floatTensor("high", [], Float32Array.of(4))];
  const bytes = modelOf(COLUMNS, [...nodes, node("HardSigmoid", ["answer"], ["probability"])], [weight, ...bounds]);
  expect(apart(await planned(bytes), await nativeAnswer(bytes, ROWS, FEATURES.length))).toBeLessThan(1e-6);
});
