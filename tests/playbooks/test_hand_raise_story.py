"""A raised hand from the form to sales, and what is owed for it."""

import datetime as dt

import pytest
import time_machine

from accounts import changes, landing
from accounts.models import HandRaise, HandRaiseForm, Role
from playbooks import queue, touches
from playbooks.assignment import policies, sla_watch
from playbooks.models import Notification, QueueItem, QueueItemEvent, SlaMiss
from playbooks.verbs import verbs
from scoring import runs
from scoring.models import FrozenFeatures
from tests.factories import MemberFactory, SourceFactory
from tests.feed import account_of, load, track
from tests.playbooks.test_queue import work
from tests.playbooks.test_sla import MONDAY, at
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


@pytest.fixture
def form():
    landing.forget()
    return HandRaiseForm.objects.create(name="Pricing", source=SourceFactory(), placement="pricing page")


def raise_hand(client, form, email="0@acme.com", **more):
    said = {"form": form.key, "email": email, "message": "SSO for 40 seats", "user_id": email} | more
    assert client.post("/hand-raise", said).status_code == 200
    load()
    work()
    return HandRaise.objects.latest("pk")


def test_the_account_is_frozen_as_it_was_when_the_hand_was_raised(client, form, sign_in):
    account = team("acme.com", people=4, days=range(0, 28, 2))
    row = raise_hand(client, form)
    first = FrozenFeatures.objects.get(hand_raise=row)
    assert (first.account, first.features["active_users_28"]) == (account, 4)
    assert (first.score, first.tier) == (account.score.score, account.score.tier)
    assert first.definition == account.score.definition
    load(*(track(f"{n}@acme.com") for n in range(4, 9)))
    runs.score_all()
    account.refresh_from_db()
    assert account.score.features["active_users_28"] == 9
    again = FrozenFeatures.objects.get()
    assert (again.frozen_at, again.features) == (first.frozen_at, first.features)
    sales = sign_in(Role.SALES)
    item = QueueItem.objects.get(motion="sales")
    for path in (f"/queue/sales/?item={item.pk}", f"/accounts/{account.pk}/"):
        page = sales.get(path).content.decode()
        assert f"When they raised the hand:</strong> score {first.score}" in page
        assert "4 active people" in page
        assert "from pricing page" in page
    told = sales.get(f"/api/hand-raises/?account={account.pk}").json()
    assert told["count"] == 1
    (told,) = told["results"]
    assert (told["form"], told["message"], told["account_id"]) == ("Pricing", "SSO for 40 seats", account.pk)
    assert told["then"]["features"]["active_users_28"] == 4
    assert sales.get("/api/hand-raises/?account=999999999").json()["count"] == 0
    assert sales.get("/api/hand-raises/?account=x").json()["error"]["field"] == "account"


def test_a_full_run_freezes_too_and_spam_freezes_nothing(client, form):
    client.post("/hand-raise", {"form": form.key, "email": "eve@spam.com", "website": "x"})
    client.post("/hand-raise", {"form": form.key, "email": "ann@acme.com"})
    load()
    runs.score_all()
    assert FrozenFeatures.objects.get().account == account_of("ann@acme.com")
    assert not changes.is_waiting()


def test_who_turns_out_to_belong_to_a_company_is_found_on_its_page(client, form):
    row = raise_hand(client, form, "ann@gmail.com")
    assert row.account.of_person
    load(track("bob@acme.com", group="ws"), {"type": "group", "groupId": "ws", "userId": "ann@gmail.com",
         "traits": {"name": "Acme", "domain": "acme.com"}, "messageId": "g"})  # fmt: skip
    work()
    from scoring import frozen

    home = QueueItem.objects.open().get(motion="sales").account
    assert not home.of_person
    assert [found for found, _then in frozen.of_account(home.pk)] == [row]


def test_the_hour_of_a_raised_hand_is_warned_of_missed_once_and_given_on(client, form):
    ana, ben = (MemberFactory(name=name, role=Role.SALES) for name in ("Ana Diaz", "Ben Okri"))
    with time_machine.travel(MONDAY, tick=False) as clock:
        policies.save(motion="sales", hand_minutes=60, reassigns_on_breach=False)
        team("acme.com", people=3, days=range(14))
        raise_hand(client, form)
        item = QueueItem.objects.get(motion="sales")
        assert (item.sla, item.due_at, item.warn_at) == ("response", at(0, 11), at(0, 10, 45))
        assert QueueItem.objects.filter(motion="sales", state="new").order_by("-priority").first() == item
        assert set(Notification.objects.filter(kind="hand").values_list("member", flat=True)) >= {ana.pk, ben.pk}
        clock.move_to(at(0, 10, 30))
        verbs.claim(item_id=item.pk, member=ana)
        assert sla_watch.warn(at(0, 10, 44)) == 0
        clock.move_to(at(0, 10, 46))
        assert [sla_watch.warn(at(0, 10, minute)) for minute in (46, 47)] == [1, 0]
        clock.move_to(at(0, 11, 1))
        assert [sla_watch.mark_missed(at(0, 11, minute)) for minute in (1, 2)] == [1, 0]
        # Usage goes on and is routed: the miss is neither lost nor told again.
        load(track("0@acme.com"))
        work()
        assert sla_watch.mark_missed(at(0, 11, 3)) == 0
        (miss,) = SlaMiss.objects.filter(item=item)
        assert (miss.sla, miss.due_at, miss.owner) == ("response", at(0, 11), ana)
        assert QueueItemEvent.objects.filter(item=item, verb="missed").count() == 1
        kinds = list(Notification.objects.filter(member=ana).order_by("pk").values_list("kind", flat=True))
        assert kinds == ["hand", "warning", "missed"]
        touches.log(item_id=item.pk, member=ana, kind="call")
        item.refresh_from_db()
        assert (item.sla, item.due_at) == ("", None)
        # A second hand begins a second hour.
        clock.move_to(at(0, 12))
        raise_hand(client, form)
        item.refresh_from_db()
        assert (item.sla, item.due_at, item.breached_at) == ("response", at(0, 13), None)


def test_a_hand_outside_of_working_time_owes_its_hour_in_the_morning(client, form):
    with time_machine.travel(MONDAY - dt.timedelta(days=1), tick=False):
        policies.save(motion="sales", hand_minutes=60)
        raise_hand(client, form, "ann@acme.com")
    assert QueueItem.objects.get().due_at == at(0, 10)
    assert queue.route_scored() == 0
