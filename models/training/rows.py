"""Reads what export_rows.ts wrote: a line of JSON, then rows, outcomes and true probabilities as raw little-endian."""

import json
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """`x`: [rows, columns] float32. `outcomes`: 0/1 a head. `truths`: the world's probabilities, for judging only."""

    header: dict
    x: np.ndarray
    outcomes: dict[str, np.ndarray]
    truths: dict[str, np.ndarray]

    def first(self, count: int) -> "Rows":
        """The first rows alone, as an export of that many would have given them."""
        header = {**self.header, "rows": min(count, self.header["rows"])}
        outcomes = {head: outcome[:count] for head, outcome in self.outcomes.items()}
        truths = {head: truth[:count] for head, truth in self.truths.items()}
        return Rows(header, self.x[:count], outcomes, truths)


def read_rows(path: str) -> Rows:
    with open(path, "rb") as file:
        header = json.loads(file.readline())
        count, columns, heads = header["rows"], header["columns"], header["heads"]
        x = np.fromfile(file, "<f4", count * columns).reshape(count, columns)
        outcomes = {head: np.fromfile(file, "u1", count) for head in heads}
        truths = {head: np.fromfile(file, "<f8", count) for head in heads}
        if any(len(truth) != count for truth in truths.values()):
            raise ValueError(f"{path} is cut short")
        return Rows(header, x, outcomes, truths)
