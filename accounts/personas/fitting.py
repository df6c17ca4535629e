"""Whether somebody is a persona. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PersonaRule:
    """The rule of one persona. Empty sets and None fit anybody; a bound of the size fits only who has a known one."""

    id: int
    name: str
    seniorities: frozenset[str]
    departments: frozenset[str]
    employees_from: int | None
    employees_below: int | None
    use_cases: frozenset[str]
    role: str
    confidence: float
    _cases: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cases", frozenset(map(_plain, self.use_cases)))

    def fits(self, seniority: str, department: str, employees: int | None, use_case: str) -> bool:
        """Whether all parts of the rule fit. Use cases are compared without case and outer spaces."""
        if self.seniorities and seniority not in self.seniorities:
            return False
        if self.departments and department not in self.departments:
            return False
        if self.employees_from is not None and (employees is None or employees < self.employees_from):
            return False
        if self.employees_below is not None and (employees is None or employees >= self.employees_below):
            return False
        return not self._cases or _plain(use_case) in self._cases


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
