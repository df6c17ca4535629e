"""Rows for tests: `AccountFactory()`, `ProductUserFactory(account=…)`, …"""

import datetime as dt

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts import models as accounts


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
