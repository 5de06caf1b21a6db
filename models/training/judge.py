"""Measures of a model on rows it never saw."""

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import log_loss, roc_auc_score

from rows import Rows


def judge_head(outcome: np.ndarray, truth: np.ndarray, guess: np.ndarray, fallback: np.ndarray, base: float) -> dict:
    """Log losses of the head, of its fallback, of always saying the base rate, and of the world itself."""
    return {
        "logLoss": log_loss(outcome, guess),
        "logLossFallback": log_loss(outcome, fallback),
        "logLossBaseRate": log_loss(outcome, np.full(len(outcome), base)),
        "logLossOfTheWorld": log_loss(outcome, truth),
        "auc": roc_auc_score(outcome, guess),
        "aucFallback": roc_auc_score(outcome, fallback),
        "meanGuess": float(np.mean(guess)),
        "meanOutcome": float(np.mean(outcome)),
        "calibration": calibration(outcome, guess),
    }


def calibration(outcome: np.ndarray, guess: np.ndarray, bins: int = 10) -> list[tuple[float, float]]:
    """(mean guess, share that happened) for ten equally large groups, from the least to the most likely."""
    order = np.argsort(guess, kind="stable")
    return [(float(guess[part].mean()), float(outcome[part].mean())) for part in np.array_split(order, bins)]


def expected_auc(truth: np.ndarray, guess: np.ndarray) -> float:
    """The AUC to expect when each row happens with its true probability: no luck of the draw."""
    happens = np.repeat([1, 0], len(truth))
    return float(roc_auc_score(happens, np.tile(guess, 2), sample_weight=np.concatenate([truth, 1 - truth])))


def judge_trades(holdout: Rows, head: str, guess: np.ndarray) -> list[dict]:
    """For each kind of ad (a column each): true and guessed rate, and the order against the world's own."""
    truth, trades = holdout.truths[head], []
    for column, name in enumerate(holdout.header["names"]):
        if not name.startswith("ad_category_"):
            continue
        of = holdout.x[:, column] == 1
        trades.append(
            {
                "trade": name.removeprefix("ad_category_"),
                "showings": int(of.sum()),
                "meanGuess": float(guess[of].mean()),
                "meanTruth": float(truth[of].mean()),
                "auc": expected_auc(truth[of], guess[of]),
                "aucOfTheWorld": expected_auc(truth[of], truth[of]),
            }
        )
    return trades


def judge_ranker(truth: np.ndarray, guess: np.ndarray, fallback: np.ndarray) -> dict:
    """How well the order agrees with the order of true expected value (Spearman)."""
    return {
        "spearman": float(spearmanr(truth, guess).statistic),
        "spearmanFallback": float(spearmanr(truth, fallback).statistic),
    }
