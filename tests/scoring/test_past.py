"""Work on the past that pages wait for: asked for once, done by one worker at a time, and honest when it does not get on."""

import datetime as dt

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role, Usage
from scoring import drafts, learnt, matrices, past, tasks
from scoring.models import Definition
from tests.factories import AccountFactory, EventTypeFactory, MemberFactory, ProductUserFactory
from tests.plsapp.running import wait_for

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def home(tmp_path, settings):
    settings.HOME = tmp_path


@pytest.fixture
def sundays(db):
    """Three weeks with usage, none of which was worked out."""
    sundays = matrices.weeks(3)
    begin = dt.datetime.combine(sundays[0] - 30 * DAY, dt.time(), dt.UTC)
    person = ProductUserFactory(account=AccountFactory(), first_seen_at=begin)
    event = EventTypeFactory(name="Task Created")
    for week in sundays:
        Usage.objects.create(user=person, day=week - 2 * DAY, event_type=event, count=2)
    return sundays


@pytest.fixture
def sent():
    """One entry for each task that was sent."""
    return []


@pytest.fixture
def asked(sent):
    return lambda days: past.weeks(days, enqueue=lambda: sent.append("task"))


def later(seconds):
    return time_machine.travel(timezone.now() + dt.timedelta(seconds=seconds), tick=True)


def test_weeks_are_asked_for_once_and_made_by_the_worker(sundays, asked, sent):
    assert [asked(sundays), asked(sundays)] == [past.Past(0, 3, "asked")] * 2
    assert sent == ["task"]
    assert past.work(seconds=20) is False
    assert asked(sundays).is_whole


def test_a_slice_ends_in_time_and_says_that_something_is_left(sundays, asked, sent):
    asked(sundays)
    assert past.work(seconds=0.001) is True
    found = asked(sundays)
    assert (found.state, found.all, sent) == ("working", 3, ["task"])
    assert past.work(seconds=20) is False


def test_a_second_worker_leaves_the_work_to_the_first(sundays, asked):
    asked(sundays)
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [past.WORKING])
        assert past.work(seconds=20) is False
        assert asked(sundays).made == 0
    other.close()  # as when its process is killed
    # The server frees the lock a moment after the connection has ended.
    wait_for(lambda: not past.work(seconds=20) and asked(sundays).is_whole, what="the weeks")


def test_what_is_asked_for_meanwhile_is_made_as_well(sundays, asked, sent):
    asked(sundays[:1])
    asked(sundays[1:])
    past.work(seconds=20)
    assert asked(sundays).is_whole
    assert sent == ["task"]


def test_without_a_worker_the_page_says_so_and_a_lost_task_is_sent_again(sundays, asked, sent):
    asked(sundays)
    with later(past.LATE_AFTER + 5):
        assert asked(sundays).state == "late"
        assert len(sent) == 1
    with later(past.LOST_AFTER + 5):
        assert asked(sundays).state == "late"
        asked(sundays)
        assert len(sent) == 2


def test_a_failure_is_told_and_tried_again_after_a_minute(sundays, asked, sent, settings):
    asked(sundays)
    settings.USAGE_URL = "duckdb:////nowhere/warehouse.db"
    assert past.work(seconds=20) is False
    found = asked(sundays)
    assert found.state == "failed"
    assert found.problem
    assert len(sent) == 1
    settings.USAGE_URL = ""
    with later(past.AGAIN_AFTER + 5):
        assert asked(sundays).state == "asked"
        assert len(sent) == 2
        past.work(seconds=20)
        assert asked(sundays).is_whole


def test_where_the_files_of_the_worker_cannot_be_seen_the_page_makes_its_own(sundays, asked, settings, tmp_path):
    asked(sundays)
    past.work(seconds=20)
    settings.HOME = tmp_path / "another machine"
    found = asked(sundays)
    assert found.made > 0
    assert cache.get(past.KEY)["wanted"] == []


def test_a_draft_waits_for_its_backtest_with_a_bar(sundays, sign_in):
    product = sign_in(Role.PRODUCT)
    draft = drafts.begin(member=MemberFactory(role=Role.PRODUCT))
    where = reverse("draft_backtest", args=[draft.pk])
    assert "about to be worked out" in product.get(where).content.decode()
    tasks.work_on_past()
    assert "about to be" not in (page := product.get(where).content.decode())
    assert "<polyline" in page


def test_weights_that_were_asked_for_too_early_are_offered_when_the_past_is_there(sundays, sign_in):
    product = sign_in(Role.PRODUCT)
    answer = product.post(reverse("learn"), {"do": "propose"})
    assert answer.url == f"{reverse('learn')}?then=propose"
    assert "“Propose weights” is one click" in product.get(answer.url).content.decode()
    tasks.work_on_past()
    assert "The past is worked out" in (page := product.get(answer.url).content.decode())
    assert page.count('value="propose"') == 2
    assert product.post(reverse("learn"), {"do": "propose"}).status_code == 422  # no outcome at all


def test_a_component_that_was_asked_for_too_early_keeps_its_draft(sundays, sign_in):
    product = sign_in(Role.PRODUCT)
    draft = drafts.begin(member=MemberFactory(role=Role.PRODUCT))
    answer = product.post(reverse("learn"), {"feature": "active_users_28", "draft": draft.pk})
    assert answer.url == f"{reverse('learn')}?then=active_users_28&draft={draft.pk}"
    learnt.make()
    page = product.get(answer.url).content.decode()
    assert f'<input type="hidden" name="draft" value="{draft.pk}">' in page
    assert "Add “Active people, 28 days” as a component" in page


def test_what_was_learnt_before_is_shown_until_it_is_learnt_anew(sundays, sign_in):
    learnt.make()
    Definition.objects.filter(state="published").update(note="as before")
    product = sign_in(Role.PRODUCT)
    with time_machine.travel(timezone.now() + 1.1 * DAY, tick=True):
        page = product.get(reverse("learn")).content.decode()
    assert "No outcomes to learn from" in page
    assert "Comparing accounts" not in page


def test_weeks_that_cannot_be_kept_are_told_and_not_made_without_end(sundays, asked, settings):
    (settings.HOME / "matrices").write_text("in the way")
    asked(sundays)
    assert past.work(seconds=5) is False
    told = asked(sundays)
    assert (told.state, told.made) == ("failed", 0)
    assert "is the disk full" in told.problem
