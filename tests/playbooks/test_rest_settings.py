"""What pages can, programs can: holidays, cool-downs, being told, columns and plays."""

import pytest

from accounts.models import Role
from playbooks.models import CoolDown, Holiday, Play, WorkSettings

pytestmark = pytest.mark.django_db
STEP = {"kind": "email", "title": "Write to {{buyer.first_name}}", "words": "Hi\nthere"}


def send(client, method, path, **body):
    return getattr(client, method)(f"/api/{path}/", body, content_type="application/json")


def test_holidays_are_added_listed_and_taken_away_by_program(sign_in):
    client = sign_in(Role.ADMIN)

    made = send(client, "post", "holidays", day="2026-12-25", name="Christmas", motion="sales")
    again = send(client, "post", "holidays", day="2026-12-25", name="Christmas", motion="sales")
    bad = send(client, "post", "holidays", day="1026-12-26")
    listed = client.get("/api/holidays/").json()
    gone = send(client, "post", f"holidays/{made.json()['id']}/remove")

    assert (made.status_code, again.status_code, bad.status_code, gone.status_code) == (201, 400, 400, 200)
    assert (again.json()["error"]["field"], bad.json()["error"]["field"]) == ("day", "day")
    assert listed == [made.json()] == [gone.json()]
    assert not Holiday.objects.exists()
    assert send(client, "post", "holidays", day="2026-12-26").json()["name"] == "", (
        "a day needs no name, as on the page"
    )


def test_cool_downs_are_changed_by_program_and_what_is_left_out_stays(sign_in):
    client = sign_in(Role.ADMIN)
    before = client.get("/api/cool-downs/sales/").json()["days"]

    changed = send(client, "patch", "cool-downs/sales", days={"no_answer": 3, "won": None}).json()["days"]
    bad = send(client, "patch", "cool-downs/sales", days={"party": 3})

    assert changed == before | {"no_answer": 3, "won": None}
    assert bad.json()["error"]["field"] == "days.party"
    assert CoolDown.objects.get(closing="no_answer").days == 3
    assert sign_in(Role.SALES).get("/api/cool-downs/sales/").status_code == 403


def test_digest_and_quiet_hours_are_set_by_program(sign_in):
    client = sign_in(Role.SALES)

    changed = send(client, "patch", "telling", by_mail=True, digest_at="07:30", quiet_from="19:00", quiet_until="07:00")
    half = send(client, "patch", "telling", quiet_until=None)

    assert changed.json() == {
        "in_browser": True,
        "by_mail": True,
        "digest_at": "07:30",
        "quiet_from": "19:00",
        "quiet_until": "07:00",
    }
    assert (half.status_code, half.json()["error"]["field"]) == (400, "quiet_until")
    assert client.get("/api/telling/").json() == changed.json()
    assert WorkSettings.objects.get(member=client.member).quiet_until is not None


def test_columns_are_chosen_by_program_and_given_back(sign_in):
    client = sign_in(Role.SALES)
    usual = client.get("/api/columns/queue/").json()

    chosen = send(client, "patch", "columns/queue", shown=["tier", "why"]).json()["shown"]
    bad = send(client, "patch", "columns/queue", shown=["plan"])
    back = send(client, "patch", "columns/queue", shown=None).json()

    assert chosen == ["why", "tier"]
    assert bad.json()["error"]["field"] == "columns"
    assert back == usual


def test_a_play_is_made_changed_switched_removed_and_brought_back_by_program(sign_in):
    client = sign_in(Role.SALES)

    made = send(client, "post", "plays", name="Ours", motion="sales", steps=[STEP | {"after_days": 3}, STEP]).json()
    path = f"plays/{made['id']}"
    changed = send(client, "patch", path, revision=made["revision"], goal="A call", steps=[STEP]).json()
    stale = send(client, "patch", path, revision=made["revision"], goal="Theirs")
    bad = send(client, "patch", path, revision=changed["revision"], steps=[STEP | {"title": " "}])
    copied = send(client, "post", f"{path}/copy")
    off = send(client, "post", f"{path}/switch", on=False).json()
    send(client, "post", f"{path}/remove")
    removed = Play.objects.get(pk=made["id"]).removed_at
    send(client, "post", f"{path}/put-back")

    assert [step["after_days"] for step in made["steps"]] == [0, 3]
    assert (changed["goal"], changed["name"], len(changed["steps"])) == ("A call", "Ours", 1)
    assert (stale.status_code, stale.json()["current"]["goal"]) == (409, "A call")
    assert bad.json()["error"]["field"] == "steps.0.title"
    assert (copied.status_code, copied.json()["is_active"]) == (201, False)
    assert (off["is_active"], removed is None) == (False, False)
    assert Play.objects.get(pk=made["id"]).removed_at is None


def test_a_built_in_play_gets_its_text_back_and_others_plays_are_not_ones_own(sign_in):
    sales, product = sign_in(Role.SALES), sign_in(Role.PRODUCT)
    built_in = product.get("/api/plays/?motion=success&limit=1").json()["results"][0]
    path = f"plays/{built_in['id']}"

    changed = send(product, "patch", path, revision=1, goal="Ours").json()
    restored = send(product, "post", f"{path}/restore").json()

    assert (changed["goal"], restored["goal"]) == ("Ours", built_in["goal"])
    assert send(sales, "post", f"{path}/remove").status_code == 403
    assert send(sales, "post", "plays", name="Theirs", motion="success", steps=[STEP]).status_code == 403
