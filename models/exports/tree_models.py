"""LightGBM and XGBoost, exported by onnxmltools. Graphs are named: else the converter draws a name each time."""

import copy
import math

import lightgbm
import numpy as np
import xgboost
from exported import Exported
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType

SEED = 20_26
OPSET = 15


def _inputs(x: np.ndarray):
    return [("features", FloatTensorType([None, x.shape[1]]))]


def with_lightgbm(x: np.ndarray, outcome: np.ndarray) -> Exported:
    model = lightgbm.LGBMClassifier(
        n_estimators=40, num_leaves=12, random_state=SEED, deterministic=True, n_jobs=1, verbose=-1
    ).fit(x, outcome)
    # Whatever operator set is asked for, this converter writes version 9.
    graph = convert_lightgbm(model, name="lightgbm", initial_types=_inputs(x))
    return Exported(
        name="lightgbm",
        title="Boosted trees, LGBMClassifier",
        head="completedView",
        exporter="onnxmltools",
        packages=["lightgbm", "onnxmltools"],
        predict=lambda rows: model.predict_proba(rows)[:, 1],
        by_default=graph.SerializeToString(deterministic=True),
        refused_for=["zipmap_output"],
        mending=["--positive-class"],
    )


def with_xgboost(x: np.ndarray, outcome: np.ndarray) -> Exported:
    model = xgboost.XGBClassifier(n_estimators=40, max_depth=4, random_state=SEED, n_jobs=1).fit(x, outcome)
    graph = convert_xgboost(model, name="xgboost", initial_types=_inputs(x), target_opset=OPSET)
    return Exported(
        name="xgboost",
        title="Boosted trees, XGBClassifier",
        head="completedView",
        exporter="onnxmltools",
        packages=["xgboost", "onnxmltools"],
        predict=lambda rows: model.predict_proba(rows)[:, 1],
        by_default=graph.SerializeToString(deterministic=True),
        refused_for=["not_one_output"],
        mending=["--positive-class"],
    )


def _from_log_odds(graph, base_score: float):
    """The same trees, starting where XGBoost starts."""
    mended = copy.deepcopy(graph)
    for attribute in mended.graph.node[0].attribute:
        if attribute.name == "base_values":
            attribute.floats[:] = [math.log(base_score / (1 - base_score))]
    return mended


def with_xgboost_margin(x: np.ndarray, outcome: np.ndarray) -> Exported:
    """A regressor with a logistic objective predicts probabilities; its export answers log-odds, and those are off: the
    converter writes the base score as it is, a probability, where log-odds are summed.
    """
    model = xgboost.XGBRegressor(
        objective="binary:logistic", n_estimators=30, max_depth=3, random_state=SEED, n_jobs=1
    ).fit(x, outcome)
    graph = convert_xgboost(model, name="xgboost", initial_types=_inputs(x), target_opset=OPSET)
    return Exported(
        name="xgboost_margin",
        title="Boosted trees, XGBRegressor with binary:logistic",
        head="abandon",
        exporter="onnxmltools",
        packages=["xgboost", "onnxmltools"],
        predict=model.predict,
        by_default=graph.SerializeToString(deterministic=True),
        refused_for=["answers_out_of_range", "golden_mismatch"],
        options="base_values set to the log-odds of base_score",
        served=_from_log_odds(graph, float(model.intercept_[0])).SerializeToString(deterministic=True),
        mending=["--sigmoid"],
    )
