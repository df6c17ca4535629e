"""Whether an account has a buyer, and its segment: pure rules over the feature arrays."""

from __future__ import annotations

import numpy as np

from scoring.rules import SEGMENTS

LIKELY, CONFIRMED = 0.6, 0.9
SMB_BELOW, ENTERPRISE_FROM = 200, 1000


def states(features: dict[str, np.ndarray], outside: np.ndarray | None = None) -> np.ndarray:
    """`confirmed`, `likely`, `unknown` (fewer than half of the active people profiled) or `none`, one an account.

    `outside`: how sure the best buyer is who does not use the product, float, 0: there is none.
    """
    best = features["buyer_confidence"]
    if outside is not None:
        best = np.fmax(best, outside)  # the one that is known wins over NaN
    too_few = features["profiled_active"] * 2 < features["active_users_28"]
    return np.select([best >= CONFIRMED, best >= LIKELY, too_few], ["confirmed", "likely", "unknown"], "none")


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
