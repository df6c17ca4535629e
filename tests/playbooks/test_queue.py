import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from accounts import roles
from accounts.models import Account, ProductUser, Role
from playbooks import faces, queue, showing
from playbooks.models import QueueItem, QueueItemEvent, RoutingRule
from playbooks.verbs.verbs import claim, release
from scoring import runs
from scoring.models import Score, ScoredAccount
from tests.factories import MemberFactory
from tests.feed import account_of, group, identify, load, track
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


def work():
    """Everything that the worker does after a load."""
    runs.score_changed()
    while queue.route_scored():
        pass


def buyer_team(domain="acme.com"):
    account = team(domain)
    load(identify(f"0@{domain}", name="Dana Ortiz", title="Chief Executive Officer"))
    load(group(f"ws-{domain}", f"0@{domain}", name="Acme", website=domain, employees=500))
    work()
    return account


def item_of(account, motion="sales"):
    return QueueItem.objects.get(account=account, motion=motion, state__in=queue.OPEN)


def verbs(item):
    return list(QueueItemEvent.objects.filter(item=item).order_by("id").values_list("verb", flat=True))


def test_a_pqa_with_a_buyer_goes_to_sales_with_everything_a_row_shows():
    item = item_of(buyer_team())
    assert item.state == "new"
    assert (item.tier, item.segment, item.buyer_state) == ("pqa", "mid_market", "likely")
    assert item.buyer.name == "Dana Ortiz"
    assert item.champion is not None
    assert item.play.key == "buyer_joined"
    assert item.play_because.startswith("Buyer joined")
    assert item.why_now
    assert item.score == Score.objects.get().score
    assert verbs(item) == ["entered"]
    assert not ScoredAccount.objects.exists()


def test_a_row_shows_the_champion_whom_a_member_names_and_none_who_was_denied():
    load(*(identify(f"{who}@acme.com", email=f"{who}@acme.com", title="Developer") for who in ("ann", "bob")))
    load(*(track("ann@acme.com", "Invitation Sent") for _ in range(4)))
    ann, bob = ProductUser.objects.order_by("email")
    account, now = ann.account_id, timezone.now()
    assert faces.of_accounts([account], now)[account].champion_id == ann.pk
    for person, role in ((ann, "end_user"), (bob, "champion")):
        roles.say(member=MemberFactory(), role=role, user_id=person.pk)
    assert faces.of_accounts([account], now)[account].champion_id == bob.pk


def test_routing_again_changes_nothing():
    account = buyer_team()
    before = item_of(account)
    queue.route_all()
    while queue.route_scored():
        pass
    after = item_of(account)
    assert (after.pk, after.entered_at, after.priority) == (before.pk, before.entered_at, before.priority)
    assert verbs(after) == ["entered"]


def test_a_raised_hand_reaches_sales_first_at_any_score():
    load(identify("ann", email="ann@tiny.com", employees=5))
    load(track("ann", "Contact Sales Submitted", properties={"message": "SSO for 40 seats"}))
    buyer_team()
    first = QueueItem.objects.filter(motion="sales", state="new").order_by("-priority").first()
    assert first.account == account_of("ann")
    assert first.why_now.startswith("Hand raised: “SSO for 40 seats”")
    assert first.first_step == "Answer the raised hand"


def test_a_raised_hand_stays_the_reason_when_weaker_signals_follow():
    load(
        identify("ann", email="ann@tiny.com"),
        track("ann", "Demo Requested", days_ago=9, properties={"message": "SSO?"}),
    )
    load(track("ann", "Pricing Viewed"))
    work()
    item = item_of(account_of("ann"))
    assert item.last_signal == "hand_raise"
    assert item.why_now.startswith("Hand raised: “SSO?”")


def test_an_account_that_no_longer_qualifies_leaves_the_queue_with_the_reason():
    account = buyer_team()
    item = item_of(account)
    RoutingRule.objects.create(tier="pqa", buyer_state="likely", segment="mid_market", motion="marketing")
    queue.route_all()
    queue.route_scored()
    item.refresh_from_db()
    assert (item.state, verbs(item)) == ("left", ["entered", "left"])
    assert item_of(account, "marketing").state == "new"
    assert QueueItemEvent.objects.get(item=item, verb="left").detail == "Now with marketing"


def test_a_claimed_item_never_vanishes_but_gets_a_mark():
    account = buyer_team()
    rep = MemberFactory(role=Role.SALES)
    item = claim(item_id=item_of(account).pk, member=rep).item
    rule = RoutingRule.objects.create(tier="pqa", buyer_state="likely", segment="mid_market", motion="self_serve")
    queue.route_all()
    queue.route_scored()
    item.refresh_from_db()
    assert (item.state, item.owner) == ("claimed", rep)
    assert item.mark
    rule.delete()
    queue.route_all()
    queue.route_scored()
    item.refresh_from_db()
    assert item.mark == ""
    assert verbs(item) == ["entered", "claimed", "marked", "unmarked"]


def test_claimed_items_with_and_without_a_score_are_routed_together():
    accounts = [buyer_team(), buyer_team("globex.com")]
    for account in accounts:
        claim(item_id=item_of(account).pk, member=MemberFactory(role=Role.SALES))
    QueueItem.objects.update(why_now="what was said before")
    Score.objects.filter(account=accounts[0]).delete()
    queue.route_accounts([account.pk for account in accounts])
    marks = [bool(item_of(account).mark) for account in accounts]
    assert (marks, item_of(accounts[0]).priority) == ([True, False], 0)


def test_releasing_a_marked_item_lets_it_leave():
    account = buyer_team()
    rep = MemberFactory(role=Role.SALES)
    item = claim(item_id=item_of(account).pk, member=rep).item
    RoutingRule.objects.create(tier="pqa", buyer_state="likely", segment="mid_market", motion="self_serve")
    queue.route_all()
    queue.route_scored()
    outcome = release(item_id=item.pk, member=rep)
    assert (outcome.won, outcome.item.state) == (True, "left")


def test_a_merged_account_leaves_every_queue():
    account = buyer_team()
    item = item_of(account)
    Account.objects.filter(pk=account.pk).update(merged_into=Account.objects.create(name="Bigger"))
    queue.route_accounts([account.pk])
    item.refresh_from_db()
    assert item.state == "left"


def test_a_second_rep_cannot_claim_a_claimed_account():
    item = item_of(buyer_team())
    ann, bob = MemberFactory(role=Role.SALES), MemberFactory(role=Role.SALES)
    won, lost = claim(item_id=item.pk, member=ann), claim(item_id=item.pk, member=bob)
    assert (won.won, won.reason) == (True, "")
    assert (lost.won, lost.reason, lost.item.owner) == (False, "taken", ann)
    assert claim(item_id=item.pk, member=ann).won
    assert verbs(item) == ["entered", "claimed"]


def test_only_the_owner_or_an_admin_releases():
    item = item_of(buyer_team())
    ann, bob = MemberFactory(role=Role.SALES), MemberFactory(role=Role.SALES)
    assert release(item_id=item.pk, member=ann).reason == "not_claimed"
    claim(item_id=item.pk, member=ann)
    assert release(item_id=item.pk, member=bob).reason == "not_owner"
    assert release(item_id=item.pk, member=ann).won
    claim(item_id=item.pk, member=bob)
    assert release(item_id=item.pk, member=MemberFactory(role=Role.ADMIN)).won
    item.refresh_from_db()
    assert (item.state, item.owner, item.claimed_at) == ("new", None, None)


@pytest.mark.parametrize("role", [Role.SUCCESS, Role.MARKETING, Role.PRODUCT])
def test_other_roles_do_not_work_the_sales_queue(role):
    item = item_of(buyer_team())
    with pytest.raises(PermissionDenied):
        claim(item_id=item.pk, member=MemberFactory(role=role))
    with pytest.raises(PermissionDenied):
        release(item_id=item.pk, member=MemberFactory(role=role))


def test_an_item_that_left_cannot_be_claimed():
    item = item_of(buyer_team())
    QueueItem.objects.update(state="left")
    outcome = claim(item_id=item.pk, member=MemberFactory(role=Role.SALES))
    assert (outcome.won, outcome.reason) == (False, "left")


def test_an_unknown_item_does_not_exist():
    with pytest.raises(QueueItem.DoesNotExist):
        claim(item_id=1, member=MemberFactory(role=Role.SALES))


def test_there_is_one_open_item_per_account_and_motion():
    from django.db import IntegrityError

    item = item_of(buyer_team())
    item.pk = None
    with pytest.raises(IntegrityError):
        item.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_of_many_reps_who_claim_at_once_exactly_one_wins():
    item = item_of(buyer_team())
    reps = [MemberFactory(role=Role.SALES) for _ in range(12)]
    start = threading.Barrier(len(reps))
    outcomes = []

    def race(rep):
        try:
            start.wait()
            outcomes.append((rep, claim(item_id=item.pk, member=rep)))
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=[rep]) for rep in reps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    winners = [rep for rep, outcome in outcomes if outcome.won]
    assert len(winners) == 1
    assert {outcome.item.owner for _, outcome in outcomes} == set(winners)
    assert verbs(item) == ["entered", "claimed"]


def test_items_are_written_only_when_they_show_something_else():
    account, other = buyer_team(), buyer_team("other.com")
    before, untouched = item_of(account), item_of(other)
    Account.objects.filter(pk=account.pk).update(plan="Enterprise")
    queue.route_all()
    work()
    after = item_of(account)

    assert after.is_expansion
    assert after.updated_at > before.updated_at
    assert item_of(other).updated_at == untouched.updated_at
    shown = [name for name in showing.SHOWN if name not in ("is_expansion", "play_id", "play_because")]
    assert [getattr(after, name) for name in shown] == [getattr(before, name) for name in shown]


def test_a_query_count_of_routing_does_not_grow_with_the_accounts(django_assert_max_num_queries):
    for number in range(3):
        team(f"company-{number}.com", people=3, days=[1, 2])
    runs.score_changed()
    with django_assert_max_num_queries(16):
        queue.route_scored()
