import datetime as dt
import io
import threading
import time

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts import changes
from accounts.models import AccountChange, Role
from scoring import asking, definitions, drafts, publishing, rules, runs, shards, tasks, writing
from scoring.models import Definition, Score, ScoreChange, ScoringRun
from tests.factories import AccountFactory, MemberFactory
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.HOME = tmp_path


@pytest.fixture
def member():
    return MemberFactory(role=Role.PRODUCT, name="Pia Manager")


def stricter(member, pqa=84, **more):
    draft = drafts.begin(member=member, **more)
    spec = draft.spec | {"thresholds": {"pqa": pqa, "activate": 60}}
    return drafts.save(draft_id=draft.pk, revision=draft.revision, member=member, spec=spec)


def publish(draft, member, *, note="Sales could not keep up", token=None):
    asked = []
    token = publishing.token(draft) if token is None else token
    version, run = publishing.publish(draft_id=draft.pk, token=token, note=note, member=member, enqueue=asked.append)
    assert asked == [run.pk]
    return version, run


def refusal(code, work):
    with pytest.raises(publishing.Refused) as refused:
        work()
    assert refused.value.code == code
    assert refused.value.message.endswith((".", ":"))
    return refused.value.message


# What it does ---------------------------------------------------------------------------------------------------------


def test_a_draft_becomes_the_next_version_and_every_account_is_to_be_scored(member):
    first, accounts = definitions.published(), [AccountFactory().pk for _ in range(3)]
    AccountChange.objects.all().delete()
    version, run = publish(stricter(member), member)
    first.refresh_from_db()
    assert (version.version, version.state, first.state) == (2, "published", "retired")
    assert (version.note, version.published_by, version.name) == ("Sales could not keep up", member, "Default")
    assert definitions.published() == version
    assert definitions.spec_of(version).thresholds.pqa == 84
    assert sorted(AccountChange.objects.values_list("account_id", flat=True)) == accounts
    assert (run.definition, run.kind, run.state) == (version, "full", "running")
    assert not drafts.listing()


def test_the_run_scores_by_the_new_version_and_tells_how_far_it_is(member):
    account = team()
    runs.score_all()
    before = Score.objects.get(account=account)
    assert before.tier == "pqa"
    version, run = publish(stricter(member, pqa=100), member)
    tasks.score_all(run.pk)
    run.refresh_from_db()
    score = Score.objects.get(account=account)
    assert (run.state, run.accounts, score.definition, score.score) == ("done", 1, version, before.score)
    assert run.done_parts == run.parts
    assert not AccountChange.objects.exists()


def test_going_back_is_a_new_version_with_the_old_spec(member):
    first = definitions.published()
    publish(stricter(member), member)
    asked = []
    back, run = publishing.roll_back(to_version=1, member=member, enqueue=asked.append)
    assert (back.version, back.based_on, back.note) == (3, first, "Back to version 1.")
    assert definitions.spec_of(back) == definitions.spec_of(first)
    assert asked == [run.pk]
    assert dict(Definition.objects.values_list("version", "state")) == {1: "retired", 2: "retired", 3: "published"}


def test_sales_is_told_what_changed(member):
    definitions.published()
    assert definitions.news() is None
    start = timezone.now()
    publish(stricter(member), member)
    news = definitions.news(start)
    assert (news.version, news.note, news.who) == (2, "Sales could not keep up", "Pia Manager")
    assert news.changes == ["PQA from 80 to 84"]
    assert definitions.news(timezone.now()) is None
    publishing.roll_back(to_version=1, member=member, enqueue=lambda run: None)
    assert definitions.news(start).changes == ["PQA from 84 to 80"]


# What it refuses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("note", ["", "  \n"])
def test_a_note_is_needed(member, note):
    draft = stricter(member)
    refusal("note", lambda: publish(draft, member, note=note))
    assert definitions.published().version == 1


@pytest.mark.parametrize("note", ["x" * 1001, "a\x00b"])
def test_a_note_that_cannot_be_kept_is_refused(member, note):
    draft = stricter(member)
    with pytest.raises(rules.BadDefinition) as bad:
        publish(draft, member, note=note)
    assert bad.value.field == "note"


def test_a_token_of_this_draft_is_needed(member):
    draft, other = stricter(member), stricter(member, pqa=90)
    for token in ("", "made up", publishing.token(other), publishing.token(draft)[:-1]):
        refusal("token", lambda token=token: publish(draft, member, token=token))
    assert definitions.published().version == 1


def test_a_draft_that_was_saved_since_needs_another_look(member):
    draft = stricter(member)
    token = publishing.token(draft)
    drafts.save(draft_id=draft.pk, revision=draft.revision, member=member, name="Tighter")
    refusal("changed", lambda: publish(draft, member, token=token))


def test_another_version_since_needs_another_look(member):
    draft, other = stricter(member), stricter(member, pqa=90)
    token = publishing.token(draft)
    publish(other, member)
    assert "Another version" in refusal("superseded", lambda: publish(draft, member, token=token))
    publish(draft, member)
    assert definitions.published().pk == draft.pk


def test_yesterdays_preview_is_too_old(member):
    draft = stricter(member)
    token = publishing.token(draft)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        refusal("old", lambda: publish(draft, member, token=token))


def test_a_spec_that_cannot_be_used_any_more_is_refused_at_its_field(member):
    draft = stricter(member)
    draft.spec["components"][2]["feature"] = "mood"
    draft.save(update_fields=["spec"])
    with pytest.raises(rules.BadDefinition) as bad:
        publish(draft, member)
    assert bad.value.field == "components[2].feature"
    assert definitions.published().version == 1


def test_what_says_the_same_is_no_new_version(member):
    draft = drafts.begin(member=member)
    refusal("same", lambda: publish(draft, member))
    refusal("same", lambda: publishing.roll_back(to_version=1, member=member))


def test_a_discarded_draft_and_a_published_one_are_refused(member):
    draft, other = stricter(member), stricter(member, pqa=90)
    gone = drafts.discard(draft_id=other.pk, member=member)
    refusal("gone", lambda: publish(gone, member))
    publish(draft, member)
    refusal("gone", lambda: publish(draft, member))
    with pytest.raises(Definition.DoesNotExist):
        publishing.roll_back(to_version=77, member=member)


@pytest.mark.parametrize("role", [Role.SALES, Role.SUCCESS, Role.MARKETING])
def test_other_roles_do_not_publish(member, role):
    draft, other = stricter(member), MemberFactory(role=role)
    with pytest.raises(PermissionDenied):
        publish(draft, other)
    with pytest.raises(PermissionDenied):
        publishing.roll_back(to_version=1, member=other)


# While a run is going -------------------------------------------------------------------------------------------------


def in_thread(work):
    """Runs the work in another thread, with a connection of its own; its result or error is in the list."""
    results = []

    def run():
        try:
            results.append(work())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


@pytest.fixture
def held_before_writing(monkeypatch):
    """Runs wait before they write, until they are let go. What they do is their own."""
    here, go, write = threading.Event(), threading.Event(), writing.write

    def waiting(*args):
        here.set()
        assert go.wait(30)
        return write(*args)

    monkeypatch.setattr(writing, "write", waiting)
    return here, go


@pytest.mark.django_db(transaction=True)
def test_publishing_makes_a_run_stale_and_it_writes_nothing(member, held_before_writing):
    here, go = held_before_writing
    account = team()
    draft = stricter(member, pqa=100)
    thread, results = in_thread(runs.score_all)
    assert here.wait(30)
    going = ScoringRun.objects.get()
    assert (going.state, going.parts, going.done_parts) == ("running", 4, 2)
    _version, run = publish(draft, member)
    going.refresh_from_db()
    assert going.state == "stale"
    go.set()
    thread.join(30)
    assert (results[0].pk, results[0].state) == (going.pk, "stale")
    assert not Score.objects.exists()
    assert not ScoreChange.objects.exists()
    tasks.score_all(run.pk)
    assert Score.objects.get(account=account).definition.version == 2
    assert dict(ScoringRun.objects.values_list("pk", "state")) == {going.pk: "stale", run.pk: "done"}


@pytest.mark.django_db(transaction=True)
def test_the_command_says_that_its_run_was_overtaken(member, held_before_writing):
    here, go = held_before_writing
    team()
    draft, out = stricter(member), io.StringIO()
    thread, results = in_thread(lambda: call_command("score", stdout=out))
    assert here.wait(30)
    publish(draft, member)
    go.set()
    thread.join(30)
    assert results == [None], "no error"
    assert "Version 2 of the definition was published while this run was going" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_publishing_makes_a_run_over_changed_accounts_stale_too(member, held_before_writing):
    here, go = held_before_writing
    account = team()
    draft = stricter(member, pqa=100)
    thread, results = in_thread(runs.score_changed)
    assert here.wait(30)
    publish(draft, member)
    go.set()
    thread.join(30)
    assert results == [0]
    assert not Score.objects.exists()
    assert list(AccountChange.objects.values_list("account_id", flat=True)) == [account.pk]
    assert runs.score_changed() == 1
    assert Score.objects.get().definition.version == 2


@pytest.mark.django_db(transaction=True)
def test_a_shard_that_is_overtaken_writes_nothing(member, held_before_writing):
    here, go = held_before_writing
    team()
    draft = stricter(member)
    run, ids = runs.begin("full"), []
    shards.split(run, shards=1, enqueue=ids.append)
    thread, results = in_thread(lambda: shards.score_shard(ids[0]))
    assert here.wait(30)
    publish(draft, member)
    go.set()
    thread.join(30)
    assert results == [False]
    run.refresh_from_db()
    assert (run.state, Score.objects.count()) == ("stale", 0)


@pytest.mark.django_db(transaction=True)
def test_a_run_that_ends_before_the_publication_is_done_and_the_publication_waits_for_it(member, monkeypatch):
    """The last moment: the run has asked for the last time, and commits."""
    team()
    draft = stricter(member)
    here, go, give_up = threading.Event(), threading.Event(), runs.give_up_older

    def waiting(run):
        give_up(run)
        here.set()
        assert go.wait(30)

    monkeypatch.setattr(runs, "give_up_older", waiting)
    thread, results = in_thread(runs.score_all)
    assert here.wait(30)
    other, published = in_thread(lambda: publish(draft, member))
    time.sleep(0.3)
    assert not published
    go.set()
    thread.join(30)
    other.join(30)
    assert results[0].state == "done"
    version, run = published[0]
    assert (version.version, run.state) == (2, "running")
    assert Score.objects.get().definition.version == 1
    assert AccountChange.objects.count() == 1
    monkeypatch.undo()
    tasks.score_all(run.pk)
    assert Score.objects.get().definition.version == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_does(member):
    one, two = stricter(member), stricter(member, pqa=90)
    tokens = {draft.pk: publishing.token(draft) for draft in (one, two)}
    start = threading.Barrier(2)

    def work(draft):
        start.wait(20)
        return publish(draft, member, token=tokens[draft.pk])

    pairs = [in_thread(lambda draft=draft: work(draft)) for draft in (one, two)]
    for thread, _results in pairs:
        thread.join(30)
    outcomes = [results[0] for _thread, results in pairs]
    refused = [outcome for outcome in outcomes if isinstance(outcome, publishing.Refused)]
    assert [outcome.code for outcome in refused] == ["superseded"]
    assert Definition.objects.filter(state="published").count() == 1
    assert Definition.objects.get(state="published").version == 2


@pytest.mark.django_db(transaction=True)
def test_publishing_while_the_loader_marks_accounts_waits_and_goes_through(member):
    accounts = [AccountFactory().pk for _ in range(5)]
    draft = stricter(member)
    marked, go = threading.Event(), threading.Event()

    def load():
        with transaction.atomic():
            changes.mark(accounts[2:])
            marked.set()
            assert go.wait(30)

    thread, _ = in_thread(load)
    assert marked.wait(20)
    other, published = in_thread(lambda: publish(draft, member))
    time.sleep(0.2)
    assert not published
    go.set()
    thread.join(20)
    other.join(20)
    assert published[0][0].version == 2
    assert AccountChange.objects.count() == 5


def test_a_run_that_was_made_stale_before_it_began_does_nothing(member):
    team()
    waiting = runs.begin("full")
    publish(stricter(member), member)
    assert runs.score_all(run=waiting).state == "stale"
    ids = []
    shards.split(waiting, shards=2, enqueue=ids.append)
    assert ids == []
    assert not Score.objects.exists()


def test_a_stale_run_that_fails_stays_stale(member):
    run = runs.begin("full")
    publish(stricter(member), member)
    runs.failed(run, ValueError("late"))
    run.refresh_from_db()
    assert run.state == "stale"


def test_the_rest_is_left_to_the_full_run_that_was_asked_for(member, monkeypatch):
    """Else all accounts would be scored twice, and the progress bar stood still for the first time."""
    monkeypatch.setattr(runs, "MANY", 0)
    team()
    _version, run = publish(stricter(member), member)
    assert runs.score_changed() == 0
    assert asking.under_way() == run
    ScoringRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - dt.timedelta(minutes=4))
    assert runs.score_changed() == 1
