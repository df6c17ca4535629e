"""The page "What matters": features of accounts with an outcome beside the others, and what can be made of them."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, Usage
from scoring import drafts, learnt, matrices
from scoring.models import Definition, Outcome
from tests.factories import AccountFactory, EventTypeFactory, MemberFactory, ProductUserFactory

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    settings.HOME = tmp_path


@pytest.fixture
def world(db):
    """Six accounts that were won after a busy week, and twelve that were not."""
    event = EventTypeFactory(name="Task Created")
    sundays = matrices.weeks(12, until=timezone.now().date() - 91 * DAY)
    begin = dt.datetime.combine(sundays[0] - 30 * DAY, dt.time(), dt.UTC)
    for place in range(18):
        is_won = place < 6
        account = AccountFactory()
        people = ProductUserFactory.create_batch(8 if is_won else 1 + place % 3, account=account, first_seen_at=begin)
        for person in people:
            for week in sundays:
                Usage.objects.create(user=person, day=week - 2 * DAY, event_type=event, count=2 + place)
        if is_won:
            Outcome.objects.create(account=account, kind="won", at=timezone.now() - (60 + 5 * place) * DAY)
    learnt.make()


@pytest.fixture
def product(sign_in):
    return sign_in(Role.PRODUCT)


def added(client, **more):
    answer = client.post(reverse("learn"), {"feature": "active_users_28"} | more)
    assert answer.status_code == 302
    draft = Definition.objects.get(pk=int(answer.url.rstrip("/").rpartition("/")[2]))
    return draft, [component["feature"] for component in draft.spec["components"]]


def test_the_page_tells_which_features_come_before_an_outcome(world, product):
    page = product.get(reverse("learn")).content.decode()
    assert "6 accounts with an outcome against " in page
    assert "Active people, 28 days" in page
    assert "Task Created" in page


def test_a_feature_becomes_a_component_of_a_new_draft(world, product):
    draft, features = added(product)
    assert features[-1] == "active_users_28"
    last = draft.spec["components"][-1]
    assert last["weight"] > 0
    assert len(last["curve"]["points"]) > 1


def test_a_feature_becomes_a_component_of_the_draft_that_is_named(world, product):
    mine = drafts.begin(member=MemberFactory(role=Role.PRODUCT))
    draft, features = added(product, draft=mine.pk)
    assert draft.pk == mine.pk
    assert len(features) == len(mine.spec["components"]) + 1


def test_too_few_outcomes_give_no_weights_and_the_page_says_so(world, product):
    answer = product.post(reverse("learn"), {"do": "propose"})
    assert answer.status_code == 422
    assert "No weights are proposed" in answer.content.decode()
    assert not Definition.objects.filter(state="draft").exists()


def test_sales_reads_and_changes_nothing(world, sign_in):
    sales = sign_in(Role.SALES)
    assert sales.get(reverse("learn")).status_code == 200
    assert sales.post(reverse("learn"), {"do": "propose"}).status_code == 403


def test_without_outcomes_the_page_says_how_they_come(product):
    learnt.make()
    assert "No outcomes to learn from" in product.get(reverse("learn")).content.decode()
