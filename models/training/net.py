"""A small dense net trained with Adam in plain numpy: few lines, one thread, the same bits every time."""

from collections.abc import Callable

import numpy as np

BATCH = 2048
RATE = 2e-3
DECAY = 1e-5
BETA_MEAN, BETA_SQUARE, TINY = 0.9, 0.999, 1e-8


def forward(parameters: list[np.ndarray], x: np.ndarray) -> list[np.ndarray]:
    """Activations of every layer, the input first; the last is the logit. `parameters`: weight, bias, weight, …"""
    layers = [x]
    for at in range(0, len(parameters), 2):
        total = layers[-1] @ parameters[at] + parameters[at + 1]
        layers.append(np.maximum(total, 0) if at + 2 < len(parameters) else total)
    return layers


def sigmoid(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit))


def predict(parameters: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    return sigmoid(forward(parameters, x)[-1][:, 0].astype(np.float64))


def _gradients(parameters: list[np.ndarray], x: np.ndarray, outcome: np.ndarray) -> list[np.ndarray]:
    """Of the mean log loss, plus weight decay on the weights."""
    layers = forward(parameters, x)
    slope = (sigmoid(layers[-1]) - outcome[:, None]) / np.float32(len(x))
    gradients = [np.empty(0)] * len(parameters)
    for at in range(len(parameters) - 2, -1, -2):
        before = layers[at // 2]
        gradients[at] = before.T @ slope + np.float32(DECAY) * parameters[at]
        gradients[at + 1] = slope.sum(axis=0)
        if at > 0:
            slope = (slope @ parameters[at].T) * (before > 0)
    return gradients


def train_net(
    x: np.ndarray,
    outcome: np.ndarray,
    layers: tuple[int, ...],
    epochs: int,
    seed: int,
    after_epoch: Callable[[int, list[np.ndarray]], None],
) -> list[np.ndarray]:
    """Adam with a learning rate that falls to nothing along a half cosine, so that the last epoch is the calmest."""
    random = np.random.default_rng(seed)
    sizes = (x.shape[1], *layers, 1)
    parameters: list[np.ndarray] = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True):
        parameters.append(random.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)).astype(np.float32))
        parameters.append(np.zeros(fan_out, np.float32))
    base = outcome.mean()
    parameters[-1][:] = np.log(base / (1 - base))
    target = outcome.astype(np.float32)
    means = [np.zeros_like(p) for p in parameters]
    squares = [np.zeros_like(p) for p in parameters]
    batches = -(-len(x) // BATCH)
    step = 0
    for epoch in range(epochs):
        order = random.permutation(len(x))
        for start in range(0, len(x), BATCH):
            step += 1
            rows = order[start : start + BATCH]
            rate = RATE * (1 + np.cos(np.pi * step / (epochs * batches))) / 2
            for at, gradient in enumerate(_gradients(parameters, x[rows], target[rows])):
                means[at] += np.float32(1 - BETA_MEAN) * (gradient - means[at])
                squares[at] += np.float32(1 - BETA_SQUARE) * (gradient * gradient - squares[at])
                mean = means[at] / np.float32(1 - BETA_MEAN**step)
                square = squares[at] / np.float32(1 - BETA_SQUARE**step)
                parameters[at] -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(TINY))
        after_epoch(epoch, parameters)
    return parameters
