"""How many people a persona fits, and who: of the stored ones by their persona, of one being written by its rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce, Lower

from accounts.models import ProductUser
from accounts.personas import reading

#: People are counted up to so many; nobody needs to know whether it is 10,000 or 12,000.
COUNTED = 10_000
EXAMPLES = 5

_COUNTS = f"""
SELECT p.id, users.n + contacts.n FROM accounts_persona p,
    LATERAL (SELECT count(*) AS n FROM (
        SELECT FROM accounts_productuser u WHERE u.persona_id = p.id LIMIT {COUNTED}) AS few) AS users,
    LATERAL (SELECT count(*) AS n FROM (
        SELECT FROM accounts_contact c WHERE c.persona_id = p.id AND c.removed_at IS NULL LIMIT {COUNTED}) AS few) AS contacts
WHERE p.removed_at IS NULL
"""


@dataclass(frozen=True)
class Example:
    """One of them. `taken_by`: the persona before this one that fits as well, and therefore counts."""

    name: str
    title: str
    account: str
    account_id: int | None
    taken_by: str


@dataclass(frozen=True)
class Fit:
    """`people` is at most `COUNTED`; `is_more` says that there are more."""

    people: int
    is_more: bool
    examples: Sequence[Example]


def counts() -> dict[int, int]:
    """Persona id → people and contacts who are it now, at most `COUNTED` of each. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS)
        return dict(cursor.fetchall())


def fit(said: Mapping[str, Any], *, persona_id: int | None = None) -> Fit:
    """Whom the rule of these fields (`editing.FIELDS`) fits of the people who use the product. Two queries beside the rules'.

    `persona_id`: the stored persona that is being changed; none: a new one, which will be tried first.
    """
    sized = ProductUser.objects.annotate(size=Coalesce("employees", "account__employees"))
    rows = sized.filter(_where(said), erased_at=None)
    people = rows.order_by()[: COUNTED + 1].count()
    rules = reading.refresh()
    place = next((n for n, one in enumerate(rules.personas) if one.id == persona_id), 0)
    before = rules.personas[:place]
    examples = [
        Example(
            str(user),
            user.title,
            user.account.name if user.account else "",
            user.account_id,
            next(
                (one.name for one in before if one.fits(user.seniority, user.department, user.size, user.use_case)),
                "",
            ),
        )
        for user in rows.select_related("account").order_by("pk")[:EXAMPLES]
    ]
    return Fit(min(people, COUNTED), people > COUNTED, examples)


def _where(said: Mapping[str, Any]) -> Q:
    """The rule as SQL; `fitting.PersonaRule.fits` is the same in Python, and a test compares them."""
    known = ~Q(seniority="") | ~Q(department="") | ~Q(use_case="")
    if said.get("seniorities"):
        known &= Q(seniority__in=said["seniorities"])
    if said.get("departments"):
        known &= Q(department__in=said["departments"])
    if said.get("employees_from") is not None:
        known &= Q(size__gte=said["employees_from"])
    if said.get("employees_below") is not None:
        known &= Q(size__lt=said["employees_below"])
    if said.get("use_cases"):
        cases = [" ".join(case.split()).lower() for case in said["use_cases"]]
        known &= Q(pk__in=ProductUser.objects.annotate(case=Lower("use_case")).filter(case__in=cases).values("pk"))
    return known
