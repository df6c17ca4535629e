import datetime as dt
import logging

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import EventType, ProductUser
from scoring import features, matrices, matrix_files, runs, shards, silence
from scoring.before import BUYER_STATES, SEGMENTS
from scoring.breakdown import KEYS
from scoring.models import Score, ScoringRun
from tests.factories import AccountFactory
from tests.feed import load, track
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


def names():
    return matrix_files.names()


def ago(days):
    return timezone.now().date() - dt.timedelta(days=days)


def assert_same(snapshot, matrix):
    assert set(snapshot.features) == set(matrix)
    for key in ("account_id", *KEYS):
        assert snapshot.features[key].dtype == (np.int64 if key == "account_id" else np.float64)
        assert np.array_equal(snapshot.features[key], matrix[key], equal_nan=True), key


def test_a_full_run_keeps_the_features_it_saw():
    team("acme.com", people=2, days=[1, 2], employees=300)
    team("other.com", people=1, days=[40])
    run = runs.score_all()
    snapshot = matrices.latest()
    assert snapshot.as_of == run.as_of
    scores = {score.pk: score for score in Score.objects.all()}
    assert snapshot.account_id.tolist() == sorted(scores)
    for row, account in enumerate(snapshot.account_id.tolist()):
        kept = [snapshot.features[key][row] for key in KEYS]
        assert np.array_equal(kept, scores[account].feature_values, equal_nan=True)
        assert SEGMENTS[snapshot.segment[row]] == scores[account].segment
        assert BUYER_STATES[snapshot.buyer_state[row]] == scores[account].buyer_state


def test_the_newest_is_replaced_by_the_next_full_run_and_not_by_scoring_the_changed():
    team(people=1, days=[1])
    runs.score_all()
    first = matrices.latest()
    load(track("0@acme.com"))
    runs.score_changed()
    assert matrices.latest() is first
    runs.score_all()
    assert matrices.latest().features["events_28"][0] == first.features["events_28"][0] + 1
    assert len(names()) == 1


def test_without_a_full_run_the_newest_are_the_features_of_now():
    team(people=2, days=[1])
    assert_same(matrices.latest(), features.matrix(timezone.now().date()))


def test_the_shards_of_a_run_make_one_matrix():
    for number in range(5):
        team(f"c{number}.com", people=1, days=[1])
    run = runs.begin("full")
    ids = []
    shards.split(run, shards=3, enqueue=ids.append)
    for shard in ids:
        shards.score_shard(shard)
    assert len(names()) == 1
    assert_same(matrices.latest(), features.matrix(timezone.now().date()))


def test_a_past_day_is_computed_once_and_mapped_into_memory(monkeypatch):
    team(people=3, days=range(10, 20))
    day = ago(9)
    assert matrices.missing([day]) == [day]
    first = matrices.of_day(day)
    assert_same(first, features.matrix(day))
    assert matrices.missing([day]) == []
    monkeypatch.setattr(matrices, "_open", type(matrices._open)())
    monkeypatch.setattr(features, "pair", None)
    again = matrices.of_day(day)
    assert again is not first
    assert not again.features.narrow()["active_users_28"].flags.owndata


def test_late_usage_makes_the_days_anew_that_it_concerns():
    team(people=1, days=[30])
    concerned, before = ago(20), ago(35)
    load(track("0@acme.com", days_ago=50))
    for day in (concerned, before):
        matrices.of_day(day)
    load(track("0@acme.com", "Query Run", days_ago=25))
    assert matrices.missing([before, concerned]) == [concerned]
    assert matrices.of_day(concerned).features["events_28"].sum() == features.matrix(concerned)["events_28"].sum()
    assert len([name for name in names() if name.startswith(concerned.isoformat())]) == 1


def test_another_category_of_an_event_makes_the_days_anew():
    team(people=1, days=[30])
    matrices.of_day(ago(20))
    EventType.objects.filter(name="Query Run").update(category="noise")
    assert matrices.missing([ago(20)]) == [ago(20)]


def test_a_silent_event_makes_the_days_anew_in_which_its_features_are_held():
    team(people=2, days=range(10, 60))
    before, after = ago(30), ago(6)
    for day in (before, after):
        matrices.of_day(day)
    silence.mark(EventType.objects.get(name="Teammate Invited"), since=ago(9), found_on=ago(8))
    assert matrices.missing([before, after]) == [after]
    assert matrices.of_day(after).features["invites_28"] == matrices.of_day(ago(10)).features["invites_28"]


@pytest.mark.parametrize("fact", ["account", "title", "company"])
def test_a_corrected_identity_makes_past_days_anew_when_they_are_made_next(fact):
    account = team(people=1, days=[30])
    day, later = ago(20), timezone.now() - dt.timedelta(days=2)
    matrices.make([day])
    made = names()
    matrices.make([day])
    assert names() == made
    person = ProductUser.objects.filter(account=account)
    if fact == "account":
        person.update(account=AccountFactory())
    elif fact == "title":
        person.update(title="CTO", profiled_at=later)  # known since after the day: nothing to do
        matrices.make([day])
        assert names() == made
        person.update(profiled_at=timezone.now() - dt.timedelta(days=25))
    else:
        type(account).objects.filter(pk=account.pk).update(employees=70, employees_at=later - dt.timedelta(days=40))
    matrices.make([day])
    assert names() != made
    assert_same(matrices.of_day(day), features.matrix(day))


def test_a_day_before_any_usage_has_no_accounts_and_no_file():
    team(people=1, days=[3])
    snapshot = matrices.of_day(ago(100))
    assert len(snapshot) == len(snapshot.account_id) == len(snapshot.features["fit"]) == 0
    assert matrices.missing([ago(100)]) == names() == []


def test_a_day_to_come_is_refused():
    with pytest.raises(ValueError, match="future"):
        matrices.of_day(ago(-1))


@pytest.mark.parametrize("content", [b"", b"ARROW1 and no more"])
def test_a_broken_file_is_made_anew(content, monkeypatch, caplog):
    team(people=1, days=[30])
    expected = matrices.of_day(ago(20)).features["events_28"].tolist()
    monkeypatch.setattr(matrices, "_open", type(matrices._open)())
    (matrix_files.folder() / names()[0]).write_bytes(content)
    assert matrices.of_day(ago(20)).features["events_28"].tolist() == expected
    assert "made anew" in caplog.text
    assert matrix_files.read(names()[0]) is not None


def test_a_folder_that_cannot_be_written_is_a_warning_and_the_run_is_done(caplog):
    account = team(people=1, days=[1])
    matrix_files.folder().write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        run = runs.score_all()
    assert ScoringRun.objects.get(pk=run.pk).state == "done"
    assert Score.objects.filter(account=account).exists()
    assert "were not kept" in caplog.text
    assert matrices.latest().account_id.tolist() == [account.pk]
    assert len(matrices.of_day(ago(0))) == 1


def test_old_weeks_and_odd_days_are_removed_and_other_files_stay():
    team(people=1, days=[30])
    matrices.make([sunday := matrices.weeks(1)[0], odd := sunday - dt.timedelta(days=3)])
    for name in ("2020-01-05.a.b.arrow", "notes.txt"):
        (matrix_files.folder() / name).write_text("old")
    matrices.prune()
    assert [name[:10] for name in names()] == [odd.isoformat(), sunday.isoformat()]
    assert (matrix_files.folder() / "notes.txt").exists()


def test_weeks_end_on_sundays_up_to_yesterday():
    days = matrices.weeks(3, until=dt.date(2026, 11, 21))
    assert days == [dt.date(2026, 11, 1), dt.date(2026, 11, 8), dt.date(2026, 11, 15)]
    assert matrices.weeks(1, until=dt.date(2026, 11, 15)) == [dt.date(2026, 11, 15)]
    assert matrices.weeks(1)[0] < timezone.now().date()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 127, -128], np.int8),
        ([0, 128], np.int16),
        ([-40_000], np.int32),
        ([2.0**40], np.float32),
        ([2.0**40 + 1], np.float64),
        ([0.25, np.nan], np.float32),
        ([0.1, np.nan], np.float64),
        ([1, np.nan], np.float32),
        ([np.inf, 1], np.float32),
        ([1e300], np.float64),
        ([], np.int8),
    ],
)
def test_columns_are_as_narrow_as_they_can_be_and_lose_nothing(values, kind):
    whole = np.array(values, dtype=np.float64)
    narrow = matrix_files.narrowed("fit", whole)
    assert narrow.dtype == kind
    assert np.array_equal(narrow.astype(np.float64), whole, equal_nan=True)
