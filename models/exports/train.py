"""Trains one small model by each library and exports it: `python train.py TRAIN HOLDOUT GOLDEN EXPORTS_DIR`.

Writes a folder a model, and exports.json: what each is, why its default export is refused, how it is mended. Prints
what is still to be mended, a line a model: its name and the options of `midroll models check`.
"""

import importlib.metadata
import json
import pathlib
import sys

import numpy as np
import sklearn_models
import torch
import torch_models
import tree_models
from exported import Exported
from rows import Rows, read_rows
from sklearn.metrics import log_loss

PREDICTS = {"completedView": "an ad runs to its end", "abandon": "the viewer leaves while it runs"}


def train_all(train: Rows):
    x, names = train.x, train.header["names"]
    completed, abandon = (train.outcomes[head].astype(int) for head in ("completedView", "abandon"))
    yield sklearn_models.logistic(x, completed)
    yield sklearn_models.mlp(x, completed)
    yield sklearn_models.boosting(x, abandon)
    yield tree_models.with_lightgbm(x, completed)
    yield tree_models.with_xgboost(x, completed)
    yield tree_models.with_xgboost_margin(x, abandon)
    yield torch_models.dense(x, completed)
    yield torch_models.embedded(x, abandon, names)
    yield torch_models.two_tower(x, completed, names)


def card(model: Exported, versions: str, train: Rows, holdout: Rows) -> str:
    outcome = holdout.outcomes[model.head]
    guess = np.asarray(model.predict(holdout.x), dtype=np.float64)
    base = np.full(len(outcome), train.outcomes[model.head].mean())
    ways = [f"exported with {model.options}"] if model.options else []
    ways += [f"mended by `{' '.join(model.mending)}`"] if model.mending else []
    return f"""# {model.title}

The probability that {PREDICTS[model.head]}. Made to show that such exports serve; no set uses it.
{versions}. Exported by {model.exporter}.

The export by default, `by_default.onnx`, is refused for `{"`, `".join(model.refused_for)}`.
What serves, `model.onnx`, was {", then ".join(ways)}.

Trained on {train.header["rows"]:,} showings of seed `{train.header["seed"]}`. Log loss on {len(outcome):,} of seed
`{holdout.header["seed"]}`: **{log_loss(outcome, guess):.5f}**; always the base rate: {log_loss(outcome, base):.5f}.
Golden rows are the trained model's own answers. Feature schema `{train.header["featureSchemaDigest"][:16]}…`.
"""


def write(model: Exported, folder: pathlib.Path, train: Rows, holdout: Rows, golden: Rows) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    versions = {package: importlib.metadata.version(package) for package in model.packages}
    said = ", ".join(f"{package} {version}" for package, version in versions.items())
    (folder / "by_default.onnx").write_bytes(model.by_default)
    (folder / "model.onnx").write_bytes(model.served or model.by_default)
    expected = [float(np.float32(answer)) for answer in model.predict(golden.x)]
    (folder / "golden.json").write_text(json.dumps({"rows": golden.x.tolist(), "expected": expected}) + "\n")
    (folder / "card.md").write_text(card(model, said, train, holdout))
    return {
        "name": model.name,
        "exporter": model.exporter,
        "versions": versions,
        "refusedFor": model.refused_for,
        "options": model.options,
        "mending": model.mending,
    }


def main(train_path: str, holdout_path: str, golden_path: str, exports_dir: str) -> None:
    torch.set_num_threads(1)
    train, holdout, golden = (read_rows(path) for path in (train_path, holdout_path, golden_path))
    exports = pathlib.Path(exports_dir)
    written = []
    for model in train_all(train):
        print(model.name, file=sys.stderr, flush=True)
        written.append(write(model, exports / model.name, train, holdout, golden))
        if model.mending:
            print(model.name, *model.mending)
    (exports / "exports.json").write_text(json.dumps(written, indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
