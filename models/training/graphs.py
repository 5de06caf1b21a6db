"""Builds the ONNX graphs by hand: few operators, a free batch dimension, the names the edge expects.

Opset 17 and ai.onnx.ml 3 are what every onnxruntime of the last years reads. Nothing is left to a converter, so no
ZipMap, no fixed batch size and no post-transform appears by surprise.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
IR_VERSION = 8


def _finish(nodes, name: str, columns: int, output: str, initializers) -> bytes:
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", columns])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["rows", 1])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=IR_VERSION, producer_name="midroll")
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def dense_graph(name: str, weights: list[np.ndarray], biases: list[np.ndarray]) -> bytes:
    """Dense layers with Relu between and Sigmoid last: `features` [rows, columns] to `probability` [rows, 1]."""
    nodes, initializers, value = [], [], "features"
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        last = layer == len(weights) - 1
        initializers += [
            numpy_helper.from_array(weight.astype(np.float32), f"weight_{layer}"),
            numpy_helper.from_array(bias.astype(np.float32), f"bias_{layer}"),
        ]
        nodes.append(helper.make_node("Gemm", [value, f"weight_{layer}", f"bias_{layer}"], [f"sum_{layer}"]))
        value = "probability" if last else f"active_{layer}"
        nodes.append(helper.make_node("Sigmoid" if last else "Relu", [f"sum_{layer}"], [value]))
    return _finish(nodes, name, weights[0].shape[0], "probability", initializers)


def _float32_below(threshold: float) -> float:
    """The largest float32 not above a float64 threshold: `x <= t` then says the same of every float32 x."""
    rounded = np.float32(threshold)
    return float(np.nextafter(rounded, np.float32(-np.inf)) if rounded > threshold else rounded)


class _Trees:
    """Collects a LightGBM dump into the parallel lists of TreeEnsembleRegressor."""

    def __init__(self) -> None:
        self.nodes = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "true", "false")}
        self.leaves = {key: [] for key in ("treeids", "nodeids", "weights")}
        self._next = 0

    def add(self, tree: int, node: dict) -> None:
        self._next = 0
        self._walk(tree, node)

    def _walk(self, tree: int, node: dict) -> int:
        number, self._next = self._next, self._next + 1
        branch = "split_feature" in node
        if branch and node["decision_type"] != "<=":
            raise ValueError(f"unexpected split {node['decision_type']}")
        at = len(self.nodes["nodeids"])
        row = {
            "treeids": tree,
            "nodeids": number,
            "featureids": node["split_feature"] if branch else 0,
            "values": _float32_below(node["threshold"]) if branch else 0.0,
            "modes": "BRANCH_LEQ" if branch else "LEAF",
            "true": 0,
            "false": 0,
        }
        for key, value in row.items():
            self.nodes[key].append(value)
        if branch:
            self.nodes["true"][at] = self._walk(tree, node["left_child"])
            self.nodes["false"][at] = self._walk(tree, node["right_child"])
        else:
            for key, value in (("treeids", tree), ("nodeids", number), ("weights", node["leaf_value"])):
                self.leaves[key].append(value)
        return number


def tree_graph(name: str, dump: dict, columns: int) -> bytes:
    """A LightGBM regression as one TreeEnsembleRegressor without post-transform: `features` to `score` [rows, 1].

    Plain sums on purpose: a single-target ensemble with LOGISTIC answers the raw margin in some runtimes.
    """
    trees = _Trees()
    for number, tree in enumerate(dump["tree_info"]):
        trees.add(number, tree["tree_structure"])
    node = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["score"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=trees.nodes["treeids"],
        nodes_nodeids=trees.nodes["nodeids"],
        nodes_featureids=trees.nodes["featureids"],
        nodes_values=trees.nodes["values"],
        nodes_modes=trees.nodes["modes"],
        nodes_truenodeids=trees.nodes["true"],
        nodes_falsenodeids=trees.nodes["false"],
        target_treeids=trees.leaves["treeids"],
        target_nodeids=trees.leaves["nodeids"],
        target_ids=[0] * len(trees.leaves["nodeids"]),
        target_weights=trees.leaves["weights"],
    )
    return _finish([node], name, columns, "score", [])
