"""Measures of a model on rows it never saw."""

import numpy as np
from scipy.stats import spearmanr
from sklearn.metrics import log_loss, roc_auc_score


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


def judge_ranker(truth: np.ndarray, guess: np.ndarray, fallback: np.ndarray) -> dict:
    """How well the order agrees with the order of true expected value (Spearman)."""
    return {
        "spearman": float(spearmanr(truth, guess).statistic),
        "spearmanFallback": float(spearmanr(truth, fallback).statistic),
    }
