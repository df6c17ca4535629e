"""The shapes of the demo's companies, and what their people do. The simulation draws from these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of company. `people`: fewest, Pareto exponent, most. `employees`: median and log-spread.

    `active`: chance that one of its people uses the product on a weekday; `features`: fewest and most event types of
    its palette; `interest`, `buyer` and `paid`: shares with pricing views, with a buyer among its people, on a plan.
    """

    name: str
    share: float
    people: tuple[int, float, int]
    active: float
    events: float
    features: tuple[int, int]
    employees: tuple[float, float]
    interest: float
    buyer: float
    paid: float
    hand: float


SHAPES = [
    Shape("tinkerer", 0.475, (1, 9.0, 1), 0.42, 3.0, (2, 5), (60, 1.5), 0.10, 0.24, 0.01, 0.4),
    Shape("churned", 0.20, (1, 1.5, 12), 0.45, 3.0, (3, 7), (90, 1.5), 0.15, 0.28, 0.0, 0.0),
    Shape("slow burner", 0.18, (2, 2.0, 6), 0.16, 2.4, (3, 6), (150, 1.4), 0.14, 0.34, 0.04, 2.0),
    Shape("steady team", 0.08, (3, 1.6, 30), 0.42, 3.4, (4, 8), (320, 1.2), 0.28, 0.48, 0.18, 5.0),
    Shape("revived", 0.035, (2, 1.5, 15), 0.42, 3.0, (4, 8), (250, 1.3), 0.22, 0.4, 0.08, 3.0),
    Shape("rocket", 0.02, (5, 1.3, 45), 0.60, 3.6, (8, 14), (450, 1.1), 0.60, 0.5, 0.22, 8.0),
    Shape("enterprise", 0.010, (12, 1.2, 60), 0.55, 3.4, (10, 16), (4000, 0.8), 0.75, 0.6, 0.45, 12.0),
]
HOBBYIST = Shape("hobbyist", 0.0, (1, 9.0, 1), 0.35, 1.6, (2, 4), (1, 0.1), 0.05, 0.0, 0.0, 0.0)
HOBBYISTS_PER_ACCOUNT = 0.14

# What people do, with how common it is within a palette that has it.
FEATURES: list[tuple[str, float]] = [
    ("Project Opened", 10),
    ("Task Completed", 9),
    ("Item Updated", 7),
    ("Search Performed", 4),
    ("Note Edited", 4),
    ("Comment Added", 5),
    ("Project Created", 1.5),
    ("Document Uploaded", 2),
    ("Report Shared", 2),
    ("Dashboard Created", 1),
    ("Report Exported", 1.5),
    ("User Mentioned", 2),
    ("Automation Run", 3),
    ("API Called", 4),
    ("Integration Connected", 0.4),
    ("Data Imported", 1),
    ("Advanced Filter Applied", 2),
    ("Permissions Updated", 0.4),
]
COMMON = 5
"""The first so many features are what nearly everybody meets first."""
NOISE = ["Signed In", "Session Started", "Email Opened"]
NOISE_SHARE = 0.13
