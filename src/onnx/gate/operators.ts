/**
 * Which operators may serve. The list holds what the exporters of scikit-learn, LightGBM, XGBoost and PyTorch write for
 * models of rows; each was loaded in both runtimes. Source: ONNX operator reference; ai.onnx.ml operator reference.
 */
import type { NodeProto } from "onnx-buf";
import type { Graph } from "../graph.ts";
import { ignoresLink } from "../mending.ts";
import { refusal, type ModelRefusal } from "./refusal.ts";

const PLAIN =
  "Abs Add And ArgMax ArgMin BatchNormalization Cast Ceil Celu Clip Concat Constant ConstantOfShape " +
  "CumSum Div Dropout Einsum Elu Equal Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gelu " +
  "Gemm Greater GreaterOrEqual HardSigmoid HardSwish Identity InstanceNormalization IsInf IsNaN " +
  "LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max Mean Min Mish Mod Mul Neg " +
  "Not OneHot Or PRelu Pad Pow Range Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin " +
  "ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round Selu Shape Sigmoid Sign Size Slice Softmax " +
  "Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh Tile TopK Transpose Unsqueeze Where Xor";
const LEARNING =
  "ArrayFeatureExtractor Binarizer Imputer LinearClassifier LinearRegressor Normalizer Scaler " +
  "SVMClassifier SVMRegressor TreeEnsembleClassifier TreeEnsembleRegressor ZipMap";

const ALLOWED: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["", new Set(PLAIN.split(" "))],
  ["ai.onnx.ml", new Set(LEARNING.split(" "))],
]);
const RANDOM = new Set(
  "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike".split(" "),
);
const CONTROL = new Set(["If", "Loop", "Scan", "SequenceMap"]);

/** Versions of the operator sets that the runtimes here read. Converters of trees write 9 whatever they are asked. */
const OPSETS: ReadonlyMap<string, { readonly least: number; readonly most: number }> = new Map([
  ["", { least: 9, most: 21 }],
  ["ai.onnx.ml", { least: 1, most: 4 }],
]);

/** What is wrong with the operator sets and the nodes, each operator once. */
export function checkOperators(graph: Graph): readonly ModelRefusal[] {
  const found: ModelRefusal[] = [...checkVersions(graph)];
  const named = new Set<string>();
  for (const candidate of graph.nodes) {
    const wrong = checkNode(candidate);
    if (wrong === null || named.has(wrong.code + wrong.found)) continue;
    named.add(wrong.code + wrong.found);
    found.push(wrong);
  }
  return found;
}

function checkVersions({ opsets, nodes }: Graph): readonly ModelRefusal[] {
  if (opsets.size === 0) return [refusal("operators_unstated", "no operator set")];
  const used = new Set(nodes.map(({ domain }) => plainDomain(domain)));
  return [...used].flatMap((domain) => {
    const known = OPSETS.get(domain);
    if (known === undefined) return [];
    const version = opsets.get(domain);
    const name = domain === "" ? "ONNX" : domain;
    if (version === undefined) return [refusal("operators_unstated", `no version of ${name}`)];
    if (Number(version) < known.least) return [refusal("operators_too_old", `${name} ${version}`)];
    return Number(version) > known.most ? [refusal("operators_too_new", `${name} ${version}`)] : [];
  });
}

function checkNode(candidate: NodeProto): ModelRefusal | null {
  const { opType } = candidate;
  const domain = plainDomain(candidate.domain);
  const allowed = ALLOWED.get(domain);
  if (allowed === undefined) return refusal("custom_domain", `${domain}.${opType}`);
  if (RANDOM.has(opType) || (opType === "Dropout" && candidate.input.length > 2)) {
    return refusal("random_operator", opType);
  }
  if (CONTROL.has(opType)) return refusal("control_flow", opType);
  if (!allowed.has(opType)) return refusal("unknown_operator", domain === "" ? opType : `${domain}.${opType}`);
  return ignoresLink(candidate) ? refusal("tree_link_ignored", `${opType} with LOGISTIC and one target`) : null;
}

function plainDomain(domain: string): string {
  return domain === "ai.onnx" ? "" : domain;
}
