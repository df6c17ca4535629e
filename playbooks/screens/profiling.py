"""How much is known of the people who use the product, and the questions whose answers would settle most accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ProfilingDay
from scoring.models import BuyerState, Score, Tier

#: Accounts to ask first.
ACCOUNTS = 20


@dataclass(frozen=True)
class Trait:
    """What is known of how many. `share` is 0 to 100; `traits` are the names that identify calls carry."""

    key: str
    label: str
    traits: str
    n: int
    share: float


@dataclass(frozen=True)
class Question:
    """`accounts` would be settled by the answer, `warm` of them in the upper two tiers."""

    key: str
    question: str
    why: str
    traits: str
    warm: int
    accounts: int
    href: str


@dataclass(frozen=True)
class ToAsk:
    id: int
    name: str
    score: int | None
    tier: str
    words: str
    share: float


@dataclass(frozen=True)
class ProfilingPage:
    """`course` is what the chart draws, empty below two days."""

    counted_at: dt.datetime
    people: int
    share: float
    finding: str
    traits: list[Trait]
    questions: list[Question]
    accounts: list[ToAsk]
    course: dict[str, Any]
    table: list[tuple[dt.date, int, float]]


TRAITS = {
    "title": "title, jobTitle, position",
    "seniority": "seniority, level",
    "department": "department",
    "employees": "employees, company.employees",
    "use_case": "useCase, use_case, goal",
}


def page(newest: ProfilingDay, course: Sequence[ProfilingDay]) -> ProfilingPage:
    people = newest.counts["people"]
    n = people["people"]
    labels = {
        "title": _("Title"),
        "seniority": _("Seniority"),
        "department": _("Department"),
        "employees": _("Company size"),
        "use_case": _("Use case"),
    }
    share = _share(people["profiled"], n)
    table = [(day.day, day.counts["people"]["people"], _share_of(day)) for day in course]
    return ProfilingPage(
        counted_at=newest.at,
        people=n,
        share=share,
        finding=_("%(share)d %% of the active people are profiled") % {"share": share} if n else _("Nobody was active"),
        traits=[Trait(key, label, TRAITS[key], people[key], _share(people[key], n)) for key, label in labels.items()],
        questions=_questions(newest.counts["accounts"]),
        accounts=_to_ask(),
        course={
            "points": [[day.isoformat(), known] for day, _n, known in table],
            "unit": _("profiled, percent"),
        }
        if len(table) > 1
        else {},
        table=table[::-1],
    )


def _share(n: int, of: int) -> float:
    return round(100 * n / of, 1) if of else 0.0


def _share_of(day: ProfilingDay) -> float:
    return _share(day.counts["people"]["profiled"], day.counts["people"]["people"])


def _questions(counts: dict[str, int]) -> list[Question]:
    told = [
        (
            "title",
            _("What is your role?"),
            _("Fewer than half of the active people have a title or a seniority: whether there is a buyer is unknown."),
            "/accounts/?buyer=unknown",
        ),
        (
            "employees",
            _("How many people work at your company?"),
            _("Without its size an account has no segment, and routing takes it for none."),
            "/accounts/?segment=unknown",
        ),
        (
            "department",
            _("Which department are you in?"),
            _("A leader is known, but not of what: with the department it is plain whether they buy."),
            "/accounts/?buyer=none",
        ),
        (
            "use_case",
            _("What do you want to do with it?"),
            _("Nobody said it: personas that go by use case, and what to say first, wait for it."),
            "",
        ),
    ]
    found = [
        Question(key, question, why, TRAITS[key], counts[f"{key}_warm"], counts[key], href)
        for key, question, why, href in told
    ]
    # The use case tells what to say, not whether to: it comes after what settles a buyer or a segment.
    return sorted(found, key=lambda one: (one.key == "use_case", -one.warm, -one.accounts))


def _to_ask() -> list[ToAsk]:
    """The warmest accounts of which too little is known. One query."""
    scores = Score.objects.filter(
        buyer_state=BuyerState.UNKNOWN,
        tier__in=[Tier.PQA, Tier.ACTIVATE],
        score__isnull=False,
        account__merged_into=None,
    )
    scores = scores.select_related("account", "definition").order_by(F("score").desc(), "account_id")[:ACCOUNTS]
    rows = []
    for score in scores:
        active = int(score.features.get("active_users_28") or 0)
        known = int(score.features.get("profiled_active") or 0)
        words = ngettext("%(known)d of %(n)d active person", "%(known)d of %(n)d active people", active)
        rows.append(
            ToAsk(
                score.account_id,
                score.account.name,
                score.score,
                score.tier,
                words % {"known": known, "n": active},
                _share(known, active),
            )
        )
    return rows
