"""The rules of the queues and of one's own work, as pages and for programs."""

import datetime as dt
import json
import re

import pytest

from accounts.models import Role
from playbooks.assignment import policies
from playbooks.models import CoolDown, Holiday, QueuePolicy
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
HERE = "/settings/queues/"
SALES = {
    "action": "save",
    "motion": "sales",
    "is_automatic": "on",
    "same_owner_days": 120,
    "untouched_days": 14,
    "hand_minutes": 30,
    "response_minutes": 480,
    "touch_minutes": 0,
    "warn_share": "0.5",
    "early_days": 3,
    "day_begins": "08:00",
    "day_ends": "16:30",
    "weekdays": ["1", "2"],
    "timezone": "Europe/Berlin",
    "audit_share": "0.02",
}


def undo_of(response):
    return re.search(r'action="([^"]*\?[^"]*)"', response.content.decode()).group(1).replace("&amp;", "&")


def test_an_admin_sets_the_rules_of_a_queue_and_takes_it_back(sign_in):
    admin = sign_in(Role.ADMIN)
    page = admin.post(HERE, SALES, follow=True)
    policy = policies.of("sales")
    assert (policy.is_automatic, policy.hand_minutes, policy.weekdays, policy.day_ends) == (
        True,
        30,
        "12",
        dt.time(16, 30),
    )
    admin.post(undo_of(page))
    policy = policies.of("sales")
    assert (policy.is_automatic, policy.hand_minutes, policy.weekdays) == (False, 60, "12345")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("day_ends", "07:00", "ends after it begins"),
        ("timezone", "Mars/Olympus", "is not a time zone"),
        ("weekdays", [], "Choose at least one day"),
        ("warn_share", "0", "More than 0"),
        ("hand_minutes", "999999", "At most 43200"),
        ("audit_share", "0.2", "less than or equal to 0.05"),
        ("early_days", "-1", "greater than or equal to 0"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(sign_in, field, value, words):
    response = sign_in(Role.ADMIN).post(HERE, SALES | {field: value})
    assert response.status_code == 422
    page = response.content.decode()
    assert re.search(rf'field-error"[^>]*>[^<]*{words}', page)
    assert 'value="30"' in page
    assert not QueuePolicy.objects.exists()


def test_holidays_come_and_go_and_come_back(sign_in):
    admin = sign_in(Role.ADMIN)
    page = admin.post(HERE, {"action": "holiday_add", "day": "2026-12-25", "name": "Christmas"}, follow=True)
    assert "Christmas" in page.content.decode()
    assert policies.rules("success").hours.holidays == {dt.date(2026, 12, 25)}
    again = admin.post(HERE, {"action": "holiday_add", "day": "2026-12-25", "name": "Again"})
    assert "That day is a holiday already." in again.content.decode()
    page = admin.post(HERE, {"action": "holiday_remove", "id": Holiday.objects.get().pk}, follow=True)
    assert not Holiday.objects.exists()
    admin.post(undo_of(page))
    assert Holiday.objects.get().name == "Christmas"


def test_cool_downs_are_kept_where_they_differ(sign_in):
    admin = sign_in(Role.ADMIN)
    days = {closing: "" if n is None else n for closing, n in policies.cool_downs("sales").items()}
    admin.post(HERE, days | {"action": "cool", "motion": "sales", "won": "", "too_small": 7})
    assert set(CoolDown.objects.values_list("motion", "closing", "days")) == {
        ("sales", "won", None),
        ("sales", "too_small", 7),
    }


def test_a_member_says_what_to_get_and_an_admin_for_somebody_else(sign_in):
    said = {"action": "save", "takes_automatic": "on", "segments": ["enterprise"], "territories": "DE, *.co.uk"}
    said |= {"open_limit": 20, "daily_limit": 3, "away_from": "2026-12-24", "away_until": "2027-01-02"}
    rep = sign_in(Role.SALES)
    page = rep.post("/profile/work/", said, follow=True)
    member = page.context["user"]
    kept = policies.work_settings([member.pk])[member.pk]
    assert (kept.territories, kept.segments, kept.daily_limit) == ([".co.uk", ".de"], ["enterprise"], 3)
    wrong = rep.post("/profile/work/", said | {"away_until": "2026-12-01", "territories": "de/fr"})
    assert "is not the end of a domain" in wrong.content.decode()
    rep.post(undo_of(page))
    assert policies.work_settings([member.pk])[member.pk].territories == []
    other = MemberFactory(role=Role.SUCCESS)
    sign_in(Role.ADMIN).post(f"/settings/people/{other.pk}/work/", said)
    assert policies.work_settings([other.pk])[other.pk].open_limit == 20


def test_the_same_for_programs(sign_in):
    admin, rep = sign_in(Role.ADMIN), sign_in(Role.SALES)
    assert [line["motion"] for line in admin.get("/api/queue-rules/").json()] == ["sales", "success", "marketing"]
    assert rep.get("/api/queue-rules/").status_code == 403

    def patch(client, where, **said):
        return client.patch(where, json.dumps(said), content_type="application/json")

    told = patch(admin, "/api/queue-rules/success/", is_automatic=True, day_begins="07:30")
    assert (told.status_code, told.json()["day_begins"], told.json()["day_ends"]) == (200, "07:30", "17:00")
    assert patch(admin, "/api/queue-rules/success/", day_ends="07:00").json()["error"]["field"] == "day_ends"
    assert patch(rep, "/api/work/", territories=[".de"], away_from="2026-12-24").json()["territories"] == [".de"]
    assert patch(rep, "/api/work/", segments=["huge"]).status_code == 400
    assert rep.get("/api/work/").json()["away_from"] == "2026-12-24"
