"""The default definition, version 1: what a fresh installation scores with. `scoring/README.md` explains each line."""

from __future__ import annotations

from typing import Any

NAME = "Default"

SPEC: dict[str, Any] = {
    "components": [
        {
            "key": "usage",
            "label": "Usage",
            "feature": "weekly_active_days",
            "weight": 25,
            "curve": {"points": [[0, 0], [1, 9], [3, 17], [5, 20]]},
        },
        {
            "key": "team",
            "label": "Team size",
            "feature": "active_users_28",
            "weight": 25,
            "curve": {"points": [[1, 2], [2, 8], [4, 18], [7, 29], [15, 35]]},
        },
        {
            "key": "features",
            "label": "Features",
            "feature": "breadth_28",
            "weight": 20,
            "curve": {"points": [[0, 0], [3, 20], [6, 34], [12, 45]]},
        },
        {
            "key": "velocity",
            "label": "Velocity",
            "feature": "growth",
            "weight": 10,
            "curve": {"points": [[-0.5, 0], [0, 10], [1, 20]]},
        },
        {
            "key": "behaviour",
            "label": "Behaviour",
            "feature": "behaviours_28",
            "weight": 12,
            "curve": {"points": [[0, 0], [1, 5], [2, 9], [4, 12]]},
        },
        {
            "key": "fit",
            "label": "Fit",
            "feature": "fit",
            "weight": 8,
            "curve": {"points": [[0, 0], [90, 90]]},
        },
    ],
    "thresholds": {"pqa": 80, "activate": 60},
    "hysteresis": 5,
    "gates": [
        {
            "feature": "active_users_28",
            "minimum": 3,
            "cap": "activate",
            "reason": "Fewer than 3 active people in 28 days: an account goes to sales, never a single sign-up",
        },
        {
            "feature": "days_since_first_use",
            "minimum": 3,
            "cap": "self_serve",
            "reason": "Signed up less than 3 days ago: no outreach yet",
        },
    ],
}
