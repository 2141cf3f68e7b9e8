"""Order pieces by more than relevance: what is looked at, bought, rated, new, in stock, of fitting price.

Pure arithmetic over what is known of the pieces found.  Relevance is counted in standard deviations over the
ranked pieces; each signal lies between 0 and 1 and moves a piece by at most its weight.  What is not known
of a piece moves it by nothing.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from serving.finding import FoundPiece
from serving.live_snapshot import ServedSnapshot
from serving.settings import RankingSettings

_FRESH_DAYS = 90.0
_DOUBT = 20.0  # views that a purchase rate is shrunk by
_TYPICAL = 20  # of so many most relevant pieces the price is the one that fits
_RUN = 10
_AVAILABLE = {"in_stock": 1.0, "preorder": 0.5}


def ranked(
    served: ServedSnapshot,
    found: Sequence[FoundPiece],
    weights: RankingSettings,
    *,
    currency: str | None,
    explain: bool,
) -> list[FoundPiece]:
    """Return the first ``weights.window`` pieces in their new order, and the others behind them.

    Where it is to be explained, their parts tell what each signal gave.

    Args:
        served: Whose pieces.
        found: By relevance.
        weights: Of the signals.
        currency: In which prices compare; None for the one that is most frequent among them.
        explain: Whether to note it.
    """
    head, tail = list(found[: weights.window]), list(found[weights.window :])
    if len(head) < 2:
        return [*head, *tail]
    scores = np.array([one.score for one in head])
    total = (scores - scores.mean()) / max(float(scores.std()), 1e-6)
    given: dict[str, NDArray[np.float64]] = {}
    for name, values in _signals(served, head, currency).items():
        weight = float(getattr(weights, name))
        if weight and values is not None:
            given[name] = weight * np.nan_to_num(values)
            total = total + given[name]
    order = np.lexsort((np.arange(len(head)), -total))
    best = [head[place] for place in order.tolist()]
    if explain:
        best = [
            replace(
                head[place],
                parts={
                    **head[place].parts,
                    **{f"rank: {name}": round(float(values[place]), 4) for name, values in given.items()},
                },
            )
            for place in order.tolist()
        ]
    return [*(_mixed(served, best, weights.most_alike) if weights.most_alike else best), *tail]


def _signals(
    served: ServedSnapshot, head: Sequence[FoundPiece], currency: str | None
) -> dict[str, NDArray[np.float64] | None]:
    places = np.array([one.place for one in head])
    signals = served.signals
    table = served.table
    available = [
        max(_AVAILABLE.get(table.words["availability"][row] or "", 0.0) for row in one.rows) for one in head
    ]
    found: dict[str, NDArray[np.float64] | None] = {
        "availability": np.array(available),
        "price_fit": _price_fit(served, head, currency),
    }
    if signals is not None:
        views, purchases = signals.views[places], signals.purchases[places]
        rate = purchases / (views + purchases + _DOUBT)
        age_days = (signals.as_of - signals.first_seen[places]) / 86_400
        found |= {
            "popularity": _of_most(np.log1p(views + purchases)),
            "conversion": _of_most(rate),
            "rating": np.clip((signals.rating[places] - 1.0) / 4.0, 0.0, 1.0),
            "freshness": np.exp(-np.maximum(age_days, 0.0) / _FRESH_DAYS),
        }
    return found


def _of_most(values: NDArray[np.float64]) -> NDArray[np.float64]:
    most = float(values.max())
    return values / most if most > 0 else np.zeros(len(values))


def _price_fit(
    served: ServedSnapshot, head: Sequence[FoundPiece], currency: str | None
) -> NDArray[np.float64] | None:
    """Return how near each price is to the median of the most relevant pieces'; NaN without a price."""
    table = served.table
    stated = [
        {
            str(table.words["currency"][row]): int(table.prices[row])
            for row in reversed(one.rows)
            if table.prices[row] > 0
        }
        for one in head
    ]
    names = [name for prices in stated for name in prices]
    if not names:
        return None
    chosen = currency or max(sorted(set(names)), key=names.count)
    logs = np.log(np.array([prices.get(chosen, np.nan) for prices in stated], dtype=np.float64))
    typical = logs[:_TYPICAL][~np.isnan(logs[:_TYPICAL])]
    if not len(typical):
        return None
    fit: NDArray[np.float64] = np.exp(-np.abs(logs - np.median(typical)))
    return fit


def _mixed(served: ServedSnapshot, found: Sequence[FoundPiece], most: int) -> list[FoundPiece]:
    """Return the pieces with at most ``most`` of a brand or category in any ten, while there are others."""
    table = served.table

    def kinds(one: FoundPiece) -> set[tuple[str, str]]:
        values = {name: table.stated(name, one.rows) for name in ("brand", "category")}
        return {(name, value) for name, value in values.items() if value is not None}

    waiting = [(one, kinds(one)) for one in found]
    several = {
        name: len({kind for _, own in waiting for kind in own if kind[0] == name}) > 1
        for name in ("brand", "category")
    }  # where all are of one category, there is nothing to mix
    mixed: list[tuple[FoundPiece, set[tuple[str, str]]]] = []
    while waiting:
        recent = [kind for _, own in mixed[-(_RUN - 1) :] for kind in own]
        chosen = next(
            (
                place
                for place, (_, own) in enumerate(waiting)
                if all(recent.count(kind) < most for kind in own if several[kind[0]])
            ),
            0,
        )
        mixed.append(waiting.pop(chosen))
    return [one for one, _ in mixed]
