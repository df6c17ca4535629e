"""A believable sales team on a Tuesday morning, written straight into the tables: for browser tests and for looking at pages.

`fill()` makes members (password `PASSWORD`), fourteen accounts with people, usage, signals, scores and queue items.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from accounts.models import (
    Account,
    AccountDomain,
    BuyingRole,
    Category,
    EventType,
    Member,
    Membership,
    ProductUser,
    Role,
    Signal,
    Source,
    Usage,
    Workspace,
)
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.routing import is_customer
from scoring import defaults
from scoring.breakdown import values_of
from scoring.models import Definition, Score, ScoreChange

PASSWORD = "a long enough password"

EVENTS = {
    "Report Created": "creation",
    "Dashboard Opened": "core",
    "Query Run": "core",
    "Export Scheduled": "advanced",
    "SSO Configured": "admin",
    "Invitation Sent": "collaboration",
    "Pricing Viewed": "intent",
}
PARTS = [
    ("usage", "Usage", "weekly_active_days", 25, 20),
    ("team", "Team size", "active_users_28", 25, 35),
    ("features", "Features", "breadth_28", 20, 45),
    ("velocity", "Velocity", "growth", 10, 20),
    ("behaviour", "Behaviour", "behaviours_28", 12, 12),
    ("fit", "Fit", "fit", 8, 90),
]


@dataclass
class Company:
    name: str
    domain: str
    score: int | None
    delta: int | None
    tier: str
    why: str
    people: list[tuple[str, str, str, float]] = field(default_factory=list)
    segment: str = "mid_market"
    employees: int | None = 412
    plan: str = ""
    buyer: str = "likely"
    step: str = "Call the buyer: ask what the team does next with it"
    hand: str = ""
    active: int = 9
    entered_hours: float = 30
    motion: str = "sales"
    signals: list[tuple[str, float, str, int]] = field(default_factory=list)
    mark: str = ""


BUYER, CHAMPION, EVALUATOR = BuyingRole.ECONOMIC_BUYER, BuyingRole.CHAMPION, BuyingRole.EVALUATOR

COMPANIES = [
    Company(
        "Northwind Robotics",
        "northwind.example",
        91,
        14,
        "pqa",
        "Team grew from 5 to 11 active people in 28 days (+9) and pricing was opened 3 times (+3)",
        [
            ("Dana Ortiz", "VP Engineering", BUYER, 0.78),
            ("Marek Kolar", "Senior engineer", CHAMPION, 0.52),
            ("Ifeoma Obi", "Platform engineer", EVALUATOR, 0.61),
            ("Tom Varga", "Data engineer", "", 0.0),
        ],
        plan="Team",
        hand="SSO for 40 people?",
        active=11,
        entered_hours=2.2,
        signals=[
            ("hand_raise", 2, "SSO for 40 people?", 1),
            ("admin_switch", 110, "Admin switched to Dana Ortiz", 1),
            ("pricing", 130, "", 3),
            ("invite", 150, "", 6),
        ],
    ),
    Company(
        "Bluefin Analytics",
        "bluefin.example",
        76,
        11,
        "activate",
        "Hand raised: “need SSO for 40 seats before March”",
        [("Ines Costa", "Operations manager", CHAMPION, 0.66)],
        segment="smb",
        employees=86,
        buyer="unknown",
        step="Answer the raised hand today",
        hand="need SSO for 40 seats before March",
        active=6,
        entered_hours=0.4,
        signals=[("hand_raise", 0.4, "need SSO for 40 seats before March", 1)],
    ),
    Company(
        "Halcyon Health",
        "halcyon.example",
        88,
        6,
        "pqa",
        "Admin switched on Tuesday; terms were read twice (+4)",
        [("Priya Raman", "IT Director", BUYER, 0.94), ("Jon Eide", "Clinical analyst", CHAMPION, 0.44)],
        segment="enterprise",
        employees=5400,
        buyer="confirmed",
        active=16,
        entered_hours=26,
        signals=[("admin_switch", 96, "", 1), ("terms", 40, "", 2)],
    ),
    Company(
        "Meridian Freight",
        "meridianfreight.example",
        86,
        2,
        "pqa",
        "14 active people in 28 days in two workspaces; core and advanced features in use",
        [("Kenji Mori", "", "", 0.0), ("Lotte Jansen", "", CHAMPION, 0.4)],
        buyer="unknown",
        active=14,
        step="Confirm the buyer: ask Lotte Jansen who signs off",
        entered_hours=27,
        employees=730,
    ),
    Company(
        "Copperleaf Studio",
        "copperleaf.example",
        84,
        9,
        "pqa",
        "The 7th active person joined; 6 invitations were sent by one champion (+6)",
        [("Sam Ito", "Head of Design", BUYER, 0.64), ("Ruth Abara", "Designer", CHAMPION, 0.58)],
        active=7,
        entered_hours=29,
        employees=240,
        signals=[("invite", 20, "", 6), ("buyer_joined", 48, "Sam Ito", 1)],
    ),
    Company(
        "Atlas Cartography",
        "atlascarto.example",
        82,
        0,
        "pqa",
        "Steady: 5.1 active days a week and 9 active people in 28 days",
        [("Lea Brandt", "CTO", BUYER, 0.95)],
        buyer="confirmed",
        plan="Business",
        active=9,
        entered_hours=50,
        step="Expansion: they pay for 6 seats and 9 people are active",
    ),
    Company(
        "Juniper Legal",
        "juniperlegal.example",
        80,
        5,
        "pqa",
        "Security page and SSO settings were opened by an admin (+4)",
        [("Omar Haddad", "Procurement lead", BUYER, 0.71)],
        segment="enterprise",
        employees=2100,
        active=5,
        entered_hours=52,
        signals=[("terms", 30, "Security page", 1)],
    ),
    Company(
        "Fjord Instruments",
        "fjord.example",
        83,
        -3,
        "pqa",
        "Holding with 12 active people in 28 days, but fewer active days (−3)",
        [("Siri Dahl", "Finance Director", BUYER, 0.69)],
        active=12,
        entered_hours=120,
    ),
    Company(
        "Ostrava Steelworks Digital Manufacturing and Maintenance Group",
        "ostrava-steelworks.example",
        81,
        4,
        "pqa",
        "10 kinds of events in 28 days (+3) and growth of +38 % against the period before (+1)",
        [("Jana Novotna", "Vice President of Manufacturing Systems and Digital Transformation", BUYER, 0.81)],
        segment="enterprise",
        employees=12800,
        active=21,
        entered_hours=60,
    ),
    Company(
        "Lumen Grid",
        "lumengrid.example",
        81,
        1,
        "pqa",
        "Steady: 8 active people in 28 days",
        [("Aya Sato", "", "", 0.0)],
        buyer="unknown",
        active=8,
        entered_hours=72,
        mark="The score is 73 now",
    ),
    Company(
        "Quill & Co",
        "quill.example",
        80,
        None,
        "pqa",
        "New with 7 active people in 28 days and 5.5 active days a week",
        [("Bea Lindt", "COO", BUYER, 0.9)],
        buyer="confirmed",
        active=7,
        entered_hours=12,
        employees=310,
    ),
    Company(
        "Pelican Media",
        "pelican.example",
        68,
        3,
        "activate",
        "4 active people in 28 days (+3)",
        [("Nils Berg", "Editor", "", 0.2)],
        buyer="unknown",
        motion="success",
        active=4,
        entered_hours=20,
        step="Ask the profiling questions",
    ),
    Company(
        "Tern Logistics",
        "tern.example",
        85,
        4,
        "pqa",
        "13 active people in 28 days (+4)",
        [("Ola Wiik", "Dispatcher", "", 0.1), ("Max Frei", "Analyst", CHAMPION, 0.4)],
        buyer="none",
        motion="marketing",
        active=13,
        entered_hours=31,
        step="Find the buyer",
    ),
    Company(
        "Dusty Archive",
        "dusty.example",
        None,
        None,
        "self_serve",
        "",
        [("Eli Roth", "", "", 0.0)],
        segment="unknown",
        employees=None,
        buyer="unknown",
        motion="",
        active=0,
    ),
]


def fill() -> dict[str, Any]:
    """Writes the scene; returns `{"members": {role: Member}, "accounts": {name: Account}, "items": {name: QueueItem}}`."""
    now = timezone.now()
    members = {
        role: Member.objects.create_user(f"{role}@team.example", PASSWORD, name=name, role=role)
        for role, name in [
            (Role.SALES, "Robin Falk"),
            (Role.SUCCESS, "Uma Kaur"),
            (Role.MARKETING, "Theo Lang"),
            (Role.PRODUCT, "Pia Roos"),
            (Role.ADMIN, "Ada Min"),
        ]
    }
    colleague = Member.objects.create_user("kim@team.example", PASSWORD, name="Kim Adeyemi", role=Role.SALES)
    members["colleague"] = colleague
    Source.objects.get_or_create(name="Product")
    events = {
        name: EventType.objects.get_or_create(
            name=name,
            defaults={"category": Category(category), "signal": "invite" if name == "Invitation Sent" else ""},
        )[0]
        for name, category in EVENTS.items()
    }
    definition = Definition.objects.filter(state="published").first() or Definition.objects.create(
        version=901, name="Default", state="published", spec=defaults.SPEC
    )
    accounts, items = {}, {}
    for number, company in enumerate(COMPANIES):
        account = Account.objects.create(
            name=company.name, domain=company.domain, employees=company.employees, plan=company.plan, industry=""
        )
        AccountDomain.objects.create(account=account, domain=company.domain, source="e-mail")
        spaces = [
            Workspace.objects.create(
                external_id=f"ws-{number}-{index}",
                name=f"{company.name.split()[0]} {label}",
                account=account,
                plan=company.plan,
            )
            for index, label in enumerate(["main", "staging"][: 1 + number % 2])
        ]
        users = _people(company, account, spaces[0], number, now)
        _usage(company, users, spaces[0], events, number, now)
        for kind, hours, detail, count in company.signals:
            Signal.objects.create(
                kind=kind,
                at=now - dt.timedelta(hours=hours),
                user=users[0],
                workspace=spaces[0],
                detail=detail,
                count=count,
                key=uuid.uuid4(),
            )
        _score(company, account, definition, now)
        if company.motion:
            items[company.name] = _item(company, account, users, now)
        accounts[company.name] = account
    taken = items["Fjord Instruments"]
    QueueItem.objects.filter(pk=taken.pk).update(
        state="claimed", owner=colleague, claimed_at=now - dt.timedelta(hours=5), updated_at=now
    )
    QueueItemEvent.objects.create(item=taken, at=now - dt.timedelta(hours=5), verb="claimed", actor=colleague)
    for name in ("Juniper Legal", "Lumen Grid"):
        mine = items[name]
        QueueItem.objects.filter(pk=mine.pk).update(
            state="claimed", owner=members[Role.SALES], claimed_at=now - dt.timedelta(hours=20), updated_at=now
        )
        QueueItemEvent.objects.create(
            item=mine, at=now - dt.timedelta(hours=20), verb="claimed", actor=members[Role.SALES]
        )
    return {"members": members, "accounts": accounts, "items": items}


def _people(company: Company, account: Account, space: Workspace, number: int, now: dt.datetime) -> list[ProductUser]:
    told = company.people + [
        (name, "", "", 0.0)
        for name in [
            "Alex Moor",
            "Noa Stein",
            "Iva Petrova",
            "Ben Okoro",
            "Mia Larsen",
            "Raj Patel",
            "Zoe Marsh",
            "Liam Byrne",
            "Elif Kaya",
            "Hugo Blanc",
            "Nina Wolf",
            "Omid Azar",
            "Sara Lund",
            "Leo Costa",
            "Emma Voss",
            "Yara Haddad",
            "Paul Meier",
            "Kaya Ito",
            "Finn Olsen",
            "Rosa Vidal",
        ][: max(0, company.active - len(company.people))]
    ]
    users = []
    for index, (name, title, role, confidence) in enumerate(told):
        user = ProductUser.objects.create(
            key=f"u:{number}-{index}",
            name=name,
            email=f"{name.split()[0].lower()}@{company.domain}",
            title=title,
            buying_role=role,
            buying_confidence=confidence,
            account=account,
            first_seen_at=now - dt.timedelta(days=90 - index * 4),
            last_seen_at=now - dt.timedelta(hours=3 + index * 5),
        )
        Membership.objects.create(user=user, workspace=space, first_seen_at=user.first_seen_at)
        users.append(user)
    return users


def _usage(
    company: Company,
    users: list[ProductUser],
    space: Workspace,
    events: dict[str, EventType],
    number: int,
    now: dt.datetime,
) -> None:
    rows = []
    for back in range(182 if company.active else 0):
        day = (now - dt.timedelta(days=back)).date()
        if day.weekday() > 4:
            continue
        present = max(1, round(company.active * (1 - back / 230) ** 1.6))
        for index, user in enumerate(users[:present]):
            if (back + index * 3 + number) % 3 == 0 and back:
                continue
            for name, every in zip(events, [5, 1, 2, 6, 23, 11, 17], strict=True):
                if name == "Invitation Sent" and user.buying_role != CHAMPION:
                    continue
                if (back + index + number) % every == 0:
                    count = 1 + round(3 * abs(math.sin(back + index + number)))
                    rows.append(Usage(user=user, day=day, event_type=events[name], workspace_id=space.pk, count=count))
    Usage.objects.bulk_create(rows, batch_size=2000)


def _effects(score: int, tilt: float) -> list[int]:
    """Of the six parts of the default definition; they add up to the score."""
    shares = [0.96, 1.0, 0.86, 0.82, 0.7, 0.6]
    raw = [
        weight * share * (1 + tilt * (index == 1))
        for index, ((_, _, _, weight, _), share) in enumerate(zip(PARTS, shares, strict=True))
    ]
    effects = [round(score * value / sum(raw)) for value in raw]
    effects[1] += score - sum(effects)
    return effects


def _score(company: Company, account: Account, definition: Definition, now: dt.datetime) -> None:
    values = {
        "active_users_28": float(company.active),
        "weekly_active_days": 5.2,
        "breadth_28": 6.0,
        "growth": 0.64,
        "behaviours_28": 3.0,
        "fit": 75.0,
    }
    before = company.score - company.delta if company.score and company.delta is not None else None
    Score.objects.create(
        account=account,
        score=company.score,
        tier=company.tier,
        segment=company.segment,
        buyer_state=company.buyer,
        effects=_effects(company.score, 0.0) if company.score else [],
        week_ago_score=before,
        week_ago_values=[5.0 if part[2] == "active_users_28" else values[part[2]] for part in PARTS] if before else [],
        week_ago_effects=_effects(before, -0.25) if before else [],
        feature_values=values_of(
            {
                **values,
                "people": float(company.active + 3),
                "profiled_active": float(min(4, company.active)),
                "days_since_last_use": 0.0 if company.active else None,
            }
        ),
        hand_raised_at=now - dt.timedelta(hours=company.entered_hours) if company.hand else None,
        definition=definition,
        scored_at=now - dt.timedelta(minutes=4),
        tier_since=now - dt.timedelta(days=4),
    )
    if company.score is None:
        return
    for back in range(20, -1, -1):
        score = max(1, company.score - (round(back * 1.7 + 3 * math.sin(back)) if back else 0))
        ScoreChange.objects.create(
            account=account,
            at=now - dt.timedelta(days=back * 4),
            definition=definition,
            score=score,
            tier="pqa" if score >= 80 else "activate" if score >= 60 else "self_serve",
            segment=company.segment,
            buyer_state=company.buyer,
        )


def _item(company: Company, account: Account, users: list[ProductUser], now: dt.datetime) -> QueueItem:
    entered = now - dt.timedelta(hours=company.entered_hours)
    named = company.people and company.people[0][2] == BUYER
    champion = next((users[index] for index, person in enumerate(company.people) if person[2] == CHAMPION), None)
    signal = min(company.signals, key=lambda each: each[1]) if company.signals else None
    item = QueueItem.objects.create(
        account=account,
        motion=company.motion,
        entered_at=entered,
        updated_at=now,
        priority=(1000 if company.hand else 0) + (company.score or 0) + max(company.delta or 0, 0) / 2,
        score=company.score,
        delta=company.delta,
        tier=company.tier,
        segment=company.segment,
        buyer_state=company.buyer,
        hand_raised_at=entered if company.hand else None,
        is_expansion=is_customer(company.plan),
        why_now=company.why,
        first_step=company.step,
        mark=company.mark,
        buyer=users[0] if named else None,
        champion=champion,
        last_signal=signal[0] if signal else "",
        last_signal_at=now - dt.timedelta(hours=signal[1]) if signal else None,
        last_signal_text=signal[2] if signal else "",
    )
    QueueItemEvent.objects.create(item=item, at=entered, verb="entered", detail=company.why)
    return item
