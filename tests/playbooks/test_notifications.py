import datetime as dt

import pytest
from django.utils import timezone

from accounts.models import Role
from playbooks import queue
from playbooks.models import Notification, QueueItem, WorkSettings
from playbooks.telling import notifications, quiet
from playbooks.verbs import verbs, waking
from scoring.models import Score
from tests.factories import AccountFactory, MemberFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
EIGHT, TWENTY = dt.time(8), dt.time(20)


def say(member, key="k", **fields):
    said = {"kind": "assigned", "text": "Northwind", "why": "By Ana", "link": "/queue/sales/?item=1", **fields}
    notifications.tell(member_id=member.pk, key=key, **said)


def test_the_same_is_told_once():
    ann, bob = MemberFactory(), MemberFactory()
    say(ann)
    say(ann, why="again")
    say(ann, key="other", text="x" * 500)
    say(bob)

    assert sorted(Notification.objects.values_list("member", "why")) == sorted(
        [(ann.pk, "By Ana"), (ann.pk, "By Ana"), (bob.pk, "By Ana")]
    )


def test_a_hand_raised_is_told_to_the_owner_or_to_the_team(django_assert_num_queries):
    ann, bob, _admin = MemberFactory(), MemberFactory(), MemberFactory(role=Role.ADMIN)
    MemberFactory(is_active=False)
    MemberFactory(role=Role.SUCCESS)
    now = timezone.now()
    owned = make_item(owner=ann, hand_raised_at=now, last_signal_text="SSO?")
    pooled = make_item(hand_raised_at=now)
    old = make_item(hand_raised_at=now - dt.timedelta(days=2))
    with django_assert_num_queries(1):
        told = notifications.hands_raised([owned, pooled, old], now)

    assert [(one.member_id, one.item_id) for one in told] == [
        (ann.pk, owned.pk),
        (ann.pk, pooled.pk),
        (bob.pk, pooled.pk),
    ]
    assert told[0].why == "SSO?"


def test_routing_tells_of_a_raised_hand_and_waking_of_what_woke():
    ann = MemberFactory()
    now = timezone.now()
    item = make_item(account=AccountFactory(name="Raiser"))
    Score.objects.filter(account=item.account).update(hand_raised_at=now)
    sleeper = make_item(account=AccountFactory(name="Sleeper"))
    verbs.snooze(item_id=sleeper.pk, member=ann, until=now + dt.timedelta(days=1))
    for _ in range(2):
        queue.route_accounts([item.account_id])
        waking.wake_due(now + dt.timedelta(days=2))

    assert list(Notification.objects.order_by("pk").values_list("kind", "text", "member", "link")) == [
        ("hand", "Raiser", ann.pk, f"/queue/sales/?item={item.pk}"),
        ("woke", "Sleeper", ann.pk, f"/queue/sales/?item={sleeper.pk}"),
    ]
    assert QueueItem.objects.get(pk=sleeper.pk).state == "claimed"


@pytest.mark.parametrize(
    ("clock", "since", "until", "expected"),
    [
        (dt.time(21), TWENTY, EIGHT, True),
        (dt.time(7, 59), TWENTY, EIGHT, True),
        (EIGHT, TWENTY, EIGHT, False),
        (dt.time(12), EIGHT, TWENTY, True),
        (TWENTY, EIGHT, TWENTY, False),
        (dt.time(12), EIGHT, EIGHT, False),
        (dt.time(12), None, TWENTY, False),
    ],
)
def test_quiet_hours_may_go_over_midnight(clock, since, until, expected):
    assert quiet.is_quiet(clock, since, until) is expected


def test_the_bell_keeps_what_comes_in_quiet_hours_for_later():
    member = MemberFactory(timezone="Asia/Tokyo")
    now = dt.datetime(2026, 11, 20, 13, tzinfo=dt.UTC)  # 22:00 in Tokyo
    WorkSettings.objects.create(member=member, quiet_from=TWENTY, quiet_until=EIGHT)
    say(member)
    Notification.objects.update(created_at=now)

    assert (notifications.bell(member, now).words, notifications.bell(member, now).to_show) == ("1", ())
    morning = now + dt.timedelta(hours=11)
    (told,) = notifications.bell(member, morning).to_show
    assert notifications.shown(member=member, ids=[told.pk]) == 1
    assert notifications.bell(member, morning).to_show == ()
    assert notifications.bell(member, morning).unread == 1


def test_nothing_pops_up_that_is_old_or_not_wanted():
    member, now = MemberFactory(), timezone.now()
    say(member)
    assert notifications.bell(member, now + dt.timedelta(days=2)).to_show == ()
    WorkSettings.objects.create(member=member, in_browser=False)
    assert notifications.bell(member, now).to_show == ()
    assert notifications.bell(member, now).unread == 1
