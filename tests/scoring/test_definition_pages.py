"""The definition as a page, and asking for a run."""

import copy
import datetime as dt
import threading

import pytest
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from plsapp import broker
from scoring import asking, defaults, definitions, rules, screens, tasks
from scoring.features import BY_KEY
from scoring.models import Definition, Score, ScoringRun
from tests.factories import AccountFactory, MemberFactory

pytestmark = pytest.mark.django_db


def score(value, tier, **fields):
    account = AccountFactory()
    return Score.objects.create(
        account=account,
        score=value,
        tier=tier,
        segment="unknown",
        buyer_state="none",
        definition=definitions.published(),
        scored_at=timezone.now(),
        tier_since=timezone.now(),
        **fields,
    )


def run(**fields):
    given = {"definition": definitions.published(), "kind": "full", "as_of": dt.date(2026, 11, 20), "state": "done"}
    return ScoringRun.objects.create(**given | fields)


def enqueued():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT message::text FROM pgmq.q_{broker.QUEUE} WHERE message::text LIKE '%score_all%'")
        return cursor.fetchall()


def test_the_definition_reads_as_sentences(sign_in):
    spec = copy.deepcopy(defaults.SPEC)
    spec["components"][0] |= {"feature": "weekly_active_days", "curve": {"points": [[0, 0], [1, 8], [3, 16], [5, 20]]}}
    spec["components"][1] |= {"feature": "active_users_28", "curve": {"points": [[1, 2], [4, 20], [7, 35]]}}
    spec["components"][2] |= {"feature": "growth", "curve": {"points": [[-0.5, 0], [0, 8], [0.5, 20]]}}
    definitions.published()
    Definition.objects.update(spec=spec)
    page = sign_in(Role.SALES).get(reverse("definitions")).content.decode()
    assert "All of it from 5 days on; nothing at 0 days; half from 1.5 days." in page
    assert "All of it from 7 people on; half from 4 people." in page, "there is no half person"
    assert "1 person" in page
    assert "All of it from +50 % on; nothing up to −50 %; half from +8 %." in page
    assert "from 80" in page
    assert "leaves below 75" in page
    assert "Active people, 28 days below 3 people: at most Activate" in page
    assert "5 points lower" in page
    for component in spec["components"]:
        assert BY_KEY[component["feature"]].meaning in page


def test_recipes_of_segments_and_the_routing_table_are_read_with_the_definition(sign_in):
    base = {key: copy.deepcopy(defaults.SPEC[key]) for key in ("components", "thresholds", "hysteresis", "gates")}
    variant = base | {"segments": ["enterprise"], "thresholds": {"pqa": 71, "activate": 41}}
    behaviour = {"curve": {"points": [[0, 0], [4, 12]]}, "feature": "behaviours_28", "half_life": 14}
    variant["components"][4] |= behaviour
    definitions.published()
    Definition.objects.update(spec=defaults.SPEC | {"variants": [variant]})
    page = sign_in(Role.SALES).get(reverse("definitions")).content.decode()
    assert "PQA from 71, Activate from 41" in page
    assert "fades by half every 14 days" in page
    assert page.count('class="curve"') == 2 * len(defaults.SPEC["components"])
    assert "Buyer confirmed, Buyer likely" in page
    assert "Find the buyer" in page
    assert reverse("routing") not in page, "sales reads it here"
    assert "Change the routing table" in sign_in(Role.ADMIN).get(reverse("definitions")).content.decode()


def test_shares_and_table_columns_add_up_to_a_hundred():
    reading = screens.read(rules.parse(defaults.SPEC), {})
    assert sum(part.share for part in reading.parts) == pytest.approx(100)
    assert sum(max(float(point.score) for point in part.breakpoints) for part in reading.parts) == pytest.approx(100)


@pytest.mark.parametrize("kind", ["linear", "step"])
def test_the_drawn_curve_is_the_curve_that_counts(kind):
    """The line passes, at each breakpoint, through the points that `Curve.at` gives."""
    import numpy as np

    spec = copy.deepcopy(defaults.SPEC)
    spec["components"][0]["curve"] = {"points": [[0, 2], [4, 10], [8, 5]], "kind": kind}
    parsed = rules.parse(spec)
    part = screens.read(parsed, {}).parts[0]
    corners = [tuple(map(float, corner.split(","))) for corner in part.line.split()]
    given = parsed.components[0].curve.at(np.array([-1.0, 0.0, 4.0, 8.0, 99.0]))

    def height(points):
        return round(screens.BOTTOM - (screens.BOTTOM - screens.TOP) * points / 10, 1)

    assert corners[0][1] == height(given[0])
    for x, points in zip((8.0, 120.0, 232.0), given[1:4], strict=True):
        assert (x, height(points)) in corners
    assert corners[-1] == (240.0, height(given[4]))
    assert "less again above" in part.sentence


def test_where_the_accounts_stand_counts_every_account_once(sign_in):
    for value, tier in [(1, "self_serve"), (80, "pqa"), (100, "pqa"), (79, "activate"), (None, "self_serve")]:
        score(value, tier)
    page = sign_in(Role.PRODUCT).get(reverse("definitions"))
    standing = page.context["standing"]
    assert "2 of 4 accounts with a score are PQAs, 1 are close" in page.content.decode()
    assert sum(bar.accounts for bar in standing.bins) == standing.scored == 4
    assert standing.without == 1
    assert [bar.label for bar in standing.bins if bar.accounts] == ["1–5", "76–80", "96–100"]


def test_another_version_says_that_it_is_not_in_force(sign_in):
    definitions.published()
    Definition.objects.create(version=2, name="Team first", state="draft", spec=defaults.SPEC)
    client = sign_in(Role.SALES)
    page = client.get(reverse("definitions") + "?version=2").content.decode()
    assert "Team first" in page
    assert "not in force" in page
    for version in ("3", "x", "-1", "99999999999999999999", "²"):
        assert client.get(reverse("definitions") + f"?version={version}").status_code == 404


def test_a_definition_that_cannot_be_read_is_named(sign_in):
    definitions.published()
    Definition.objects.create(version=2, name="Broken", spec={"components": []})
    answer = sign_in(Role.SALES).get(reverse("definitions") + "?version=2")
    assert answer.status_code == 200
    assert "components: a score needs at least one" in answer.content.decode()


def test_the_pages_ask_the_same_for_few_and_for_many(sign_in, django_assert_num_queries):
    client = sign_in(Role.PRODUCT)
    run()
    score(50, "self_serve")
    from django.test.utils import CaptureQueriesContext

    counts = {}
    for name in ("definitions", "runs"):
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse(name))
        counts[name] = len(queries)
    for _ in range(20):
        run()
        score(60, "activate")
    for name, count in counts.items():
        with django_assert_num_queries(count):
            client.get(reverse(name))


def test_asking_enqueues_one_run_and_a_second_click_is_refused_kindly(sign_in):
    client = sign_in(Role.PRODUCT)
    client.post(reverse("run_all"))
    answer = client.post(reverse("run_all"), follow=True)
    asked = ScoringRun.objects.get()
    assert (asked.kind, asked.state) == ("full", "running")
    assert len(enqueued()) == 1
    page = answer.content.decode()
    assert "being scored already" in page
    assert "toast-warning" in page
    assert 'hx-trigger="every 2s"' in page


def test_the_asked_run_is_done_by_the_task_and_another_may_be_asked(sign_in):
    client = sign_in(Role.PRODUCT)
    client.post(reverse("run_all"))
    asked = ScoringRun.objects.get()
    tasks.score_all(asked.pk)
    asked.refresh_from_db()
    assert asked.state == "done"
    assert asking.under_way() is None
    client.post(reverse("run_all"))
    assert ScoringRun.objects.count() == 2


def test_a_lost_run_shows_as_lost_and_holds_up_nobody(sign_in):
    old = run(state="running")
    ScoringRun.objects.update(started_at=timezone.now() - dt.timedelta(hours=2))
    client = sign_in(Role.ADMIN)
    assert "Lost" in client.get(reverse("runs")).content.decode()
    client.post(reverse("run_all"))
    assert ScoringRun.objects.exclude(pk=old.pk).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_gets_a_run():
    member = MemberFactory(role=Role.PRODUCT)
    definitions.published()
    for _ in range(5):
        ScoringRun.objects.all().delete()
        barrier = threading.Barrier(2)

        def click(barrier=barrier):
            client = Client()
            client.force_login(member)
            barrier.wait()
            client.post(reverse("run_all"))
            connections.close_all()

        threads = [threading.Thread(target=click) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ScoringRun.objects.count() == 1


def test_a_run_that_takes_long_asks_for_the_worker(sign_in):
    client = sign_in(Role.PRODUCT)
    client.post(reverse("run_all"))
    assert "is a worker running?" not in client.get(reverse("runs")).content.decode()
    ScoringRun.objects.update(started_at=timezone.now() - dt.timedelta(minutes=4))
    assert "is a worker running?" in client.get(reverse("runs")).content.decode()


def test_product_lands_on_the_definitions_and_sales_on_the_queue(sign_in):
    assert sign_in(Role.PRODUCT).get("/").url == reverse("definitions")
    assert sign_in(Role.SALES).get("/").url == reverse("queue")


def test_a_failed_run_tells_why_and_htmx_gets_the_list_alone(sign_in):
    run(state="failed", error="<b>ValueError</b>: no")
    client = sign_in(Role.PRODUCT)
    fragment = client.get(reverse("runs") + "?kind=full", headers={"HX-Request": "true"}).content.decode()
    assert "&lt;b&gt;ValueError" in fragment
    assert "<html" not in fragment
    assert f'hx-get="{reverse("runs")}?kind=full"' in fragment, "the next look keeps the filter"
    restored = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in client.get(reverse("runs"), headers=restored).content.decode()


def test_sales_neither_sees_runs_nor_asks_for_one(sign_in):
    client = sign_in(Role.SALES)
    assert client.get(reverse("runs")).status_code == 403
    assert client.post(reverse("run_all")).status_code == 403
    assert reverse("runs") not in client.get(reverse("definitions")).content.decode()
