"""Look before you merge: the preview, doing it, the list, and likely merges."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import corrections
from accounts.models import Account, Correction, MergeSuggestion, Role
from playbooks import foreseeing, queue
from playbooks.models import QueueItem
from scoring import runs
from scoring.models import Score
from tests.factories import AccountFactory, MemberFactory
from tests.feed import group, identify, load, track
from tests.playbooks.test_queue_page import make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def companies():
    people = [f"{name}@{domain}" for domain in ("acme.com", "beta.io") for name in ("ann", "bob", "cid")]
    load(
        group("acme", people[0], name="Acme", domain="acme.com", employees=400),
        group("beta", people[3], name="Beta", domain="beta.io", employees=90),
        *(identify(person, email=person) for person in people),
        *(track(person, days_ago=ago, group=person[4:8]) for person in people for ago in (1, 3, 9, 40)),
    )
    runs.score_changed()
    return Account.objects.get(domain="acme.com"), Account.objects.get(domain="beta.io")


def test_what_is_foreseen_is_what_happens_and_looking_changes_nothing(companies):
    acme, beta = companies
    make_item(account=acme, owner=MemberFactory(role=Role.SALES))
    make_item(account=beta)
    said = {"account_id": acme.pk, "into_id": beta.pk, "member": None}

    seen = foreseeing.foresee(corrections.merge, **said)

    assert not Correction.objects.exists()
    assert Account.objects.get(pk=acme.pk).merged_into is None
    assert (seen.away.weight.people, seen.into.weight.people, seen.into_after.weight.people) == (3, 3, 6)
    assert seen.away.weight.events + seen.into.weight.events == seen.into_after.weight.events
    assert seen.into_after.weight.events_long == 24
    assert seen.leaving == 1
    foreseeing.following.correct(corrections.merge, **said)
    runs.score_changed()
    after = Score.objects.get(account=beta)
    assert (seen.into_after.rated.score, seen.into_after.rated.tier) == (after.score, after.tier)
    assert QueueItem.objects.open().count() == 1
    queue.route_scored()
    assert [place.motion for place in seen.into_after.places] == [
        item.get_motion_display() for item in QueueItem.objects.open()
    ]


def test_what_routing_closed_because_of_a_correction_is_open_again_when_it_is_undone(companies):
    acme, beta = companies
    item = make_item(account=beta)
    Score.objects.filter(account=beta).update(tier="activate")  # in which it stays for a while, whatever the score
    done = foreseeing.following.correct(corrections.merge, account_id=acme.pk, into_id=beta.pk, member=None)
    runs.score_changed()
    queue.route_scored()
    item.refresh_from_db()
    assert item.state == QueueItem.State.LEFT
    foreseeing.following.correct(corrections.undo, correction_id=done.pk, member=None)
    assert list(QueueItem.objects.open().values_list("pk", "closed_at", "account")) == [(item.pk, None, beta.pk)]
    assert Score.objects.get(account=beta).tier == "activate"


def test_a_merge_on_the_page_is_searched_looked_at_done_and_undone(companies, sign_in):
    acme, beta = companies
    client, here = sign_in(Role.PRODUCT), reverse("account_correct", args=[acme.pk])

    assert "Beta" in client.get(here, {"q": "beta.io"}).text
    looked = client.get(here, {"do": "merge", "other": beta.pk}).text
    assert "Merge Acme into Beta" in looked
    assert "acme.com, beta.io" in looked
    assert "Merge Beta into Acme" in client.get(here, {"do": "merge", "other": beta.pk, "keep": "this"}).text
    answer = client.post(here, {"do": "merge", "other": beta.pk, "note": "Bought in May"}, follow=True)
    assert "Acme merged into Beta" in answer.text
    assert client.get(reverse("account", args=[acme.pk])).url.startswith(reverse("account", args=[beta.pk]))

    made = Correction.objects.get()
    listed = client.get(reverse("corrections"), {"q": "beta"}).text
    assert "Bought in May" in listed
    assert "Acme merged into Beta" in "".join(client.get(reverse("corrections_csv")).getvalue().decode())
    answer = client.post(reverse("correction_undo", args=[made.pk]), follow=True)
    assert "Undone: Acme merged into Beta" in answer.text
    assert "It was undone already" in client.post(reverse("correction_undo", args=[made.pk]), follow=True).text


@pytest.mark.parametrize("do", ["domain", "workspace", "split"])
def test_the_other_corrections_are_looked_at_and_done_on_the_page(companies, sign_in, do):
    acme, beta = companies
    space = acme.workspaces.get()
    said = {
        "domain": {"domain": "acme.com", "other": beta.pk},
        "workspace": {"workspace": space.pk, "other": beta.pk},
        "split": {"workspaces": [space.pk], "people": [acme.product_users.first().pk], "name": "Acme Labs"},
    }[do] | {"do": do}
    client, here = sign_in(Role.ADMIN), reverse("account_correct", args=[acme.pk])

    assert "What changes" in client.get(here, said).text
    answer = client.post(here, said, follow=True)

    assert "Done:" in answer.text
    space.refresh_from_db()
    assert space.account != acme


def test_what_cannot_be_corrected_says_why_and_keeps_what_was_chosen(companies, sign_in):
    acme, beta = companies
    client, here = sign_in(Role.ADMIN), reverse("account_correct", args=[acme.pk])

    for said, words in (
        ({"do": "merge", "other": acme.pk}, "That is the same account"),
        ({"do": "merge", "other": 10**12}, "There is no account"),
        ({"do": "domain", "domain": "beta.io", "other": beta.pk}, "no domain of this account"),
        ({"do": "merge", "other": "x"}, "is not a number"),
        ({"do": "split", "people": "9" * 5000}, "is not a number"),
        ({"do": "split"}, "Choose what is to be corrected"),
    ):
        answer = client.post(here, said)
        assert answer.status_code == 422
        assert words in answer.text
    # Another admin was faster.
    corrections.merge(account_id=acme.pk, into_id=beta.pk, member=None)
    answer = client.post(here, {"do": "merge", "other": beta.pk}, follow=True)
    assert "Nothing was done: Acme was merged into Beta meanwhile." in answer.text
    answer = client.post(reverse("account_correct", args=[beta.pk]), {"do": "merge", "other": acme.pk})
    assert "Choose Beta, or undo that merge first." in answer.text


def test_likely_merges_are_shown_with_their_evidence_dismissed_and_put_back(sign_in):
    away, into = AccountFactory(name="Mellanox"), AccountFactory(name="NVIDIA")
    likely = MergeSuggestion.objects.create(
        account=away,
        into=into,
        score=0.9,
        evidence={"people": {"confidence": 0.9, "people": 41}},
        found_at=timezone.now(),
    )
    client = sign_in(Role.ADMIN)

    page = client.get(reverse("corrections")).text
    assert "Mellanox" in page
    assert "41 people have the same name or e-mail at both." in page
    assert "NVIDIA" in client.get(reverse("account_correct", args=[away.pk])).text
    assert "in a minute" in client.post(reverse("corrections"), follow=True).text
    client.post(reverse("suggestion_dismiss", args=[likely.pk]))
    client.get(reverse("corrections"))  # shows the toast
    assert "Mellanox" not in client.get(reverse("account_correct", args=[into.pk])).text
    assert "Mellanox" in client.get(reverse("corrections"), {"likely": "dismissed"}).text
    client.post(reverse("suggestion_back", args=[likely.pk]))
    assert "Look and merge" in client.get(reverse("corrections")).text


def test_the_list_costs_the_same_whatever_its_length(sign_in, django_assert_max_num_queries):
    client = sign_in(Role.ADMIN)
    for _n in range(12):
        one, other = AccountFactory(), AccountFactory()
        corrections.merge(account_id=one.pk, into_id=other.pk, member=client.member)
        MergeSuggestion.objects.create(
            account=AccountFactory(), into=AccountFactory(), score=1, evidence={}, found_at=timezone.now()
        )
    client.get(reverse("corrections"))
    with django_assert_max_num_queries(14):
        client.get(reverse("corrections"))


def test_programs_look_correct_list_and_undo(companies, sign_in):
    acme, beta = companies
    client = sign_in(Role.ADMIN)

    def post(name: str, said: dict | None = None, **args: int):
        return client.post(reverse(name, kwargs=args), said or {}, content_type="application/json")

    asked = {"kind": "merge", "account": acme.pk, "into": beta.pk}
    seen = post("api_correction_preview", asked).json()
    assert (seen["into_after"]["people"], seen["account_after"]["is_gone"], seen["is_scored"]) == (6, True, True)
    made = post("api_corrections", asked)
    assert (made.status_code, made.json()["moved"]["people"]) == (201, 3)
    assert post("api_corrections", asked).json()["error"]["field"] == "account"
    assert post("api_corrections", {"kind": "split"}).json()["error"]["field"] == "account"
    undone = post("api_correction_undo", correction_id=made.json()["id"]).json()
    assert undone["undone_by"] == str(client.member)
    listed = client.get(reverse("api_corrections"), {"state": "undone"}).json()
    assert [one["what"] for one in listed["results"]] == ["Acme merged into Beta"]
    one, other = AccountFactory(), AccountFactory()
    likely = MergeSuggestion.objects.create(account=one, into=other, score=1, evidence={}, found_at=timezone.now())
    assert post("api_suggestion_dismiss", suggestion_id=likely.pk).json()["dismissed_at"]
    assert client.get(reverse("api_suggestions")).json()["count"] == 0
    assert post("api_suggestion_back", suggestion_id=likely.pk).json()["dismissed_at"] is None
