"""What a trained and exported model is, whichever library made it."""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class Exported:
    """`predict` is the trained model itself, not its export: it writes the golden rows."""

    name: str
    title: str
    head: str
    # The exporter's package and the packages whose versions matter beside it.
    exporter: str
    packages: list[str]
    predict: Callable[[np.ndarray], np.ndarray]
    # What the exporter writes when nobody asks for anything, and the reasons why the gate refuses that.
    by_default: bytes
    refused_for: list[str]
    # An export with other options, in words and bytes; None: the one by default is near enough to be mended.
    options: str | None = None
    served: bytes | None = None
    # Options of `midroll models check` that mend what is served.
    mending: list[str] = dataclasses.field(default_factory=list)
