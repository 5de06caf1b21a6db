"""PyTorch nets: a dense head, embeddings over bucketed columns, two towers; exported by both of its exporters."""

import pathlib
import tempfile

import numpy as np
import onnx
import torch
from exported import Exported
from torch import nn

SEED = 20_26
BATCH, EPOCHS, RATE = 512, 8, 2e-3


class Dense(nn.Module):
    """Layers with what training likes between them; serving folds or drops it."""

    def __init__(self, mean: torch.Tensor, deviation: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.layers = nn.Sequential(
            nn.Linear(len(mean), 32),
            nn.BatchNorm1d(32),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Linear(32, 16),
            nn.ReLU(),
            nn.Linear(16, 1),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.layers((features - self.mean) / self.deviation).squeeze(-1))


class Embedded(nn.Module):
    """Genre and how often the ad was shown are looked up in tables and join the row."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        # The columns from the first genre up to the next kind: one of them is 1.
        self.genre_from, self.genre_to = names.index("genre_drama"), names.index("rating_maturity")
        self.times_shown = names.index("times_shown")
        self.genre = nn.Embedding(self.genre_to - self.genre_from, 6)
        self.times = nn.Embedding(9, 4)
        self.layers = nn.Sequential(nn.Linear(len(names) + 10, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        genre = torch.argmax(features[:, self.genre_from : self.genre_to], dim=1)
        times = torch.clamp(torch.round(features[:, self.times_shown] * 8).long(), 0, 8)
        row = torch.cat([features, self.genre(genre), self.times(times)], dim=1)
        return torch.sigmoid(self.layers(row))


class TwoTower(nn.Module):
    """Break and ad become points of one space; the nearer, the likelier. Ads can be placed before any request."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.ad_from = names.index("ad_length")
        self.ad_to = names.index("ad_category_other") + 1
        self.request_tower = self._tower(self.ad_from)
        self.ad_tower = self._tower(self.ad_to - self.ad_from)
        self.scale = nn.Parameter(torch.tensor(4.0))
        self.bias = nn.Parameter(torch.tensor(0.0))

    @staticmethod
    def _tower(columns: int) -> nn.Module:
        return nn.Sequential(nn.Linear(columns, 24), nn.ReLU(), nn.Linear(24, 8))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        request = nn.functional.normalize(self.request_tower(features[:, : self.ad_from]), dim=1)
        ad = nn.functional.normalize(self.ad_tower(features[:, self.ad_from : self.ad_to]), dim=1)
        return torch.sigmoid(self.scale * (request * ad).sum(1, keepdim=True) + self.bias)


def _trained(net: nn.Module, x: np.ndarray, outcome: np.ndarray) -> nn.Module:
    torch.manual_seed(SEED)
    for part in net.modules():
        if hasattr(part, "reset_parameters"):
            part.reset_parameters()
    features, truth = torch.from_numpy(x), torch.from_numpy(outcome.astype(np.float32))
    adam = torch.optim.Adam(net.parameters(), lr=RATE)
    net.train()
    for _ in range(EPOCHS):
        for part in torch.randperm(len(x)).split(BATCH):
            adam.zero_grad()
            nn.functional.binary_cross_entropy(net(features[part]).flatten(), truth[part]).backward()
            adam.step()
    return net.eval()


def _export(net: nn.Module, columns: int, **options) -> bytes:
    """The file that the exporter writes, without its notes: those name the paths of whoever exported."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        torch.onnx.export(net, (torch.zeros(2, columns),), path, verbose=False, **options)
        model = onnx.load(path, load_external_data=False)
    for noted in [model, model.graph, *model.graph.node, *model.graph.value_info]:
        del noted.metadata_props[:]
    for value in [*model.graph.input, *model.graph.output, *model.graph.initializer]:
        del value.metadata_props[:]
    model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
    return model.SerializeToString(deterministic=True)


def _predicted(net: nn.Module):
    def predict(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return net(torch.from_numpy(x)).flatten().numpy()

    return predict


FREE_ROWS = ({0: torch.export.Dim("rows")},)
NAMES = {"input_names": ["features"], "output_names": ["probability"]}


def dense(x: np.ndarray, outcome: np.ndarray) -> Exported:
    mean, deviation = torch.from_numpy(x.mean(0)), torch.from_numpy(np.maximum(x.std(0), 1e-3))
    net = _trained(Dense(mean, deviation), x, outcome)
    return Exported(
        name="torch_dense",
        title="Dense net with batch normalisation and dropout",
        head="completedView",
        exporter="torch",
        packages=["torch", "onnxscript"],
        predict=_predicted(net),
        by_default=_export(net, x.shape[1]),
        refused_for=["weights_outside", "fixed_rows"],
        options="input_names, output_names, dynamic_shapes, external_data=False",
        served=_export(net, x.shape[1], **NAMES, dynamic_shapes=FREE_ROWS, external_data=False),
    )


def embedded(x: np.ndarray, outcome: np.ndarray, names: list[str]) -> Exported:
    net = _trained(Embedded(names), x, outcome)
    return Exported(
        name="torch_embedding",
        title="Embeddings of genre and frequency, and a dense net",
        head="abandon",
        exporter="torch (dynamo=False)",
        packages=["torch"],
        predict=_predicted(net),
        by_default=_export(net, x.shape[1], dynamo=False, opset_version=17, **NAMES),
        refused_for=["fixed_rows"],
        mending=["--free-rows"],
    )


def two_tower(x: np.ndarray, outcome: np.ndarray, names: list[str]) -> Exported:
    net = _trained(TwoTower(names), x, outcome)
    # Its own default but for the weights, so that the number of rows is all that is wrong.
    inside = {"external_data": False, **NAMES}
    return Exported(
        name="torch_two_tower",
        title="Two towers, break and ad",
        head="completedView",
        exporter="torch",
        packages=["torch", "onnxscript"],
        predict=_predicted(net),
        by_default=_export(net, x.shape[1], **inside),
        refused_for=["fixed_rows"],
        options="dynamic_shapes",
        served=_export(net, x.shape[1], **inside, dynamic_shapes=FREE_ROWS),
    )
