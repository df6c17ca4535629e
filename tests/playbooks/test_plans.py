"""Success' activation plans, the hand-over to sales, and marketing's contacts."""

import datetime as dt

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import Contact, Role, Usage
from accounts.personas import again
from playbooks import contacts, plans, queue, steps, touches
from playbooks.models import Notification, QueueItem, QueueItemEvent, Step
from playbooks.refused import Refused
from playbooks.verbs import undo, verbs
from scoring import runs
from scoring.models import Score
from tests.factories import MemberFactory, ProductUserFactory
from tests.feed import group, load, track
from tests.playbooks.test_queue_page import make_item
from tests.scoring.test_runs import team

pytestmark = pytest.mark.django_db


def work():
    runs.score_changed()
    while queue.route_scored():
        pass


def item_of(account, motion):
    return QueueItem.objects.get(account=account, motion=motion, state__in=queue.OPEN)


def warming(domain="acme.com"):
    """An account in success' queue: four people, some days."""
    account = team(domain, people=4, days=[1, 2, 3, 8])
    load(group(f"ws-{domain}", f"0@{domain}", name="Acme", website=domain, employees=500))
    work()
    return account


def lift(domain="acme.com"):
    """Usage that makes a PQA of it."""
    team(domain, people=7, days=range(20))
    work()


@pytest.fixture
def sam():
    return MemberFactory(role=Role.SUCCESS, name="Sam Lee")


@pytest.fixture
def helped(sam):
    """Sam's item with the plan that came with the claim."""
    item = item_of(warming(), "success")
    verbs.claim(item_id=item.pk, member=sam)
    assert plans.make_due(timezone.now()) == 1
    item.refresh_from_db()
    return item


def told(item):
    return list(QueueItemEvent.objects.filter(item=item).order_by("id").values_list("verb", "detail"))


def test_a_plan_is_the_cheapest_path_and_comes_once(helped, sam):
    path = plans.ways(helped).paths[0]
    lines = list(plans.of_item(helped.pk))
    assert len(lines) == len(path.steps)
    score = Score.objects.get(account=helped.account_id)
    assert all(line.start == score.features[line.feature] < line.target for line in lines)
    assert plans.make_due(timezone.now()) == 0
    with pytest.raises(Refused, match="has a plan already"):
        plans.make(item_id=helped.pk, member=sam)
    assert plans.drop(item_id=helped.pk, member=sam) == len(lines)
    assert plans.make_due(timezone.now()) == 0, "what was dropped does not come back by itself"
    assert plans.put_back(item_id=helped.pk, member=sam) == len(lines)


def test_lines_are_added_by_hand_and_what_is_wrong_is_named(helped, sam):
    line = plans.add(item_id=helped.pk, member=sam, lever="invites", n=2)
    assert (line.text, line.feature, line.target) == ("2 invitations", "invites_28", line.start + 2)
    own = plans.add(item_id=helped.pk, member=sam, text="  Show them the   board ")
    assert (own.text, own.feature) == ("Show them the board", "")
    for field, said in {"lever": {"lever": "magic"}, "n": {"lever": "invites", "n": 0}, "text": {"text": " "}}.items():
        with pytest.raises(Refused) as refused:
            plans.add(item_id=helped.pk, member=sam, **said)
        assert refused.value.field == field
    QueueItem.objects.filter(pk=helped.pk).update(progressed_at=None)
    steps.complete(step_id=own.pk, member=sam)
    helped.refresh_from_db()
    assert helped.progressed_at


def test_usage_ticks_a_line_and_the_account_is_handed_over_with_what_was_done(helped, sam):
    touches.log(item_id=helped.pk, member=sam, kind="email", words="Sent the guide", person_id=None)
    plans.add(item_id=helped.pk, member=sam, lever="admin", n=3)
    lift()
    helped.refresh_from_db()
    assert (helped.state, helped.outcome, helped.closed_by, helped.cool_until) == ("done", "activated", None, None)
    done = [line.text for line in plans.of_item(helped.pk) if line.done_at and line.done_by is None]
    assert done
    ticked = dict(told(helped))["progressed"]
    assert ticked.startswith("Done by usage: ")
    assert done[0] in ticked
    sales = item_of(helped.account, "sales")
    lines = sales.handover.splitlines()
    assert lines[0].startswith("Sam Lee (Success) has helped them since ")
    assert lines[1].startswith("Done: ")
    assert "Planned and still open: 3 admin set-ups" in sales.handover
    assert "1 touch: E-mail, " in sales.handover
    assert "“Sent the guide”" in sales.handover
    assert [verb for verb, _ in told(sales)] == ["entered", "handed_over"]
    note = Notification.objects.get(member=sam)
    assert (note.kind, note.item_id) == ("handover", helped.pk)


def test_an_act_since_the_line_was_made_counts_though_an_older_one_leaves_the_window(helped, sam):
    invited = "Teammate Invited"
    load(track("0@acme.com", invited, days_ago=20), track("0@acme.com", invited))
    work()
    line = plans.add(item_id=helped.pk, member=sam, lever="invites", n=1)
    assert (line.start > 2, line.acts_before) == (True, 1)

    today = timezone.now().date()
    Usage.objects.filter(event_type__signal="invite", day__lt=today).update(day=F("day") - dt.timedelta(days=30))
    load(track("0@acme.com", invited))
    work()

    line.refresh_from_db()
    assert Score.objects.get(account=helped.account_id).features["invites_28"] == 2
    assert (line.value, bool(line.done_at)) == (line.start + 1, True)


def test_what_was_opened_again_after_the_hand_over_stays_with_its_owner(helped, sam):
    lift()
    assert verbs.reopen(item_id=helped.pk, member=sam).won
    queue.route_all()
    work()
    helped.refresh_from_db()
    assert (helped.state, helped.mark) == ("claimed", "Now with sales")
    assert Notification.objects.filter(member=sam).count() == 1


def test_whoever_is_in_conversation_keeps_the_account_and_sales_is_told(helped, sam):
    person = ProductUserFactory(account=helped.account, name="Dana Ortiz")
    QueueItem.objects.filter(pk=helped.pk).update(first_seen_on=dt.date(2020, 1, 1))
    touches.log(item_id=helped.pk, member=sam, kind="call", result="reached", person_id=person.pk)
    lift()
    helped.refresh_from_db()
    assert helped.state == "claimed"
    assert helped.mark.startswith("It qualified and is with sales now. Your conversation is open")
    assert "speak to Sam Lee first" in item_of(helped.account, "sales").handover
    queue.route_all()
    work()
    helped.refresh_from_db()
    assert helped.mark.startswith("It qualified"), "it stays marked so"
    assert [verb for verb, _ in told(helped)].count("marked") == 1


def buyerless():
    """A PQA whose people are known well, none of whom can buy."""
    account = team("acme.com", title="Software Engineer")
    load(group("ws", "0@acme.com", name="Acme", website="acme.com", employees=500))
    work()
    return item_of(account, "marketing")


def test_a_buyer_found_outside_moves_the_account_to_sales_with_both_names_and_back():
    mia = MemberFactory(role=Role.MARKETING, name="Mia Roth")
    item = buyerless()
    verbs.claim(item_id=item.pk, member=mia)
    contact = contacts.add(
        item_id=item.pk, member=mia, email="Ana@Acme.com", name="Ana Diaz", title="CFO", role="economic_buyer"
    )
    assert (contact.email, contact.buying_confidence, contact.added_by) == ("ana@acme.com", 0.6, mia)
    work()
    sales = item_of(item.account, "sales")
    assert (sales.buyer_state, sales.buyer_contact) == ("likely", contact)
    assert sales.champion
    assert "Talk to: Ana Diaz, CFO (likely buyer)" in sales.handover
    assert f"{sales.champion}" in sales.handover
    item.refresh_from_db()
    assert (item.state, item.outcome) == ("done", "handed_over")
    contacts.remove(item_id=item.pk, contact_id=contact.pk, member=mia)
    work()
    item.refresh_from_db()
    sales.refresh_from_db()
    assert (item.state, item.owner, item.mark, sales.state) == ("claimed", mia, "", "left")
    contacts.put_back(item_id=item.pk, contact_id=contact.pk, member=mia)
    work()
    assert item_of(item.account, "sales").buyer_contact == contact


def test_what_is_said_of_a_contact_on_an_item_is_a_word_that_no_title_overrules():
    mia, item = MemberFactory(role=Role.MARKETING), make_item(motion="marketing")
    said = {
        "item_id": item.pk,
        "member": mia,
        "email": f"ana@{item.account.domain}",
        "name": "Ana",
        "title": "Developer",
    }
    contact = contacts.add(**said, role="economic_buyer", is_sure=True)
    again.work(run_id=again.begin(by=None).pk)
    contact.refresh_from_db()
    assert (contact.buying_role, contact.buying_confidence, contact.seniority) == ("economic_buyer", 0.9, "individual")
    contacts.remove(item_id=item.pk, contact_id=contact.pk, member=mia)
    assert contacts.add(**said).buying_role == "end_user"  # said anew, without a role


def test_a_contact_that_cannot_be_right_is_refused_by_its_field_and_a_doubtful_one_asked_about():
    mia = MemberFactory(role=Role.MARKETING)
    item = make_item(motion="marketing")
    ProductUserFactory(account=item.account, email="Bo@company.example", name="Bo")
    at = item.account.domain
    Contact.objects.create(email="eve@else.com", name="Eve", account=make_item().account, source="")
    said = {"item_id": item.pk, "member": mia, "name": "Ana"}
    for field, more in [
        ("email", {"email": "nonsense"}),
        ("name", {"email": f"ana@{at}", "name": " "}),
        ("role", {"email": f"ana@{at}", "role": "king"}),
        ("email", {"email": "bo@company.example", "anyway": True}),
        ("email", {"email": "eve@else.com", "anyway": True}),
        ("source", {"email": f"ana@{at}", "source": "x" * 81}),
        ("title", {"email": f"ana@{at}", "title": "a\x00b"}),
    ]:
        with pytest.raises(Refused) as refused:
            contacts.add(**said | more)
        assert refused.value.field == field, more
        assert not isinstance(refused.value, contacts.Doubt)
    for doubtful in ("ana@other-company.com", "ana@gmail.com"):
        with pytest.raises(contacts.Doubt):
            contacts.add(**said, email=doubtful)
    assert contacts.add(**said, email="ana@other-company.com", anyway=True).account == item.account
    with pytest.raises(Refused, match="contact of this account already"):
        contacts.add(**said, email="Ana@other-company.com", anyway=True)
    assert Step.objects.count() == 0


def test_claiming_can_be_undone_after_usage_moved_the_plan(helped, sam):
    claimed = QueueItemEvent.objects.get(item=helped, verb="claimed")
    QueueItemEvent.objects.create(item=helped, at=timezone.now(), verb="progressed")
    assert undo.undo(event_id=claimed.pk, member=sam).won
