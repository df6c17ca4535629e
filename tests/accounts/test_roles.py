"""The part people have in a purchase: fused evidence, what members say, and who brought whom."""

import datetime as dt
import itertools

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts import evidence, invitations, organisation, roles
from accounts.invitations import Came, Sent
from accounts.models import AccountChange, AuditEntry, Contact, ProductUser, Role, RoleWord
from tests.factories import AccountFactory, MemberFactory, ProductUserFactory
from tests.feed import alias, identify, load, track

TITLE = evidence.piece("title", "economic_buyer", 0.6)


def seen(**counts: int) -> list:
    return evidence.of_behaviour(counts, title_role="economic_buyer")


# Fusion --------------------------------------------------------------------------------------------------------------


def test_a_title_and_two_visits_to_billing_make_a_likely_buyer_of_72_percent():
    known = [TITLE, *seen(billing=2)]

    assert evidence.fuse(known) == ("economic_buyer", 0.72)
    assert evidence.words(known, title="VP Engineering") == ["VP Engineering", "visited billing twice"]


def test_several_acts_of_one_source_are_one_reason_and_the_order_of_evidence_does_not_matter():
    known = [TITLE, *seen(billing=2, pricing=9, terms=1), evidence.piece("crm", "champion", 0.5)]

    assert {evidence.fuse(some) for some in itertools.permutations(known)} == {("economic_buyer", 0.72)}


@pytest.mark.parametrize(
    ("title_role", "counts", "role"),
    [
        ("", {"invite": 1}, ""),
        ("", {"invite": 2}, "champion"),
        ("", {"pricing": 1}, "economic_buyer"),
        ("", {"terms": 1}, "evaluator"),
        ("end_user", {"pricing": 1}, "evaluator"),
        ("end_user", {}, "end_user"),
        ("influencer", {"pricing": 1}, "influencer"),
        ("procurement", {"terms": 1}, "procurement"),
    ],
)
def test_what_somebody_did_speaks_for_the_part_that_the_title_names(title_role, counts, role):
    known = evidence.with_title(evidence.of_behaviour(counts, title_role=""), title_role, 0.4)

    assert evidence.fuse(known)[0] == role


def test_a_members_word_stands_alone_and_the_crm_adds_up():
    word = evidence.piece("human", "influencer", 0.9)

    assert evidence.fuse([TITLE, word, evidence.piece("crm", "economic_buyer", 0.9)]) == ("influencer", 0.9)
    assert evidence.fuse([TITLE, evidence.piece("crm", "economic_buyer", 0.9)]) == ("economic_buyer", 0.96)
    assert evidence.fuse([TITLE, evidence.piece("human", "", 0.9)]) == ("", 0.0)


@pytest.mark.parametrize(
    ("title", "invites", "shown", "beside"),
    [
        (("influencer", 0.4), 1, ("influencer", 0.4), []),
        (("influencer", 0.4), 2, ("champion", 0.3), ["perhaps influencer too"]),
        (("influencer", 0.6), 11, ("champion", 0.3), ["likely influencer too"]),
        (("evaluator", 0.4), 9, ("evaluator", 0.4), ["champion too"]),
        (("evaluator", 0.4), 10, ("champion", 0.3), ["perhaps technical evaluator too"]),
        (("evaluator", 0.6), 50, ("evaluator", 0.6), ["champion too"]),
        (("economic_buyer", 0.4), 50, ("economic_buyer", 0.4), ["champion too"]),
        (("end_user", 0.4), 2, ("champion", 0.3), []),
    ],
)
def test_who_brings_many_is_the_champion_and_what_the_title_says_is_told_beside(title, invites, shown, beside):
    known = evidence.with_title(evidence.of_behaviour({"invite": invites}, title_role=""), *title)

    assert evidence.fuse(known) == shown
    assert evidence.words(known)[1:] == beside
    assert evidence.fuse([*known, evidence.piece("crm", "influencer", 0.9)])[0] == "influencer"
    assert evidence.also([*known, evidence.piece("human", "evaluator", 0.9)]) == {}


# Through the loader --------------------------------------------------------------------------------------------------


def known(user: str) -> tuple[str, float]:
    return ProductUser.objects.values_list("buying_role", "buying_confidence").get(key=f"u:{user}")


@pytest.mark.django_db
def test_the_loader_fuses_titles_with_what_people_do_and_a_word_outlives_both():
    load(identify("dana", email="dana@acme.com", title="VP Engineering"), track("dana", "Pricing Page Viewed"))
    assert known("dana") == ("economic_buyer", 0.72)
    dana = ProductUser.objects.get(key="u:dana")
    word = roles.say(member=MemberFactory(), user_id=dana.pk, role="champion", note="said so on the phone")
    load(identify("dana", title="Chief Technology Officer"), track("dana", "Pricing Page Viewed"))
    roles.refresh([dana.pk])
    assert known("dana") == ("champion", 0.9)

    roles.withdraw(word_id=word.pk, member=MemberFactory())

    assert known("dana") == ("economic_buyer", 0.72)
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")][-2:] == ["role.say", "role.withdraw"]


@pytest.mark.django_db
def test_behaviour_older_than_ninety_days_no_longer_speaks():
    load(track("eva", "Pricing Page Viewed"), identify("eva", email="eva@acme.com"))
    assert known("eva") == ("economic_buyer", 0.3)

    assert roles.refresh_all(until=timezone.now().date() + dt.timedelta(days=91)) == 1

    assert known("eva") == ("", 0.0)


@pytest.mark.django_db
def test_the_later_word_replaces_the_earlier_and_its_undo_brings_that_back():
    person, member = ProductUserFactory(), MemberFactory()
    roles.say(member=member, user_id=person.pk, role="economic_buyer")
    AccountChange.objects.all().delete()
    word = roles.say(member=member, user_id=person.pk, role="")
    assert AccountChange.objects.get().is_urgent
    person.refresh_from_db()
    assert (person.buying_role, person.buying_confidence) == ("", 0.0)

    roles.withdraw(word_id=word.pk, member=member)

    person.refresh_from_db()
    assert (person.buying_role, person.buying_confidence) == ("economic_buyer", 0.9)
    assert RoleWord.objects.filter(withdrawn_at=None).count() == 1


@pytest.mark.django_db
def test_product_may_not_say_who_buys_and_contacts_take_words_too():
    contact = Contact.objects.create(email="eve@acme.com", name="Eve", account=AccountFactory(), source="fair")
    with pytest.raises(PermissionDenied):
        roles.say(member=MemberFactory(role=Role.PRODUCT), contact_id=contact.pk, role="economic_buyer")

    roles.say(member=MemberFactory(), contact_id=contact.pk, role="economic_buyer")

    contact.refresh_from_db()
    assert (contact.buying_role, contact.buying_confidence) == ("economic_buyer", 0.9)

    eve = ProductUserFactory(email="eve@acme.com", account=contact.account)
    Contact.objects.filter(pk=contact.pk).update(user=eve)  # meanwhile she has signed up
    assert roles.say(member=MemberFactory(), contact_id=contact.pk, role="champion").user == eve
    eve.refresh_from_db()
    assert (eve.buying_role, eve.buying_confidence) == ("champion", 0.9)


@pytest.mark.django_db
def test_of_two_words_about_one_person_under_two_names_the_newer_stands():
    load(identify("old", email="eva@acme.com"), identify("new", email="eva@acme.com"))
    ids = [ProductUser.objects.get(key=f"u:{name}").pk for name in ("old", "new")]
    for id_, role in zip(ids, ("champion", "evaluator"), strict=True):
        roles.say(member=MemberFactory(), user_id=id_, role=role)

    load(alias("old", "new"))

    person = ProductUser.objects.get(key="u:new")
    assert [word.role for word in person.role_words.filter(withdrawn_at=None)] == ["evaluator"]
    assert (person.buying_role, person.buying_confidence) == ("evaluator", 0.9)


# Who brought whom ----------------------------------------------------------------------------------------------------

DAY = dt.date(2026, 6, 1)


def day(n: int) -> dt.date:
    return DAY + dt.timedelta(days=n)


def test_the_invitation_that_names_somebody_brought_them_else_the_last_one_near_by():
    eva, bob = invitations.invitee("Eva@Acme.com"), invitations.invitee("bob@acme.com")
    sent = [
        Sent(1, day(0), 7, eva, 1),
        Sent(2, day(1), 7, None, 1),
        Sent(3, day(2), 8, None, 5),
        Sent(4, day(3), 7, bob, 1),
    ]
    came = [
        Came(10, day(5), 7, invitations.invitee("eva@acme.com")),
        Came(11, day(5), 7, None),
        Came(12, day(6), 7, None),
    ]
    came += [Came(13, day(20), 8, None), Came(4, day(0), 7, bob), Came(14, day(16), 8, None)]

    brought = invitations.brought_by(came, sent)

    assert {user: (one.by, one.is_named) for user, one in brought.items()} == {
        10: (1, True),
        11: (2, False),  # and that one invitation brings nobody else
        14: (3, False),  # 13 came more than a fortnight later, 4 before anybody invited
    }


@pytest.mark.django_db
def test_the_loader_keeps_who_invited_whom_and_the_organisation_tells_it():
    load(
        identify("ann", email="ann@acme.com"),
        track("ann", "Teammate Invited", days_ago=3, properties={"email": "Bob@acme.com"}),
        track(
            "ann", "Teammate Invited", days_ago=3, properties={"invitees": [{"email": "cleo@acme.com"}, "dan@acme.com"]}
        ),
    )
    load(*(identify(name, email=f"{name}@acme.com") for name in ("bob", "cleo", "dan")), track("bob"), track("cleo"))
    ann = ProductUser.objects.get(key="u:ann")

    found = organisation.of_account(ann.account_id, now=timezone.now())

    assert [(one.name, len(one.brought)) for one in found.champions()] == [("ann@acme.com", 3)]
    assert (ann.buying_role, ann.buying_confidence) == ("champion", 0.3)
