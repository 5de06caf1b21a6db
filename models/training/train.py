"""Trains the early ranker, the heads and the fallback on exported rows; writes models/ and its golden rows.

python train.py TRAIN HOLDOUT GOLDEN MODELS_DIR   (files from export_rows.ts; see README.md)
"""

import hashlib
import json
import pathlib
import sys
import time

import lightgbm
import numpy as np
import onnxruntime
from sklearn.linear_model import LinearRegression, LogisticRegression

from cards import head_card, ranker_card
from graphs import dense_graph, tree_graph
from judge import judge_head, judge_ranker, judge_trades
from net import predict, train_net
from rows import Rows, read_rows

SEED = 20_26
FOLDERS = {"completedView": "completed_view", "click": "click", "abandon": "abandon", "conversion": "conversion"}
# What the early ranker maximises, in completed views: a click is worth fifteen, a viewer who leaves costs three. What
# a conversion is worth only its advertiser knows.
VALUE = {"completedView": 1.0, "click": 15.0, "abandon": -3.0}
LAYERS = (64, 32)
# Rare outcomes are learned by heart sooner.
EPOCHS = {"completedView": 12, "click": 10, "abandon": 8, "conversion": 5}
# Showings to learn from, the first of the export. A conversion is money of another size and depends on what the ad is
# for, where few of them happen: four times as many showings halve the error.
SHOWINGS = {"completedView": 800_000, "click": 800_000, "abandon": 800_000, "conversion": 3_200_000}
RANKER_SHOWINGS = 800_000


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def blend(heads: dict[str, np.ndarray]) -> np.ndarray:
    return sum(weight * heads[head] for head, weight in VALUE.items())


def run(graph: bytes, output: str, x: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return session.run([output], {"features": x})[0][:, 0]


def log_loss(outcome: np.ndarray, guess: np.ndarray) -> float:
    held = np.clip(guess.astype(np.float64), 1e-7, 1 - 1e-7)
    return float(-np.mean(np.where(outcome == 1, np.log(held), np.log1p(-held))))


def train_head(head: str, x: np.ndarray, outcome: np.ndarray) -> bytes:
    """A small dense net; the last tenth of the training rows only watches, to show a net that learns by heart."""
    cut = len(x) * 9 // 10

    def watch(epoch: int, parameters: list[np.ndarray]) -> None:
        losses = [log_loss(outcome[part], predict(parameters, x[part])) for part in (slice(0, cut), slice(cut, None))]
        say(f"{head} epoch {epoch}: log loss {losses[0]:.6f}, unseen {losses[1]:.6f}")

    parameters = train_net(x[:cut], outcome[:cut], LAYERS, EPOCHS[head], SEED, watch)
    return dense_graph(FOLDERS[head], parameters[0::2], parameters[1::2])


def train_ranker(x: np.ndarray, value: np.ndarray) -> bytes:
    """Boosted trees that imitate the heads' blended value: the heads' guesses carry far less noise than outcomes."""
    settings = {
        "objective": "regression",
        "num_leaves": 16,
        "learning_rate": 0.15,
        "min_data_in_leaf": 500,
        "seed": SEED,
        "deterministic": True,
        "num_threads": 1,
        "verbose": -1,
    }
    booster = lightgbm.train(settings, lightgbm.Dataset(x, value), num_boost_round=60)
    return tree_graph("early_ranker", booster.dump_model(), x.shape[1])


def linear(bias: float, weights: np.ndarray) -> dict:
    return {"bias": float(bias), "weights": [float(weight) for weight in weights]}


def train_fallback(train: Rows, value: np.ndarray) -> dict:
    heads = {}
    for head, showings in SHOWINGS.items():
        say(f"fallback {head}")
        seen = train.first(showings)
        model = LogisticRegression(C=1.0, max_iter=300).fit(seen.x, seen.outcomes[head])
        heads[head] = linear(model.intercept_[0], model.coef_[0])
    ranker = LinearRegression().fit(train.first(RANKER_SHOWINGS).x.astype(np.float64), value)
    return {
        "featureSchemaDigest": train.header["featureSchemaDigest"],
        "columns": train.header["columns"],
        "heads": heads,
        "earlyRanker": linear(ranker.intercept_, ranker.coef_),
    }


def linear_score(model: dict, x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) @ np.array(model["weights"]) + model["bias"]


def write_model(folder: pathlib.Path, graph: bytes, output: str, golden: np.ndarray, card: str) -> dict:
    """Writes one model's folder and gives its entry of the model set, without name and role."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(graph)
    expected = run(graph, output, golden)
    text = {
        "inputName": "features",
        "outputName": output,
        "columns": golden.shape[1],
        "rows": [[float(value) for value in row] for row in golden],
        "expected": [float(value) for value in expected],
    }
    (folder / "golden.json").write_text(json.dumps(text, separators=(",", ":")) + "\n")
    (folder / "card.md").write_text(card)
    digest = hashlib.sha256(graph).hexdigest()
    return {"digest": digest, "sizeBytes": len(graph), "inputName": "features", "outputName": output}


def main(train_path: str, holdout_path: str, golden_path: str, models_dir: str) -> None:
    train, holdout, golden = read_rows(train_path), read_rows(holdout_path), read_rows(golden_path).x
    out = pathlib.Path(models_dir)
    seen_by = {head: train.first(showings) for head, showings in SHOWINGS.items()}
    graphs = {head: train_head(head, seen.x, seen.outcomes[head]) for head, seen in seen_by.items()}
    ranked_rows = train.first(RANKER_SHOWINGS)
    value = blend({head: run(graphs[head], "probability", ranked_rows.x) for head in VALUE})
    say("early ranker")
    ranker = train_ranker(ranked_rows.x, value)
    fallback = train_fallback(train, value)
    (out / "fallback.json").write_text(json.dumps(fallback, indent=1) + "\n")

    ranked = judge_ranker(
        blend(holdout.truths), run(ranker, "score", holdout.x), linear_score(fallback["earlyRanker"], holdout.x)
    )
    entry = write_model(out / "early_ranker", ranker, "score", golden, ranker_card(ranked, VALUE, ranked_rows, holdout))
    models = [{"name": "early_ranker", "role": "earlyRanker", **entry}]
    for head, graph in graphs.items():
        plain = 1 / (1 + np.exp(-linear_score(fallback["heads"][head], holdout.x)))
        guess = run(graph, "probability", holdout.x)
        base = float(seen_by[head].outcomes[head].mean())
        measures = judge_head(holdout.outcomes[head], holdout.truths[head], guess, plain, base)
        measures["trades"] = judge_trades(holdout, head, guess)
        say(f"{head}: {json.dumps(measures)}")
        card = head_card(head, measures, seen_by[head], holdout)
        entry = write_model(out / FOLDERS[head], graph, "probability", golden, card)
        models.append({"name": FOLDERS[head], "role": "head", "head": head, **entry})
    sample_set = {
        "featureSchemaDigest": train.header["featureSchemaDigest"],
        "columns": train.header["columns"],
        "models": models,
    }
    (out / "sample-set.json").write_text(json.dumps(sample_set, indent=2) + "\n")
    say(f"early ranker: {json.dumps(ranked)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
