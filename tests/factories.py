"""Rows for tests: `AccountFactory()`, `ProductUserFactory(account=…)`, …"""

import datetime as dt
import math

import factory
from django.db.models import Max
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts import models as accounts
from scoring.breakdown import values_of
from scoring.models import Definition


class MemberFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Member

    email = factory.Sequence(lambda n: f"member{n}@team.example")
    name = factory.Faker("name")
    role = accounts.Role.SALES


class SourceFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Source

    name = factory.Sequence(lambda n: f"Product {n}")


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Account

    name = factory.Sequence(lambda n: f"Company {n}")
    domain = factory.Sequence(lambda n: f"company{n}.com")

    @factory.post_generation
    def with_domain(self, create, extracted, **kwargs):
        if create and self.domain:
            accounts.AccountDomain.objects.create(account=self, domain=self.domain, source="e-mail")


class WorkspaceFactory(DjangoModelFactory):
    class Meta:
        model = accounts.Workspace

    external_id = factory.Sequence(lambda n: f"ws-{n}")
    account = factory.SubFactory(AccountFactory)


class ProductUserFactory(DjangoModelFactory):
    class Meta:
        model = accounts.ProductUser

    key = factory.Sequence(lambda n: f"u:user-{n}")
    name = factory.Faker("name")
    account = factory.SubFactory(AccountFactory)
    first_seen_at = factory.LazyFunction(lambda: timezone.now() - dt.timedelta(days=60))
    last_seen_at = factory.LazyFunction(timezone.now)


class EventTypeFactory(DjangoModelFactory):
    class Meta:
        model = accounts.EventType
        django_get_or_create = ("name",)

    name = factory.Sequence(lambda n: f"Event {n}")
    category = accounts.Category.CORE


def breakdown(contributions, week_ago=(), features=None, *, version=None):
    """What `Score` and `ScoreChange` store of these lists, with a definition of which they are the breakdown.

    `week_ago` None leaves out what only a `Score` has.
    """
    known = {part["feature"]: part["value"] for part in contributions}
    for part in contributions:
        known |= part.get("parts", {})
    known |= features or {}
    before = {part["key"]: part for part in week_ago or ()}
    parts = contributions or [{"key": key, "feature": "fit", "value": None} for key in before]
    stored = {
        "definition": _definition(parts, version),
        "feature_values": values_of(known),
        "effects": [part["effect"] for part in contributions],
    }
    if week_ago is None:
        return stored
    nothing = {"value": None, "effect": 0}
    told = [before.get(part["key"], nothing) for part in parts] if before else []
    return stored | {
        "week_ago_values": [math.nan if part["value"] is None else part["value"] for part in told],
        "week_ago_effects": [part["effect"] for part in told],
    }


def _definition(parts, version):
    """Its curves give these points for these values."""
    if version is not None and (found := Definition.objects.filter(version=version).first()):
        return found
    components = []
    for part in parts:
        value, points, most = part["value"] or 0.0, part.get("points", 1.0), part.get("max_points", 1.0)
        curve = [[value, points]] if points == most else [[value, points], [value + 1_000_000, most]]
        components.append(
            {
                "key": part["key"],
                "label": part.get("label", part["key"]),
                "feature": part["feature"],
                "weight": part.get("weight", 1.0),
                "curve": {"kind": "step", "points": curve},
            }
        )
    if version is None:
        version = 1 + max(902, Definition.objects.aggregate(last=Max("version"))["last"] or 0)
    return Definition.objects.create(version=version, name="For tests", spec={"components": components})
