"""Random drafts and a naive scorer, for the benchmarks of the workbench."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Mapping

import numpy as np

from scoring import defaults, matrices, matrix_files, rules
from scoring.matrix_files import Columns, Snapshot
from scoring.rules import Spec


def some(number: int, *, seed: int = 5) -> list[Spec]:
    """The default definition with other weights, thresholds and curves: as somebody who drags sliders makes them."""
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        spec = copy.deepcopy(defaults.SPEC)
        for component in spec["components"]:
            component["weight"] = round(float(component["weight"] * draw.uniform(0.5, 1.5)), 2)
            points = component["curve"]["points"]
            points[-1][1] = round(float(points[-1][1] * draw.uniform(1, 1.4)), 2)
        pqa = int(draw.integers(65, 90))
        spec["thresholds"] = {"pqa": pqa, "activate": pqa - int(draw.integers(10, 30))}
        found.append(rules.parse(spec))
    return found


def naive_scores(spec: Spec, features: Mapping[str, np.ndarray]) -> np.ndarray:
    """Scores as one writes them first: each component over all accounts in float64, then added up. The same but for halves."""
    total = sum(component.weight for component in spec.components)
    score = np.zeros(len(features["account_id"]))
    for component in spec.components:
        xs, ys = (np.array(side) for side in zip(*component.curve.points, strict=True))
        points = np.where(np.isnan(features[component.feature]), 0, np.interp(features[component.feature], xs, ys))
        score += 100 * points / ys.max() * component.weight / total
    score = np.clip(np.floor(np.round(score, 9) + 0.5), 1, 100)
    return np.where(features["events_28"] > 0, score, 0).astype(np.int64)


def tiled(snapshot: Snapshot, times: int) -> Snapshot:
    """The same accounts several times over, in memory."""
    stored = {name: np.tile(snapshot.features.narrow()[name], times) for name in snapshot.features}
    stored["account_id"] = np.arange(1, len(snapshot) * times + 1)
    narrow = {name: matrix_files.narrowed(name, values) for name, values in stored.items()}
    return Snapshot(
        as_of=snapshot.as_of,
        features=Columns(narrow),
        segment=np.tile(snapshot.segment, times),
        buyer_state=np.tile(snapshot.buyer_state, times),
        made_at=snapshot.made_at,
        key=f"{snapshot.key} tiled {times}",
    )


def keep_weeks(days: list[dt.date], snapshot: Snapshot, *, seed: int = 6) -> None:
    """Files for each of the days, from one matrix: each week a tenth of the accounts has another account's features."""
    draw = np.random.default_rng(seed)
    n = len(snapshot)
    takes = np.arange(n)
    for day in days:
        moved = draw.integers(0, n, n // 10)
        takes[moved] = draw.integers(0, n, len(moved))
        matrix = {name: snapshot.features[name][takes] for name in snapshot.features}
        matrices.keep(day, matrix | {"account_id": snapshot.account_id})
