"""Touches and next steps: written down, refused, taken back, and what the item shows of them."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.models import Contact, Role
from playbooks import steps, touches
from playbooks.models import QueueItem, Step, Touch
from playbooks.refused import Refused
from tests.factories import MemberFactory, ProductUserFactory, WorkspaceFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


def field_refused(verb, **said) -> str:
    with pytest.raises(Refused) as refused:
        verb(**said)
    assert refused.value.words
    return refused.value.field


def test_the_first_and_the_last_touch_stand_on_the_item_and_leave_it_with_the_touch():
    ann = MemberFactory()
    item = make_item(owner=ann)
    earlier = timezone.now() - dt.timedelta(hours=3)
    first = touches.log(item_id=item.pk, member=ann, kind="call", result="no_answer", at=earlier)
    last = touches.log(item_id=item.pk, member=ann, kind="email", words=" Hello ")
    item.refresh_from_db()
    assert (item.first_touched_at, item.last_touched_at, last.words) == (earlier, last.at, "Hello")

    touches.remove(touch_id=last.pk, member=ann)
    touches.remove(touch_id=first.pk, member=ann)
    item.refresh_from_db()
    assert (item.first_touched_at, item.last_touched_at) == (None, None)
    touches.put_back(touch_id=first.pk, member=ann)
    item.refresh_from_db()
    assert item.first_touched_at == earlier
    assert list(touches.of_item(item.pk)) == [first]


def test_a_touch_is_with_somebody_of_the_account():
    ann = MemberFactory()
    item = make_item(owner=ann)
    other = make_item(owner=ann)
    colleague = ProductUserFactory(account=item.account)
    guest = ProductUserFactory(account=other.account)
    guest.memberships.create(workspace=WorkspaceFactory(account=item.account), first_seen_at=timezone.now())
    contact = Contact.objects.create(email="cfo@acme.com", account=item.account)
    of = {"item_id": item.pk, "member": ann, "kind": "call"}

    for who in ({"person_id": colleague.pk}, {"person_id": guest.pk}, {"contact_id": contact.pk}):
        assert touches.log(**of, **who).pk
    stranger = {"item_id": other.pk, "member": ann, "kind": "call"}
    assert field_refused(touches.log, **stranger, person_id=colleague.pk) == "who"
    assert field_refused(touches.log, **stranger, contact_id=contact.pk) == "who"
    assert field_refused(touches.log, **of, person_id=colleague.pk, contact_id=contact.pk) == "who"


def test_what_cannot_have_been_is_refused_at_its_field():
    ann = MemberFactory()
    of = {"item_id": make_item(owner=ann).pk, "member": ann}
    now = timezone.now()
    assert field_refused(touches.log, **of, kind="fax") == "kind"
    assert field_refused(touches.log, **of, kind="call", result="sold") == "result"
    assert field_refused(touches.log, **of, kind="call", at=now + dt.timedelta(hours=1)) == "at"
    assert field_refused(touches.log, **of, kind="call", at=now - dt.timedelta(days=4000)) == "at"
    assert field_refused(touches.log, **of, kind="call", words="x" * 5000) == "words"
    assert field_refused(steps.add, **of, text="  ") == "text"
    assert field_refused(steps.add, **of, text="Call", due_at=now - dt.timedelta(days=3)) == "due_at"
    closed = make_item(state="left", closed_at=now)
    assert field_refused(steps.add, item_id=closed.pk, member=ann, text="Call") == "text"
    assert not Touch.objects.exists()
    assert not Step.objects.exists()


def test_only_who_works_the_motion_writes_and_only_who_wrote_takes_away():
    ann, bob = MemberFactory(), MemberFactory()
    item = make_item(owner=ann)
    touch = touches.log(item_id=item.pk, member=ann, kind="call")
    for verb, said in [
        (touches.log, {"item_id": item.pk, "kind": "call", "member": MemberFactory(role=Role.SUCCESS)}),
        (steps.add, {"item_id": item.pk, "text": "Call", "member": MemberFactory(role=Role.PRODUCT)}),
        (touches.remove, {"touch_id": touch.pk, "member": bob}),
    ]:
        with pytest.raises(PermissionDenied):
            verb(**said)
    assert touches.remove(touch_id=touch.pk, member=MemberFactory(role=Role.ADMIN)).removed_at


def test_the_earliest_open_step_stands_on_the_item():
    ann = MemberFactory()
    item = make_item(owner=ann)
    now = timezone.now()

    def due():
        item.refresh_from_db()
        return item.step_due_at

    def add(days):
        return steps.add(item_id=item.pk, member=ann, text="Call", due_at=now + dt.timedelta(days=days))

    later, soon = add(5), add(2)
    steps.add(item_id=item.pk, member=ann, text="Some day")
    assert due() == soon.due_at
    assert steps.complete(step_id=soon.pk, member=ann).done_by == ann
    assert due() == later.due_at
    steps.drop(step_id=later.pk, member=ann)
    assert due() is None
    steps.reopen(step_id=soon.pk, member=ann)
    assert due() == soon.due_at
    steps.postpone(step_id=soon.pk, member=ann, due_at=None)
    assert due() is None
    assert [step.text for step in steps.open_of(item.pk)] == ["Call", "Some day"]


def test_overdue_steps_rise_above_everything_else_of_mine():
    ann = MemberFactory()
    now = timezone.now()
    calm = make_item(owner=ann, score=99)
    ahead = make_item(owner=ann, score=98, step_due_at=now + dt.timedelta(days=1))
    late = make_item(owner=ann, score=20, step_due_at=now - dt.timedelta(hours=1))
    later = make_item(owner=ann, score=10, step_due_at=now - dt.timedelta(days=2))
    assert list(QueueItem.objects.mine_in_order(now)) == [later, late, calm, ahead]


# Pages ---------------------------------------------------------------------------------------------------------------


def test_a_touch_is_logged_by_a_plain_form_and_taken_back_by_its_toast(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)
    person = ProductUserFactory(account=item.account, name="Dana Ortiz", email="dana@acme.com")
    address = f"/queue/items/{item.pk}/touch"
    assert "Dana Ortiz" in client.get(address).content.decode()

    answer = client.post(address, {"kind": "call", "result": "reached", "who": f"u{person.pk}", "words": "Budget?"})
    touch = Touch.objects.get()
    assert (answer.status_code, touch.person, touch.words) == (302, person, "Budget?")
    assert f"/queue/touches/{touch.pk}/remove" in client.get(answer["Location"]).content.decode()
    client.post(f"/queue/touches/{touch.pk}/remove")
    touch.refresh_from_db()
    assert touch.removed_at


def test_a_refused_touch_loses_nothing_that_was_typed(sign_in):
    client = sign_in(Role.SALES)
    item = make_item()
    said = {"kind": "email", "words": "A long story", "at": "2999-01-01T10:00", "who": "u1x"}
    answer = client.post(f"/queue/items/{item.pk}/touch", said, headers={"HX-Request": "true"})
    told = answer.content.decode()
    assert answer.status_code == 422
    assert "A long story" in told
    assert "Choose somebody of the list" in told
    answer = client.post(f"/queue/items/{item.pk}/touch", said | {"who": ""})
    assert "in the future" in answer.content.decode()


def test_a_step_is_added_done_and_opened_again(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)
    client.post(f"/queue/items/{item.pk}/step", {"text": "Send the business case", "due": "tomorrow"})
    step = Step.objects.get()
    assert step.due_at.date() >= timezone.now().date()
    client.post(f"/queue/steps/{step.pk}/done")
    step.refresh_from_db()
    assert step.done_by == client.member
    client.post(f"/queue/steps/{step.pk}/reopen")
    client.post(f"/queue/steps/{step.pk}/due", {"due_at": "2030-01-01T10:00"})
    step.refresh_from_db()
    assert step.done_at is None
    assert client.post(f"/queue/items/{item.pk}/step", {"text": ""}).status_code == 422
    assert sign_in(Role.MARKETING).get(f"/queue/items/{item.pk}/step").status_code == 302


def test_rest_writes_and_lists_touches_and_steps(sign_in):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member)
    at = f"/api/queue/items/{item.pk}"
    json = {"content_type": "application/json"}

    touch = client.post(f"{at}/touches/", {"kind": "meeting", "result": "reached"}, **json)
    assert (touch.status_code, touch.json()["member"]) == (201, str(client.member))
    assert (
        client.post(f"{at}/touches/", {"kind": "call", "at": "2999-01-01T00:00:00Z"}, **json).json()["error"]["field"]
        == "at"
    )
    step = client.post(f"{at}/steps/", {"text": "Call", "due_at": "2027-03-01T10:00:00Z"}, **json)
    done = client.post(f"/api/queue/steps/{step.json()['id']}/complete/", **json)
    assert done.json()["done_at"]
    assert client.get(f"{at}/steps/").json()["count"] == 0
    assert client.get(f"{at}/touches/").json()["count"] == 1
    assert sign_in(Role.PRODUCT).post(f"{at}/touches/", {"kind": "call"}, **json).status_code == 403
