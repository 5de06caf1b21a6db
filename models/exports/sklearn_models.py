"""scikit-learn pipelines, exported by skl2onnx."""

import numpy as np
from exported import Exported
from skl2onnx import to_onnx
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 20_26
PACKAGES = ["scikit-learn", "skl2onnx"]
# Without it the converter writes the oldest operator set that it can: enough for these, not for everything.
OPSETS = {"": 17, "ai.onnx.ml": 3}


def _second_class(model):
    return lambda x: model.predict_proba(x)[:, 1]


def logistic(x: np.ndarray, outcome: np.ndarray) -> Exported:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(x, outcome)
    return Exported(
        name="sklearn_logistic",
        title="Scaler and logistic regression",
        head="completedView",
        exporter="skl2onnx",
        packages=PACKAGES,
        predict=_second_class(model),
        by_default=to_onnx(model, x[:1]).SerializeToString(deterministic=True),
        refused_for=["zipmap_output"],
        mending=["--positive-class"],
    )


def mlp(x: np.ndarray, outcome: np.ndarray) -> Exported:
    net = MLPClassifier((32, 16), max_iter=8, random_state=SEED)
    model = make_pipeline(StandardScaler(), net).fit(x, outcome)
    graph = to_onnx(model, x[:1], options={"zipmap": False}, target_opset=OPSETS)
    return Exported(
        name="sklearn_mlp",
        title="Scaler and dense net",
        head="completedView",
        exporter="skl2onnx",
        packages=PACKAGES,
        predict=_second_class(model),
        by_default=graph.SerializeToString(deterministic=True),
        refused_for=["not_one_output"],
        mending=["--positive-class"],
    )


def boosting(x: np.ndarray, outcome: np.ndarray) -> Exported:
    model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=12, random_state=SEED).fit(x, outcome)
    graph = to_onnx(model, x[:1], options={"zipmap": False}, target_opset=OPSETS)
    return Exported(
        name="sklearn_boosting",
        title="Histogram gradient boosting",
        head="abandon",
        exporter="skl2onnx",
        packages=PACKAGES,
        predict=_second_class(model),
        by_default=graph.SerializeToString(deterministic=True),
        refused_for=["not_one_output"],
        mending=["--positive-class"],
    )
