"""The card beside each model: what it predicts, from what, how well, and where it must not be believed."""

from rows import Rows

RETRAIN = """## Retrain

See `models/training/README.md`. Same seeds, same versions and one thread give the same model on the same machine.
"""

LIMITS = """## Limits

Trained on a simulated world, so it knows that world's habits, not people's. It sees no viewer id, no country and no
creative's own quality. Rows packed by another feature schema (another digest) mean nothing to it. It is calibrated for
the ads that were shown at random; ads chosen by an auction are a different population, so watch its calibration live.
"""

PREDICTS = {
    "completedView": ("Completed view", "that an ad shown once in this break runs to its end"),
    "click": ("Click", "that the viewer clicks an ad shown once in this break"),
    "abandon": ("Abandon", "that the viewer leaves the stream while this ad runs"),
    "conversion": ("Conversion", "that an ad shown once in this break leads to a conversion within the attribution window"),
}


def _rows_said(train: Rows, holdout: Rows) -> str:
    return (
        f"Exported by `models/training/export_rows.ts` from the world `{train.header['world']}`: "
        f"{train.header['rows']:,} showings of seed\n`{train.header['seed']}` for training, "
        f"{holdout.header['rows']:,} of seed `{holdout.header['seed']}` (other people, other ads) "
        "for the numbers below.\n"
        f"{train.header['columns']} columns; feature schema `{train.header['featureSchemaDigest'][:16]}…`.\n"
    )


# What the columns of a kind of ad stand for.
TRADES = {
    "iab1": "entertainment",
    "iab2": "cars",
    "iab7": "health",
    "iab8": "food",
    "iab13": "money",
    "iab17": "sports",
    "iab18": "fashion",
    "iab19": "electronics",
    "iab20": "travel",
    "iab22": "shops",
    "other": "business, family, games, home",
}


def _trade_row(m: dict) -> str:
    off = 100 * (m["meanGuess"] / m["meanTruth"] - 1)
    return (
        f"| {TRADES[m['trade']]} | {m['showings']:,} | {m['meanTruth']:.5f} | {m['meanGuess']:.5f} | {off:+.1f} % "
        f"| {m['auc']:.3f} | {m['aucOfTheWorld']:.3f} |"
    )


def head_card(head: str, m: dict, train: Rows, holdout: Rows) -> str:
    title, predicts = PREDICTS[head]
    groups = "\n".join(f"| {at + 1} | {guess:.5f} | {real:.5f} |" for at, (guess, real) in enumerate(m["calibration"]))
    trades = "\n".join(_trade_row(trade) for trade in m["trades"])
    return f"""# {title}

The probability {predicts}.
Dense net 48 → 64 → 32 → 1, Relu, Sigmoid.
Input `features` `[rows, 48]` float32, output `probability` `[rows, 1]` in [0, 1].

## Trained on

{_rows_said(train, holdout)}
## How good on the holdout

| | log loss |
|---|---|
| always the base rate | {m["logLossBaseRate"]:.5f} |
| the plain-TypeScript fallback (logistic regression) | {m["logLossFallback"]:.5f} |
| **this model** | **{m["logLoss"]:.5f}** |
| the world's own probability, hidden taste included | {m["logLossOfTheWorld"]:.5f} |

AUC {m["auc"]:.4f} (fallback {m["aucFallback"]:.4f}). Mean guess {m["meanGuess"]:.5f}, happened {m["meanOutcome"]:.5f}.

Calibration, ten equally large groups from the least to the most likely:

| group | mean guess | happened |
|---|---|---|
{groups}

By what the ad is for, against the world's own probabilities (so without luck; an ad may be for two things):

| for | showings | true rate | mean guess | off by | AUC | AUC of the world |
|---|---|---|---|---|---|---|
{trades}

Kinds of ad that share the last line share one column too: the model knows their mean, and each apart may be far off.

{LIMITS}
{RETRAIN}"""


def ranker_card(m: dict, value: dict, train: Rows, holdout: Rows) -> str:
    return f"""# Early ranker

A cheap order of candidates, so that only the best reach the heads. Its score approximates the expected value of one
showing in completed views: `p(completed view) + {value["click"]:g} · p(click) − {-value["abandon"]:g} · p(abandon)`.
It knows no prices; whoever cuts by it brings those in. 60 boosted trees of at most 16 leaves, summed, no
post-transform. Input `features` `[rows, 48]` float32, output `score` `[rows, 1]`, any finite value, larger is better.

## Trained on

{_rows_said(train, holdout)}
Target: the blend above of the three heads' guesses on the training rows; they carry far less noise than outcomes.

## How good on the holdout

Rank correlation (Spearman) with the true expected value, hidden taste included: **{m["spearman"]:.4f}**; the linear
fallback ranker: {m["spearmanFallback"]:.4f}.

{LIMITS}
{RETRAIN}"""
