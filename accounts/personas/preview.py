"""How many people a persona fits, and who: of the stored ones by their persona, of one being written by its rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Lower

from accounts.models import ProductUser
from accounts.personas import reading

#: People are counted up to so many; nobody needs to know whether it is 10,000 or 12,000.
COUNTED = 10_000
EXAMPLES = 5
#: Seconds that each of the two questions of `fit` may take: while somebody writes, and when they asked for it.
QUICK, PATIENT = 0.05, 20.0

#: Seconds that the numbers of the list are kept: at a million people they take a quarter of one.
KEPT = 60

#: Changes with what admins do to personas, and with every batch of a run over everybody.
_STATE = """
SELECT md5(concat_ws('|', (SELECT string_agg(p.id::text || p.is_active, ',' ORDER BY p.id) FROM accounts_persona p
                           WHERE p.removed_at IS NULL),
    (SELECT (r.id, r.seen, r.ended_at)::text FROM accounts_profilingrun r ORDER BY r.id DESC LIMIT 1)))
"""
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


class TakesLonger(Exception):
    """The people could not be counted in this time."""


def counts() -> dict[int, int]:
    """Persona id → people and contacts who are it now, at most `COUNTED` of each.

    Kept for `KEPT` seconds, but for what an admin or a run over everybody changes, which shows at once.
    """
    with connection.cursor() as cursor:
        if connection.in_atomic_block:  # what is not committed yet is nobody else's
            cursor.execute(_COUNTS)
            return dict(cursor.fetchall())
        cursor.execute(_STATE)
        key = f"accounts.personas.counts.{cursor.fetchone()[0]}"
        known: dict[int, int] | None = cache.get(key)
        if known is None:
            cursor.execute(_COUNTS)
            known = dict(cursor.fetchall())
            cache.set(key, known, KEPT)
        return known


def fit(said: Mapping[str, Any], *, persona_id: int | None = None, seconds: float = PATIENT) -> Fit:
    """Whom the rule of these fields (`editing.FIELDS`) fits of the people who use the product. Two queries beside the rules'.

    `persona_id`: the stored persona that is being changed; none: a new one, which will be tried first. Raises `TakesLonger` when
    one of the queries takes more than so many seconds.
    """
    rules = reading.refresh()
    with _within(seconds):
        return _fit(said, rules, persona_id)


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout')")
            before = cursor.fetchone()[0]
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{round(seconds * 1000)}ms"])
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "57014":  # query_canceled
            raise TakesLonger from error
        raise


def _fit(said: Mapping[str, Any], rules: reading.Rules, persona_id: int | None) -> Fit:
    sized = ProductUser.objects.annotate(size=Coalesce("employees", "account__employees"))
    rows = sized.filter(_where(said), erased_at=None)
    people = rows.order_by()[: COUNTED + 1].count()
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
