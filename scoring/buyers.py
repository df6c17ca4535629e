"""Whether an account has a buyer, and its segment: pure rules over the feature arrays."""

from __future__ import annotations

import numpy as np

from scoring.rules import SEGMENTS

LIKELY, CONFIRMED = 0.6, 0.9
SMB_BELOW, ENTERPRISE_FROM = 200, 1000


def states(features: dict[str, np.ndarray], outside: np.ndarray | None = None) -> np.ndarray:
    """`confirmed`, `likely`, `none` or `unknown`, one an account. None only where enough is known: some of the active people are
    profiled, and not fewer than half of them. Of an account in which nobody is active nothing is known.

    `outside`: how sure the best buyer is who does not use the product, float, 0: there is none.
    """
    best = features["buyer_confidence"]
    if outside is not None:
        best = np.fmax(best, outside)  # the one that is known wins over NaN
    profiled = features["profiled_active"]
    is_enough = (profiled > 0) & (profiled * 2 >= features["active_users_28"])
    return np.select([best >= CONFIRMED, best >= LIKELY, is_enough], ["confirmed", "likely", "none"], "unknown")


def segments(employees: np.ndarray) -> np.ndarray:
    """`smb` (below 200), `mid_market`, `enterprise` (1,000 and up) or `unknown`, one an account."""
    return np.select(
        [np.isnan(employees), employees < SMB_BELOW, employees < ENTERPRISE_FROM],
        ["unknown", "smb", "mid_market"],
        "enterprise",
    )


def segment_places(segments: np.ndarray) -> np.ndarray:
    """int8: the places in `rules.SEGMENTS` of these segments."""
    places = np.zeros(len(segments), dtype=np.int8)
    for place, name in enumerate(SEGMENTS):
        places[segments == name] = place
    return places
