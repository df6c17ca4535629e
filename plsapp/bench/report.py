"""What a benchmark answers: figures for people as a table, and for machines as one JSON object with its targets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Target:
    """A promise: `value` is to be at most (or, with `at_least`, at least) `limit`. A value of none was not measured."""

    name: str
    value: float | None
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.value is None:
            return False
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Report:
    """`sizes`: what was measured on. `figures`: name → number, with its unit in the name (`_seconds`, `_per_second`)."""

    bench: str
    sizes: dict[str, int] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        targets = [
            {"name": target.name, "value": _rounded(target.value), "limit": target.limit, "holds": target.holds}
            for target in self.targets
        ]
        figures = {name: _rounded(value) for name, value in self.figures.items()}
        return {"bench": self.bench, **self.sizes, **figures, "targets": targets}

    def table(self) -> list[str]:
        """Lines for people: sizes, figures, then targets with ✓ or ✗."""
        lines = [f"{name:<48} {_said(value):>16}" for name, value in (self.sizes | self.figures).items()]
        for target in self.targets:
            sign, mark = ("≥" if target.at_least else "≤"), ("✓" if target.holds else "✗")
            lines.append(f"{mark} {target.name:<46} {_said(target.value):>16} {sign} {_said(target.limit)}")
        return lines


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4 if abs(value) < 1 else 2)
    return value


def _said(value: Any) -> str:
    value = _rounded(value)
    return f"{value:,}" if isinstance(value, int | float) else str(value)
