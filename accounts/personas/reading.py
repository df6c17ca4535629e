"""What a title says and which persona somebody is, by the admin's rules first and the built-in ones after them.

Rules are read and compiled once and kept by a mark of their content. `refresh()` reads the mark (one small query) and whatever
changed; who works in batches calls it once a batch, `rate` and `classify` then cost no query.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from django.db import connection, transaction

from accounts import titles
from accounts.models import Persona, TitleRule
from accounts.personas.fitting import PersonaRule
from accounts.personas.library import LIBRARY
from accounts.title_rules import Rule, TitleRules
from accounts.titles import Title

#: An advisory lock of who makes the built-in personas. The number has no meaning.
LOCK = 70_611_021
#: The text of every rule that counts, and the keys of the built-in personas there are, removed ones too.
_MARK = """
SELECT md5(concat_ws('|',
    (SELECT string_agg(r::text, '|' ORDER BY r.id) FROM accounts_titlerule r WHERE r.removed_at IS NULL),
    (SELECT string_agg(p::text, '|' ORDER BY p.id) FROM accounts_persona p WHERE p.removed_at IS NULL))),
    (SELECT array_agg(DISTINCT p.key) FROM accounts_persona p WHERE p.key <> '')
"""


@dataclass(frozen=True, slots=True)
class Rated:
    """The persona that somebody fits (none: no persona does), and the role with how sure it is, 0 to 0.6; `""`: nothing known."""

    persona_id: int | None
    role: str
    confidence: float


@dataclass(frozen=True)
class Rules:
    """All rules of one moment, compiled. Pure once made; safe to use from any thread."""

    mark: str
    titles: TitleRules
    personas: tuple[PersonaRule, ...]
    rate: Callable[[str, str, int | None, str], Rated] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", lru_cache(20_000)(self._rate))

    def effect(self, salt: str) -> str:
        """A mark of all that decides about people, which names and angles of personas do not. 32 characters."""
        said = [
            (
                *(one.id, sorted(one.seniorities), sorted(one.departments), one.employees_from, one.employees_below),
                *(sorted(one.use_cases), one.role, one.confidence),
            )
            for one in self.personas
        ]
        rules = [(rule.kind, rule.value, rule.pattern, rule.is_regex) for rule in self.titles.all]
        return hashlib.sha256(repr((salt, rules, said)).encode()).hexdigest()[:32]

    def _rate(self, seniority: str, department: str, employees: int | None, use_case: str) -> Rated:
        persona = self.persona(seniority, department, employees, use_case)
        if persona is not None and persona.role:
            return Rated(persona.id, persona.role, persona.confidence)
        return Rated(persona.id if persona else None, *titles.buying_role(seniority, department, employees))

    def persona(self, seniority: str, department: str, employees: int | None, use_case: str) -> PersonaRule | None:
        """The first that fits. Somebody of whom nothing is known fits none."""
        if not (seniority or department or use_case):
            return None
        known = (seniority, department, employees, use_case)
        return next((persona for persona in self.personas if persona.fits(*known)), None)


_kept: Rules | None = None
_lock = threading.Lock()


def refresh() -> Rules:
    """The rules as they are in the database now. One query when nothing changed. Makes the built-in personas at need."""
    global _kept
    mark, keys = _mark()
    if not set(LIBRARY) <= set(keys or ()):
        make_built_in()
        mark, keys = _mark()
    kept = _kept
    if kept is None or kept.mark != mark:
        with _lock:
            kept = _kept = _read(mark)
    return kept


def rules() -> Rules:
    """The rules as last read by this process; reads them when none were."""
    return _kept or refresh()


def classify(title: str) -> Title:
    """Seniority and department of a job title: the admin's rules before the built-in ones. No query after `refresh()`."""
    return rules().titles.classify(title)


def rate(*, seniority: str, department: str, employees: int | None = None, use_case: str = "") -> Rated:
    """Persona and buying role of who is known like this; `titles.buying_role` decides where no persona does.

    No query after `refresh()`. Nothing known gives no role and 0.
    """
    return rules().rate(seniority, department, employees, use_case)


def make_built_in() -> None:
    """Makes the built-in personas that are not there yet, after the others in the order. Removed ones stay removed."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Two at once: the second finds everything made.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        known = dict(Persona.objects.values_list("key", "position"))
        first = max(known.values(), default=-1) + 1
        missing = [(key, text) for key, text in LIBRARY.items() if key not in known]
        Persona.objects.bulk_create(
            Persona(
                key=key,
                name=text.name,
                seniorities=list(text.seniorities),
                departments=list(text.departments),
                employees_from=text.employees_from,
                employees_below=text.employees_below,
                use_cases=list(text.use_cases),
                buying_role=text.buying_role,
                confidence=text.confidence,
                angle=text.angle,
                position=first + place,
            )
            for place, (key, text) in enumerate(missing)
        )


def _mark() -> tuple[str, list[str] | None]:
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        mark, keys = cursor.fetchone()
    return mark, keys


def _read(mark: str) -> Rules:
    told = TitleRule.objects.filter(removed_at=None).order_by("position", "pk")
    rows = Persona.objects.filter(removed_at=None, is_active=True).order_by("position", "pk")
    return Rules(
        mark,
        TitleRules([Rule(row.pk, row.kind, row.value, row.pattern, row.is_regex) for row in told]),
        tuple(map(rule_of, rows)),
    )


def rule_of(persona: Persona) -> PersonaRule:
    """The rule that a row says."""
    return PersonaRule(
        persona.pk,
        persona.name,
        frozenset(persona.seniorities),
        frozenset(persona.departments),
        persona.employees_from,
        persona.employees_below,
        frozenset(persona.use_cases),
        persona.buying_role,
        persona.confidence,
    )
