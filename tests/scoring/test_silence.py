import datetime as dt

import numpy as np
import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.models import EventType, Role, Usage
from scoring import defaults, definitions, features, holding, matrices, scored, silence, volumes
from scoring.models import Definition
from tests.factories import AccountFactory, EventTypeFactory, ProductUserFactory

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 1, 5)


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path, settings):
    settings.HOME = tmp_path
    cache.clear()


# The rule, over daily counts ------------------------------------------------------------------------------------------


def silent(counts, others=None):
    counts = np.asarray(counts)
    return silence.silent_from(
        counts, np.full(len(counts), 500) if others is None else np.asarray(others), first=MONDAY
    )


def test_a_steady_event_is_silent_from_the_first_day_without_it():
    assert silent([40, 35, 44, 38, 41, 12, 9] * 5 + [0]) == MONDAY + 35 * DAY


def test_a_weekend_without_a_weekday_event_is_no_silence():
    week = [40, 35, 44, 38, 41, 0, 0]
    assert silent(week * 5) is None
    assert silent([*week * 5, 0]) == MONDAY + 33 * DAY, "the Monday after is; silent since the Saturday"


def test_a_rare_event_or_a_young_one_has_no_steady_history():
    draw = np.random.default_rng(1)
    assert silent([*(draw.random(42) < 0.3).astype(int), 0, 0]) is None
    assert silent([*[0] * 30, *[50] * 12, 0, 0, 0]) is None


def test_few_a_day_need_more_days_of_silence():
    assert silent([3] * 35 + [0] * 2) is None
    assert silent([3] * 35 + [0] * 4) == MONDAY + 35 * DAY


def test_an_event_that_comes_in_bursts_needs_more_days_than_an_even_one():
    draw = np.random.default_rng(2)
    bursts = draw.negative_binomial(0.9, 0.03, 35) + 1
    assert silent([*bursts, 0]) is None
    assert silent([int(bursts.mean())] * 35 + [0]) is not None


def test_a_day_without_the_whole_product_is_not_the_events_silence():
    assert silent([40] * 35 + [0], others=[500] * 35 + [0]) is None
    assert silent([40] * 35 + [0], others=[500] * 35 + [40]) is None, "a holiday"
    assert silent([40] * 35 + [0], others=[500] * 36) is not None


def test_an_event_that_is_there_is_not_silent():
    assert silent([40] * 40) is None
    assert silent([0] * 40) is None


# In the world ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def product():
    """Twelve accounts of four people who do two events a day for eight weeks, up to yesterday."""
    yesterday = timezone.now().date() - DAY
    events = {
        "Task Created": EventTypeFactory(name="Task Created", category="creation"),
        "Report Viewed": EventTypeFactory(name="Report Viewed", category="core"),
    }
    people = []
    for _ in range(12):
        account = AccountFactory()
        people += [ProductUserFactory(account=account, first_seen_at=timezone.now() - 100 * DAY) for _ in range(4)]
    rows = [
        Usage(user=person, day=yesterday - ago * DAY, event_type=event, count=3)
        for person in people
        for event in events.values()
        for ago in range(56)
    ]
    Usage.objects.bulk_create(rows)
    return events, people, yesterday


def fall_silent(event, since):
    Usage.objects.filter(event_type=event, day__gte=since).delete()


def test_an_event_is_marked_and_unmarked_when_it_comes_back(product):
    events, people, yesterday = product
    assert silence.find() == []
    fall_silent(events["Task Created"], yesterday - DAY)
    assert [event.name for event in silence.find()] == ["Task Created"]
    assert EventType.objects.get(name="Task Created").silent_since == yesterday - DAY
    assert silence.find() == [], "told once"
    Usage.objects.create(user=people[0], day=yesterday + DAY, event_type=events["Task Created"], count=1)
    silence.find()
    assert EventType.objects.get(name="Task Created").silent_since is None


def test_what_a_member_accepts_is_not_told_again_until_it_was_back(product):
    events, _, yesterday = product
    gone = events["Task Created"]
    fall_silent(gone, yesterday - DAY)
    silence.find()
    asked: list[int] = []
    silence.accept(event_type_id=gone.pk, enqueue=asked.append)
    assert silence.accept(event_type_id=gone.pk, enqueue=asked.append)[1] is None, "twice is once"
    assert silence.find() == []
    assert holding.held(yesterday + DAY) == []
    again, run = silence.reopen(event_type_id=gone.pk, enqueue=asked.append)
    assert again.silent_since == yesterday - DAY
    assert len(holding.held(yesterday + DAY)) == 1
    assert len(asked) == 2, "both score every account at once"
    assert run.kind == "full"


def test_the_whole_product_going_silent_marks_no_event(product):
    _, _, yesterday = product
    Usage.objects.filter(day__gte=yesterday - DAY).delete()
    assert silence.find() == []


def test_a_new_event_of_the_same_people_is_told_as_its_new_name(product):
    events, people, yesterday = product
    since = yesterday - 2 * DAY
    fall_silent(events["Task Created"], since)
    begun = dt.datetime.combine(since, dt.time(), dt.UTC)
    new = EventTypeFactory(name="task_create", category="creation", first_seen_at=begun)
    EventTypeFactory(name="Other", first_seen_at=begun)
    Usage.objects.bulk_create(Usage(user=who, day=since, event_type=new, count=3) for who in people[:30])
    silence.find()
    found = silence.renamed_to(EventType.objects.get(name="Task Created"))
    assert found.event_type == new
    assert found.users == pytest.approx(30 / 48)
    assert found.likeness > 0.8


def scores(day):
    found = scored.compute(as_of=day, definition=definitions.published())
    return found.now.score.tolist(), found


def test_no_account_drops_while_an_event_of_its_score_is_silent(product):
    events, _, yesterday = product
    today = yesterday + DAY
    for person in product[1]:
        Usage.objects.create(user=person, day=today, event_type=events["Report Viewed"], count=3)
    since = today - 20 * DAY
    good, _ = scores(since - DAY)
    fall_silent(events["Task Created"], since)
    dropped, _ = scores(today)
    assert all(low < high for low, high in zip(dropped, good, strict=True))
    silence.mark(events["Task Created"], since=since, found_on=since + DAY)
    held, found = scores(today)
    assert held == good
    (one,) = holding.held(today)
    assert {"creation_28", "breadth_28", "behaviours_28", "events_28", "active_users_28"} <= one.features
    assert "fit" not in one.features
    assert (one.good_day, one.until) == (since - DAY, since + 27 * DAY)
    assert found.week_ago.score.tolist() == good, "the week before is held too: why now is not the silence"


def test_a_past_day_is_held_as_it_was_then_also_when_the_event_is_back(product):
    events, people, yesterday = product
    gone, today = events["Task Created"], yesterday + DAY
    before = {day: features.matrix(day)["creation_28"].tolist() for day in (yesterday - 9 * DAY, yesterday - 3 * DAY)}
    fall_silent(gone, yesterday - 8 * DAY)
    silence.mark(gone, since=yesterday - 8 * DAY, found_on=yesterday - 6 * DAY)
    Usage.objects.create(user=people[0], day=today, event_type=gone, count=1)
    silence.find()
    assert EventType.objects.get(pk=gone.pk).silent_since is None
    assert holding.held(today) == []
    good = before[yesterday - 9 * DAY]
    assert matrices.of_day(yesterday - 3 * DAY).features["creation_28"].tolist() == good
    assert scores(yesterday - 3 * DAY)[1].features["creation_28"].tolist() == good
    assert matrices.of_day(yesterday - 7 * DAY).features["creation_28"].tolist() < good, "nobody knew of it on that day"


def test_it_is_held_for_28_days_and_not_before_it_fell_silent(product):
    events, _, yesterday = product
    since = yesterday - 30 * DAY
    silence.mark(events["Task Created"], since=since, found_on=since + DAY)
    days = [since - DAY, since, since + DAY, since + 27 * DAY, since + 28 * DAY]
    assert [len(holding.held(day)) for day in days] == [0, 0, 1, 1, 0], "from the day on which it was found"


def test_a_small_event_holds_its_category_and_not_volume(product):
    _events, people, yesterday = product
    small = EventTypeFactory(name="Role Changed", category="admin")
    Usage.objects.create(user=people[0], day=yesterday - 5 * DAY, event_type=small, count=2)
    assert holding.held_features(small, yesterday) == {
        *("admin_28", "breadth_28", "behaviours_28", "days_since_admin", "days_since_behaviour")
    }


def test_volumes_are_those_of_postgresql_also_when_a_file_of_the_mirror_is_broken(product, settings):
    _events, people, yesterday = product
    first = yesterday - 20 * DAY
    Usage.objects.create(user=people[0], day=first, event_type=EventTypeFactory(name="Once"), count=40_000)
    expected = {(pk, day): volume for pk, day, volume in volumes._in_postgresql(first, yesterday)}

    def told():
        known = volumes.daily(first, yesterday)
        return {(pk, first + n * DAY): volume for pk, days in known.items() for n, volume in enumerate(days) if volume}

    assert told() == expected
    next((settings.HOME / "mirror").rglob("*.parquet")).write_bytes(b"PAR1")
    assert told() == expected


def test_what_is_held_is_in_the_catalogue(product):
    events, _, yesterday = product
    for category in ("core", "advanced", "collaboration", "creation", "admin", "intent"):
        event = events["Task Created"]
        event.category, event.signal = category, "invite"
        assert holding.held_features(event, yesterday) <= set(features.BY_KEY)


# The page of events ----------------------------------------------------------------------------------------------------


def test_the_page_warns_and_says_what_to_do_and_a_member_ends_it(product, sign_in):
    events, _, yesterday = product
    fall_silent(events["Task Created"], yesterday - DAY)
    silence.find()
    client = sign_in(Role.PRODUCT)
    page = client.get("/events/").content.decode()
    assert "“Task Created” fell silent" in page
    assert "It feeds Usage, Team size, Features, Velocity, Behaviour" in page
    assert "frozen as of" in page
    assert "What to do" in page
    client.post(f"/events/{events['Task Created'].pk}/silence/")
    page = client.get("/events/").content.decode()
    assert "fell silent" not in page
    assert "Watch again" in page, "also when the toast is gone"
    client.post(f"/events/{events['Task Created'].pk}/silence/?undo=1")
    assert "fell silent" in client.get("/events/").content.decode()
    sales = sign_in(Role.SALES)
    assert "It is over for good" not in sales.get("/events/").content.decode()
    assert sales.post(f"/events/{events['Task Created'].pk}/silence/").status_code == 403


def test_each_event_says_which_components_it_feeds(sign_in):
    EventTypeFactory(name="Ping", category="noise")
    EventTypeFactory(name="Pricing Viewed", category="intent")
    page = sign_in(Role.SALES).get("/events/").content.decode()
    assert page.count("Usage, Team size, Velocity, Behaviour") == 1
    part = {
        "key": "looks",
        "label": "Looks at prices",
        "feature": "intent_28",
        "weight": 1,
        "curve": {"points": [[0, 0], [2, 1]]},
    }
    Definition.objects.filter(state="published").update(spec=defaults.SPEC | {"workspace": {"components": [part]}})
    assert sign_in(Role.SALES).get("/events/").content.decode().count("Velocity, Behaviour, Looks at prices") == 1
