"""Merges, moves and splits in any order, undone in any order that is allowed, with messages in between."""

from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import corrections
from accounts.corrections import Refused
from accounts.ladder import again
from accounts.models import (
    Account,
    AccountDomain,
    Contact,
    Correction,
    HandRaise,
    ProductUser,
    Role,
    RoleWord,
    Signal,
    Workspace,
)
from playbooks import following
from playbooks.models import QueueItem, Step, Touch
from scoring.models import Outcome
from tests.accounts.test_corrections import state
from tests.factories import MemberFactory, SourceFactory
from tests.feed import account_of, account_of_workspace, group, identify, load, track
from tests.playbooks.test_queue_page import make_item

NAMES = ("alpha.com", "beta.io", "gamma.net")
SPACES = ("stated", "voted", "own")
ITEM = ("account", "motion", "state", "owner", "step_due_at", "last_touched_at")


class TestAnyOrder(TestCase):
    @hypothesis_settings(
        max_examples=8,
        deadline=None,
        phases=[Phase.generate],  # making a failing example smaller takes minutes
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(data=st.data())
    def test_undoing_all_leaves_what_would_be_there_without_them(self, data):
        people = fill()
        before, items = state(), queues()
        done: list[Correction] = []
        came: list[tuple[str, str]] = []
        for step in range(data.draw(st.integers(2, 5), label="steps")):
            kind = data.draw(
                st.sampled_from(["merge", "domain", "workspace", "split", "message", "undo"]), label="kind"
            )
            domain = data.draw(st.sampled_from(NAMES), label="domain")
            space = data.draw(st.sampled_from(SPACES), label="workspace")
            living = list(Account.objects.filter(merged_into=None).order_by("pk"))
            one, other = (
                data.draw(st.permutations(living), label="accounts")[:2] if living[1:] else (living[0], living[0])
            )
            if kind == "message":
                came.append((f"new{step}@{domain}", domain))
                load(track(came[-1][0], group=space), identify(came[-1][0], email=came[-1][0]))
                following.catch_up()  # as every minute
                continue
            try:
                if kind == "undo":
                    done and undo(data.draw(st.sampled_from(done), label="undone"), done)
                else:
                    verb, said = {
                        "merge": (corrections.merge, {"account_id": one.pk, "into_id": other.pk}),
                        "domain": (corrections.move_domain, {"domain": domain, "into_id": other.pk}),
                        "workspace": (
                            corrections.move_workspace,
                            {"workspace_id": Workspace.objects.get(external_id=space).pk, "into_id": other.pk},
                        ),
                        "split": (
                            corrections.split,
                            {"account_id": AccountDomain.objects.get(domain=domain).account_id, "domains": [domain]},
                        ),
                    }[kind]
                    done.append(following.correct(verb, **said, member=None))
            except Refused:
                continue
            hold_workspaces()
        while done:
            undone = data.draw(st.sampled_from(done), label="undone at last")
            try:
                undo(undone, done)
            except Refused as refused:
                assert refused.first in [one.pk for one in done]  # noqa: PT017
                undo_first(refused.first, done)
        # A message may find another company for a workspace, and its items go with it.
        apart = {place for place in items if came and place[0] == "of a workspace"}
        now = queues()
        assert now.keys() == items.keys()
        assert [now[place] for place in items if place not in apart] == [
            row for place, row in items.items() if place not in apart
        ]
        if not came:
            assert state() == before
        for address, domain in [*((person, person.partition("@")[2]) for person in people), *came]:
            assert account_of(address).domain == domain
        assert account_of_workspace("stated").domain == "alpha.com"
        everybody = list(ProductUser.objects.values_list("pk", flat=True))
        assert again.people(everybody, spaces=list(Workspace.objects.values_list("pk", flat=True)))[0] == 0


def fill() -> list[str]:
    """Three companies with two people, a contact, a signal and a queue item each, and three workspaces with two items each."""
    people = [f"{who}@{name}" for name in NAMES for who in ("ann", "bob")]
    load(*(identify(person, email=person) for person in people), *(track(person) for person in people))
    load(group("stated", "x", domain="alpha.com"), group("voted", "ann@beta.io"), group("own", "y", name="Own"))
    load(track("ann@gamma.net", group="stated"), track("bob@beta.io", group="voted"))
    for place, name in enumerate(NAMES):
        account = Account.objects.get(domain=name)
        Contact.objects.create(email=f"eve@{name}", account=account, source="list")
        now, user = timezone.now(), ProductUser.objects.get(email=f"ann@{name}")
        Signal.objects.create(kind="usage_spike", at=now, account=account, key=f"{place:032x}")
        HandRaise.objects.create(
            source=SourceFactory(), received_at=now, message_id=name, fields={}, user=user, account=account
        )
        RoleWord.objects.create(user=user, role="champion", source="human", by=None)
        Outcome.objects.create(account=account, kind="won", at=now)
        item = make_item(account=account, owner=MemberFactory(role=Role.SALES) if place else None)
        Touch.objects.create(item=item, account=account, kind="call", at=now)
        Step.objects.create(item=item, account=account, text="Call", kind="plan", created_at=now)
        following.steps.tell_item(item)
    for place, name in enumerate(SPACES):
        space = Workspace.objects.get(external_id=name)
        owner = MemberFactory(role=Role.SALES) if place else None
        make_item(account=space.account, workspace=space, owner=owner)
        make_item(account=space.account, workspace=space, motion="success", owner=owner)
    return people


def hold_workspaces() -> None:
    """One open item a queue and target, each with the account of its workspace."""
    strays = QueueItem.objects.exclude(workspace=None).exclude(account=F("workspace__account"))
    assert not strays.exists()
    places = list(QueueItem.objects.open().values_list("account", "motion", "workspace"))
    assert len(places) == len(set(places))


def queues() -> dict[tuple[str, int], tuple]:
    """What stands on queues, and what was done and is planned there, by what it is and its id."""
    wanted = {
        "of an account": (QueueItem.objects.filter(workspace=None), ITEM),
        "of a workspace": (QueueItem.objects.exclude(workspace=None), ITEM),
        "touch": (Touch.objects.all(), ("item", "account")),
        "step": (Step.objects.all(), ("item", "account", "dropped_at", "done_at")),
        "outcome": (Outcome.objects.all(), ("account",)),
    }
    return {(kind, row[0]): row for kind, (rows, columns) in wanted.items() for row in rows.values_list("pk", *columns)}


def undo(one: Correction, done: list[Correction]) -> None:
    following.correct(corrections.undo, correction_id=one.pk, member=None)
    done.remove(one)


def undo_first(first: int, done: list[Correction]) -> None:
    """Undoes the one that stands in the way, and before it what stands in its own."""
    try:
        undo(next(one for one in done if one.pk == first), done)
    except Refused as refused:
        undo_first(refused.first, done)
