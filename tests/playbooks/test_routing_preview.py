"""What a routing table would move, told before it is saved, is what saving it does."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, Role
from playbooks import queue, routing_preview, routing_table, touches
from playbooks.models import QueueItem
from playbooks.routing import DEFAULT_TABLE, Cell
from playbooks.verbs import verbs
from scoring.models import Score
from tests.factories import MemberFactory
from tests.playbooks.test_effects import by_motion, work
from tests.playbooks.test_routing_page import form, scored

pytestmark = pytest.mark.django_db

SWAPPED = {"sales": "success", "success": "sales", "marketing": "sales", "self_serve": "marketing"}
TABLES = [
    {key: Cell("marketing") for key in DEFAULT_TABLE},
    DEFAULT_TABLE,
    {key: Cell(SWAPPED[cell.motion], "New step") for key, cell in DEFAULT_TABLE.items()},
    {key: Cell("self_serve") for key in DEFAULT_TABLE},
    {key: Cell("sales", "", True) for key in DEFAULT_TABLE},
]


def scored_as(tier, buyer_state, segment, *, score=85, people=5, hand=None):
    row = scored(tier, buyer_state, segment)
    Score.objects.filter(pk=row.pk).update(score=score, feature_values=[2, people, 0, people], hand_raised_at=hand)
    return row


@pytest.fixture
def world():
    """Accounts in every cell: some claimed, in conversation, closed and resting, asleep; a raised hand; some bare."""
    for number, cell in enumerate(DEFAULT_TABLE):
        scored_as(*cell, score=40 + number)
    scored_as("pqa", "none", "smb", hand=timezone.now())
    bare = scored_as("pqa", "likely", "enterprise")
    Score.objects.filter(pk=bare.pk).update(feature_values=[0.25, 1, 0, 1])
    queue.route_all()
    work()
    members = {role: MemberFactory(role=role) for role in (Role.SALES, Role.SUCCESS, Role.MARKETING, Role.ADMIN)}
    for motion in ("sales", "success", "marketing"):
        items = list(QueueItem.objects.filter(motion=motion, state="new", hand_raised_at=None).order_by("pk"))
        member = members[Role(motion)]
        for item in items[:4]:
            verbs.claim(item_id=item.pk, member=member)
        touches.log(item_id=items[1].pk, member=member, kind="call", result="reached")
        verbs.disqualify(item_id=items[2].pk, member=member, reason="too_small")
        verbs.snooze(item_id=items[3].pk, member=member, until=None)
    return members


def states():
    return {item.pk: (item.account_id, item.motion, item.is_open, item.mark != "") for item in QueueItem.objects.all()}


def test_what_is_told_is_what_saving_does_from_one_table_to_the_next(world):
    did = Counter()
    for table in TABLES:
        was, told = states(), by_motion(routing_preview.of(table))
        routing_table.save(table=table, member=world[Role.ADMIN])
        work()
        now = states()
        assert any(not one.is_nothing for one in told.values())
        for motion, one in told.items():
            new = {key for key in now if key not in was and now[key][1] == motion}
            mine = {key for key in was if was[key][1] == motion and was[key][2]}
            closed = {key for key in mine if not now[key][2]}
            assert one.entering == len(new)
            assert {line.account_id for line in one.enter} <= {now[key][0] for key in new}
            assert one.leaving + one.handing == len(closed)
            assert one.handing == QueueItem.objects.filter(pk__in=closed, state="done").count()
            assert one.keeping == len({key for key in mine if now[key][3] and not was[key][3]})
            assert one.unmarked == len(
                {key for key in mine & now.keys() if was[key][3] and now[key][2:] == (True, False)}
            )
            assert one.items_then == QueueItem.objects.open().filter(motion=motion).count()
            did.update({name: getattr(one, name) for name in ("entering", "leaving", "handing", "keeping", "unmarked")})
        assert routing_preview.of(table).is_nothing
    assert min(did.values()) > 0, did
    entry = AuditEntry.objects.filter(action="routing.change").first()
    assert entry.by == world[Role.ADMIN]
    assert entry.detail["before"]["pqa.none.unknown"] == ["marketing", "Find the buyer", False]


def test_the_page_shows_it_and_saves_nothing(sign_in):
    score = scored()
    Score.objects.create(
        account=scored("activate").account.__class__.objects.create(name="Quiet", domain="quiet.com"),
        tier="pqa", segment="smb", buyer_state="confirmed", definition=score.definition,
        scored_at=score.scored_at, tier_since=score.tier_since,
    )  # fmt: skip
    admin = sign_in(Role.ADMIN)
    posted = form(**{"pqa.confirmed.smb": ("sales", "Call", False)})
    page = admin.post("/settings/routing/", posted | {"preview": "1"}).content.decode()
    assert "What saving would move" in page
    assert f'/accounts/{score.account_id}/">{score.account.name}' in page
    assert "2 accounts, 1 bare sign-ups are held back" in page
    assert 'value="Call"' in page
    assert queue.table() == DEFAULT_TABLE
    nothing = admin.post("/settings/routing/", form() | {"preview": "1"}).content.decode()
    assert "The table is as it is in force" in nothing
    assert sign_in(Role.PRODUCT).post("/settings/routing/", posted | {"preview": "1"}).status_code == 403


def test_programs_read_preview_and_put_the_table(sign_in):
    score = scored()
    admin = sign_in(Role.ADMIN)
    found = admin.get("/api/routing/").json()
    assert len(found["cells"]) == 48
    assert found["bare_sign_ups_in_sales"] == 0
    cell = {"tier": "pqa", "buyer_state": "confirmed", "segment": "smb", "motion": "sales", "first_step": "Call"}
    told = admin.post("/api/routing/preview/", {"cells": [cell]}, content_type="application/json").json()
    sales = next(one for one in told["motions"] if one["motion"] == "sales")
    assert [line["account_id"] for line in sales["enter"]] == [score.account_id]
    assert queue.table() == DEFAULT_TABLE
    put = admin.put("/api/routing/", {"cells": [cell]}, content_type="application/json")
    assert (put.status_code, put.json()["changed"]) == (200, 1)
    assert queue.table()["pqa", "confirmed", "smb"] == Cell("sales", "Call")
    assert AuditEntry.objects.get().way == "api"
    for wrong, field in (
        ({"cells": [cell | {"motion": "nobody"}]}, "cells[0].motion"),
        ({"cells": [cell, cell]}, "cells[1]"),
        ({}, "cells"),
    ):
        answer = admin.put("/api/routing/", wrong, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
    product = sign_in(Role.PRODUCT)
    assert product.get("/api/routing/").status_code == 200
    assert product.put("/api/routing/", {"cells": []}, content_type="application/json").status_code == 403


def test_queries_do_not_grow(world):
    def queries():
        with CaptureQueriesContext(connection) as seen:
            routing_preview.of(TABLES[-1])
        return len(seen)

    few = queries()
    for cell in DEFAULT_TABLE:
        scored_as(*cell)
    queue.route_all()
    work()
    assert queries() == few
