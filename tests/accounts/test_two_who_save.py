"""Of two who save at once the later one, who has not seen what the other one made, is told, and loses nothing that was typed."""

import pytest
from django import forms
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AuditEntry, HandRaiseForm, Persona, Role, TitleRule
from accounts.personas import editing
from tests.factories import MemberFactory, SourceFactory

pytestmark = pytest.mark.django_db


def drawn(client, here):
    """What a browser would send back of the page's form, untouched."""
    return sent(form_of(client.get(here)))


def form_of(answer):
    return next(part["form"] for part in answer.context if isinstance(part.get("form"), forms.Form))


def sent(form):
    return {field.html_name: "" if (value := field.value()) is None else value for field in form}


@pytest.fixture
def admin(sign_in):
    return sign_in(Role.ADMIN)


def test_the_later_of_two_who_save_a_persona_sees_both_versions_and_loses_nothing(admin):
    persona = editing.add_persona(said={"name": "Wizard", "seniorities": ["vp"]}, member=MemberFactory(role=Role.ADMIN))
    here = reverse("persona", args=[persona.pk])
    mine = drawn(admin, here) | {"angle": "Mine", "employees_from": "50"}
    theirs = drawn(admin, here) | {"angle": "Theirs", "seniorities": ["vp", "director"], "use_cases": "reports\nSSO"}
    assert admin.post(here, theirs).status_code == 302
    answer = admin.post(here, mine)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody made it “Theirs”." in page
    assert ">\nMine</textarea>" in page
    form = form_of(answer)
    assert form["seniorities"].value() == ["vp", "director"]
    assert form["use_cases"].value() == "reports\nSSO"
    assert form["employees_from"].value() == "50"
    persona.refresh_from_db()
    assert persona.angle == "Theirs"
    assert admin.post(here, sent(form)).status_code == 302
    persona.refresh_from_db()
    assert (persona.angle, persona.employees_from) == ("Mine", 50)
    assert (persona.seniorities, persona.use_cases) == (["vp", "director"], ["reports", "SSO"])


def test_a_persona_that_was_removed_meanwhile_shows_what_was_typed(admin):
    persona = editing.add_persona(said={"name": "Wizard", "seniorities": ["vp"]}, member=MemberFactory(role=Role.ADMIN))
    here = reverse("persona", args=[persona.pk])
    mine = drawn(admin, here) | {"angle": "Typed for an hour"}
    admin.post(reverse("personas"), {"action": "remove", "id": persona.pk})
    answer = admin.post(here, mine)
    assert (answer.status_code, "Typed for an hour" in answer.content.decode()) == (409, True)


def test_the_later_of_two_who_save_a_form_sees_both_versions_and_loses_nothing(admin):
    form = HandRaiseForm.objects.create(name="Pricing", source=SourceFactory(), asks=["name"])
    here = reverse("hand_form", args=[form.pk])
    mine = drawn(admin, here) | {"thanks": "Mine", "origins": "https://acme.com"}
    theirs = drawn(admin, here) | {"thanks": "Theirs", "asks": ["name", "title"], "button": "Go"}
    assert admin.post(here, theirs).status_code == 302
    answer = admin.post(here, mine)
    assert answer.status_code == 409
    assert "Somebody made it “Theirs”." in answer.content.decode()
    shown = form_of(answer)
    assert [shown[name].value() for name in ("thanks", "origins", "asks", "button")] == [
        *("Mine", "https://acme.com"),
        *(["name", "title"], "Go"),
    ]
    form.refresh_from_db()
    assert (form.thanks, form.origins) == ("Theirs", [])
    assert admin.post(here, sent(shown)).status_code == 302
    form.refresh_from_db()
    assert (form.thanks, form.origins, form.asks, form.button) == (
        "Mine",
        ["https://acme.com"],
        ["name", "title"],
        "Go",
    )
    admin.post(here, {"action": "remove"})
    answer = admin.post(here, mine | {"question": "Typed for an hour"})
    assert (answer.status_code, "Typed for an hour" in answer.content.decode()) == (409, True)


def test_the_same_persona_and_the_same_rule_are_there_once_and_the_error_names_the_field(admin, monkeypatch):
    one = {"name": "Straße", "seniorities": ["vp"]}
    member = MemberFactory(role=Role.ADMIN)
    editing.add_persona(said=one, member=member)
    with pytest.raises(IntegrityError, match="one_persona_of_a_name"), transaction.atomic():
        Persona.objects.create(name="STRAße", seniorities=["vp"])
    rule = {"kind": "seniority", "value": "vp", "pattern": "oracle", "is_regex": False}
    editing.add_rule(**rule, member=member)
    with pytest.raises(IntegrityError, match="one_title_rule"), transaction.atomic():
        TitleRule.objects.create(**rule)
    # As if both had looked before either wrote.
    entries = AuditEntry.objects.count()
    monkeypatch.setattr(editing, "_is_named_alike", lambda persona: False)
    answer = admin.post(reverse("persona_new"), {"name": "straße", "seniorities": ["vp"], "confidence": "0.5"})
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"name": ["There is a persona of this name already."]}
    answer = admin.post("/api/personas/", one, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")
    assert AuditEntry.objects.count() == entries
