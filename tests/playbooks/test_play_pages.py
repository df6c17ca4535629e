"""The pages of plays: the list, the editor with its preview, the box of an item; and REST."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Persona, Role
from playbooks.models import Play, PlayUse, QueueItem, Step, Touch
from playbooks.plays import editing as play_editing
from playbooks.plays import plays
from playbooks.plays import rows as play_rows
from playbooks.plays.library import LIBRARY, PlayText, StepText
from playbooks.screens import plays as screen
from tests.factories import MemberFactory, ProductUserFactory
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
TEXT = PlayText(
    name="Ours",
    motion="sales",
    goal="Help {{account}}",
    talking_points="First\nThey use {{top_feature}}",
    exits=("replied",),
    steps=(
        StepText("email", 0, "Write to {{buyer.name}}", "For {{account}}", "Hi {{buyer.first_name}},\nsee <b>"),
        StepText("task", 2, "Look"),
    ),
)


@pytest.fixture
def play(db):
    return play_editing.add(member=MemberFactory(role=Role.ADMIN), text=TEXT)


def sent(text=TEXT, *, revision=1, **changed):
    """The editor's form as a browser sends it."""
    said = {name: getattr(text, name) for name in ("name", "motion", "tier", "signal", "persona", "goal")}
    said |= {"talking_points": text.talking_points.replace("\n", "\r\n"), "exits": list(text.exits), "is_active": "on"}
    said |= {"is_expansion": "", "revision": revision, "step-TOTAL_FORMS": len(text.steps), "step-INITIAL_FORMS": 0}
    for number, step in enumerate(text.steps):
        for name in ("kind", "after_days", "title", "subject", "words"):
            said[f"step-{number}-{name}"] = getattr(step, name)
    return said | changed


def html(answer) -> str:
    return answer.content.decode()


def test_the_list_tells_results_in_the_same_number_of_queries_however_many_plays(sign_in, play):
    client = sign_in(Role.SALES)
    PlayUse.objects.create(play=play, item=make_item(), started_at="2026-01-01T00:00Z")
    client.get("/plays/")
    with CaptureQueriesContext(connection) as few:
        shown = html(client.get("/plays/?motion=sales"))
    with CaptureQueriesContext(connection) as many:
        assert len(Play.objects.all()) > len(LIBRARY)
        everything = html(client.get("/plays/"))
    assert len(many) - 1 == len(few)
    assert "Ours" in shown
    assert LIBRARY["activation"].name in everything
    assert LIBRARY["activation"].name not in shown
    assert shown.count("Switch off") > 3
    assert "Switch off" not in html(client.get("/plays/?motion=success"))


def test_the_editor_shows_the_play_filled_for_a_real_account(sign_in, play):
    item = make_item(buyer=ProductUserFactory(name="Dana Ortiz"))
    client = sign_in(Role.SALES)
    shown = html(client.get(f"/plays/{play.pk}/"))
    assert item.account.name in shown
    assert '<span class="merged">Dana</span>' in shown
    assert '<mark class="missing">[most used feature?]</mark>' in shown
    assert "see &lt;b&gt;" in shown

    other = make_item(score=10)
    fragment = html(client.post("/plays/preview", sent(account=other.account.name, goal="New {{account}} {{x}}")))
    assert "<html" not in fragment
    assert f'New <span class="merged">{other.account.name}</span>' in fragment
    assert "There is no field {{x}}" in fragment
    assert '<mark class="missing">[buyer&#x27;s first name?]</mark>' in fragment
    assert "No account in the queues" in html(client.post("/plays/preview", sent(account="Nobody at all")))
    assert client.post("/plays/preview", {}).status_code == 200
    odd = sent(account="\x00", motion="\x00", **{"step-TOTAL_FORMS": "9" * 9, "step-0-after_days": "1e9"})
    assert client.post("/plays/preview", odd).status_code == 200


def test_a_play_is_saved_and_its_undo_puts_the_former_words_back(sign_in, play):
    client = sign_in(Role.SALES)
    answer = client.post(f"/plays/{play.pk}/", sent(goal="Another"))
    play.refresh_from_db()
    assert (answer.status_code, play.goal, play.revision) == (302, "Another", 2)
    assert play_rows.text_of(play).talking_points == TEXT.talking_points
    assert f"/plays/{play.pk}/undo" in html(client.get(answer["Location"]))
    client.post(f"/plays/{play.pk}/undo")
    play.refresh_from_db()
    assert play_rows.text_of(play) == TEXT


def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(sign_in, play):
    client = sign_in(Role.SALES)
    make_item()
    said = sent(name="", goal="{{frist}}", **{"step-1-title": "", "step-0-words": "My long letter {{who}}"})
    answer = client.post(f"/plays/{play.pk}/", said)
    shown = html(answer)
    assert answer.status_code == 422
    assert shown.count("My long letter") == 2  # as it was typed, and in the preview
    for words in ("There is no field {{frist}}", "There is no field {{who}}", "This field is required"):
        assert words in shown, words
    play.refresh_from_db()
    assert play_rows.text_of(play) == TEXT


def test_a_step_is_added_and_taken_out_without_javascript(sign_in, play):
    client = sign_in(Role.SALES)
    shown = client.post(f"/plays/{play.pk}/", sent(action="step", name="Typed"))
    assert 'name="step-2-title"' in html(shown)
    assert 'value="Typed"' in html(shown)
    assert "This field is required" not in html(shown)
    client.post(f"/plays/{play.pk}/", sent(**{"step-1-DELETE": "on"}))
    assert [step.title for step in play.steps.all()] == ["Write to {{buyer.name}}"]


def test_the_second_of_two_who_save_sees_what_he_typed_and_may_save_over(sign_in, play):
    client = sign_in(Role.SALES)
    other = MemberFactory(name="Bob Rep", role=Role.PRODUCT)
    text = play_rows.text_of(play)
    play_editing.save(play_id=play.pk, revision=1, member=other, text=PlayText(**{**vars(text), "goal": "Bob's"}))
    wrong = client.post(f"/plays/{play.pk}/", sent(name=""))
    assert 'name="revision" value="1"' in html(wrong)
    lost = client.post(f"/plays/{play.pk}/", sent(goal="Mine"))
    assert lost.status_code == 409
    assert "Bob Rep changed this play since you opened it" in html(lost)
    assert 'name="revision" value="2"' in html(lost)
    client.post(f"/plays/{play.pk}/", sent(goal="Mine", revision=2))
    play.refresh_from_db()
    assert play.goal == "Mine"


def test_others_read_and_cannot_write(sign_in, play):
    client = sign_in(Role.SUCCESS)
    assert "To read" in html(client.get(f"/plays/{play.pk}/"))
    for address in ("", "copy", "switch", "remove"):
        assert client.post(f"/plays/{play.pk}/{address}", sent()).status_code == 403, address
    assert client.post("/plays/new/", sent(name="X")).status_code == 422  # not a queue of theirs
    assert client.post("/plays/new/", sent(name="X", motion="success")).status_code == 302


def test_switching_copying_removing_and_resetting_have_a_way_back(sign_in, play):
    client = sign_in(Role.PRODUCT)
    client.post(f"/plays/{play.pk}/switch", {"on": "0"})
    play.refresh_from_db()
    assert not play.is_active
    client.post(f"/plays/{play.pk}/switch?on=1")
    client.post(f"/plays/{play.pk}/copy")
    assert Play.objects.filter(name="Copy of Ours").exists()
    client.post(f"/plays/{play.pk}/remove")
    assert "Ours" in html(client.get("/plays/?removed"))
    client.post(f"/plays/{play.pk}/put-back")
    play.refresh_from_db()
    assert (play.is_active, play.removed_at) == (True, None)

    built_in = Play.objects.get(key="business_case")
    text = play_rows.text_of(built_in)
    client.post(f"/plays/{built_in.pk}/", sent(text, goal="Ours now", is_expansion="no"))
    client.post(f"/plays/{built_in.pk}/reset")
    assert play_rows.text_of(Play.objects.get(pk=built_in.pk)) == text
    client.post(f"/plays/{built_in.pk}/undo")
    built_in.refresh_from_db()
    assert (built_in.goal, built_in.is_edited) == ("Ours now", True)
    assert client.post(f"/plays/{play.pk}/reset").status_code == 404


# Beside an item ------------------------------------------------------------------------------------------------------


def test_the_box_shows_the_suggested_play_its_reason_and_its_words(sign_in, play):
    client = sign_in(Role.SALES)
    leads = Persona.objects.create(name="Data lead", angle="Ask for the report that takes longest.")
    buyer = ProductUserFactory(name="Dana Ortiz", email="dana@acme.com", persona=leads)
    item = make_item(buyer=buyer, play=play, play_because="The buyer is known")
    item = QueueItem.objects.for_rows().get(pk=item.pk)
    screen.box(item, client.member)
    with CaptureQueriesContext(connection) as asked:
        box = screen.box(item, client.member)
    assert len(asked) <= 11
    assert (box.name, box.because, box.may_begin) == ("Ours", "The buyer is known", True)
    letter = box.steps[0]
    assert letter.words.plain == "Hi Dana,\nsee <b>"
    assert letter.mailto.startswith("mailto:dana@acme.com?subject=For%20")
    assert letter.missing == []
    shown = html(client.get(f"/queue/items/{item.pk}/play"))
    assert "Words for Dana Ortiz" in shown
    assert "Ask for the report that takes longest." in shown
    assert "see &lt;b&gt;" in shown


def test_a_play_is_begun_logged_stopped_and_resumed_by_plain_forms(sign_in, play):
    client = sign_in(Role.SALES)
    buyer = ProductUserFactory(name="Dana Ortiz")
    item = make_item(buyer=buyer, play=play)
    ProductUserFactory.reset_sequence(10_000)
    type(buyer).objects.filter(pk=buyer.pk).update(account=item.account)
    client.post(f"/queue/items/{item.pk}/play", {"play": play.pk})
    use = PlayUse.objects.get()
    letter, look = Step.objects.filter(play_use=use).order_by("place")
    assert letter.text == "Write to Dana Ortiz"
    assert "running, 0 of 2 steps done" in html(client.get(f"/queue/sales/?item={item.pk}"))

    client.post(f"/queue/steps/{letter.pk}/logged")
    touch = Touch.objects.get()
    assert (touch.kind, touch.person, touch.words) == ("email", buyer, letter.text)
    client.post(f"/queue/steps/{letter.pk}/unlogged?touch={touch.pk}")
    letter.refresh_from_db()
    assert letter.done_at is None
    assert client.post(f"/queue/steps/{look.pk}/logged").status_code == 302  # a task is no touch: told, nothing done
    assert not Touch.objects.filter(removed_at=None).exists()

    client.post(f"/queue/plays/{use.pk}/stop")
    assert not Step.objects.filter(dropped_at=None).exists()
    client.post(f"/queue/plays/{use.pk}/resume")
    assert Step.objects.filter(dropped_at=None).count() == 2
    assert "1 of 2" not in html(client.get(f"/queue/items/{item.pk}/play"))
    assert client.post(f"/queue/items/{item.pk}/play", {"play": "x"}).status_code == 302


def test_an_ended_play_says_why_and_can_go_on(sign_in, play):
    client = sign_in(Role.SALES)
    item = make_item(owner=client.member, play=play)
    plays.begin(item_id=item.pk, play_id=play.pk, member=client.member)
    client.post(f"/queue/items/{item.pk}/touch", {"kind": "call", "result": "replied"})
    shown = html(client.get(f"/queue/items/{item.pk}/play"))
    assert "“Ours” ended: they replied." in shown
    assert "Go on with it" in shown


# REST ----------------------------------------------------------------------------------------------------------------


def test_rest_lists_previews_begins_and_stops(sign_in, play):
    client = sign_in(Role.SALES)
    item = make_item(buyer=ProductUserFactory(name="Dana Ortiz"), play=play)
    json = {"content_type": "application/json"}
    client.get("/api/plays/")
    with CaptureQueriesContext(connection) as asked:
        listed = client.get("/api/plays/?motion=sales&limit=200").json()
    assert len(asked) <= 8
    assert "Ours" in [one["name"] for one in listed["results"]]
    shown = client.get(f"/api/plays/{play.pk}/preview/{item.pk}/").json()
    assert shown["steps"][0]["words"] == "Hi Dana,\nsee <b>"

    begun = client.post(f"/api/queue/items/{item.pk}/play/", {"play": play.pk}, **json)
    assert (begun.status_code, len(begun.json()["steps"])) == (200, 2)
    assert client.get(f"/api/plays/{play.pk}/").json()["results"]["running"] == 1
    use = begun.json()["id"]
    assert client.post(f"/api/queue/plays/{use}/stop/", **json).json()["end"] == "stopped"
    assert client.post(f"/api/queue/plays/{use}/resume/", **json).json()["end"] == ""
    refused = client.post(f"/api/queue/items/{item.pk}/play/", {"play": 2_000_000}, **json)
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "play")
    assert sign_in(Role.PRODUCT).post(f"/api/queue/items/{item.pk}/play/", **json).status_code == 403
