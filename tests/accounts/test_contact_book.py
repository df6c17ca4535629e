"""One contact: added, changed, taken away; and what becomes of them when they sign up."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from accounts import applying, contacts, roles
from accounts.contacts import book
from accounts.messages import Message
from accounts.models import AccountDomain, AuditEntry, Contact, ContactChange, ProductUser, RoleWord, Signal
from accounts.refused import Refused
from tests.factories import AccountFactory, MemberFactory, ProductUserFactory


def add(member=None, sure=False, **said):
    said = {"email": "vera@acme.com", "name": "Vera", **said}
    return book.add(member=member or MemberFactory(role="sales"), said=said, is_sure=sure)


def identify(**traits):
    now = timezone.now()
    return Message(
        type="identify",
        message_id="",
        user_id="vera-1",
        anonymous_id="",
        group_id="",
        previous_id="",
        event="",
        at=now - dt.timedelta(minutes=1),
        traits=traits,
        user_traits=traits,
        properties={},
    )


def test_a_contact_of_a_company_without_usage_makes_an_account_and_one_of_a_freemail_host_none(db):
    vera = add(title="CFO", phone="+1 415 555 0100")
    gil = add(email="gil@gmail.com", name="Gil")

    assert (vera.account.source, vera.account.domain, vera.seniority) == ("contact", "acme.com", "c_level")
    assert AccountDomain.objects.get().source == "contact"
    assert gil.account is None


def test_what_is_wrong_is_said_by_field(db):
    add()
    for said, field in (
        ({"name": " "}, "name"),
        ({"email": "vera"}, "email"),
        ({"email": "x@acme.com", "phone": "none of it"}, "phone"),
        ({}, "email"),
    ):
        with pytest.raises(Refused) as refused:
            add(**said)
        assert refused.value.field == field


def test_somebody_who_uses_the_product_is_linked_and_not_doubled(db):
    acme = AccountFactory(domain="acme.com")
    user = ProductUserFactory(email="vera@acme.com", account=acme)

    vera = add(role="economic_buyer", sure=True)

    user.refresh_from_db()
    assert (vera.user, user.buying_role, user.buying_confidence) == (user, "economic_buyer", 0.9)
    assert list(contacts.of_account(acme.pk)) == []

    said = {"email": "vera@acme.com", "name": "Vera", "role": "champion"}
    change = book.change(contact_id=vera.pk, member=MemberFactory(role="sales"), said=said, is_sure=True)
    user.refresh_from_db()
    assert (user.buying_role, change.contact.buying_role) == ("champion", "champion")
    book.undo_change(contact_id=vera.pk, token=change.undo)
    user.refresh_from_db()
    assert (user.buying_role, RoleWord.objects.filter(withdrawn_at=None).get().user) == ("economic_buyer", user)


def test_a_change_says_all_anew_and_without_a_role_the_title_counts(db):
    member = MemberFactory(role="sales")
    vera = add(member=member, title="CFO", role="champion", sure=True)
    assert (vera.buying_role, vera.buying_confidence) == ("champion", 0.9)

    said = {"email": "vera@other.io", "name": "Vera W", "title": "CFO", "phone": "", "role": "", "source": "fair"}
    change = book.change(contact_id=vera.pk, member=member, said=said)
    vera = change.contact

    assert (vera.name, vera.account.domain, vera.source) == ("Vera W", "other.io", "fair")
    assert vera.buying_confidence <= 0.6
    assert not RoleWord.objects.filter(withdrawn_at=None).exists()

    vera = book.undo_change(contact_id=vera.pk, token=change.undo)
    assert (vera.email, vera.name, vera.account.domain, vera.source) == ("vera@acme.com", "Vera", "acme.com", "by hand")
    assert (vera.buying_role, vera.buying_confidence, vera.seniority) == ("champion", 0.9, "c_level")
    assert not AccountDomain.objects.filter(domain="other.io").exists()
    with pytest.raises(Refused, match="no change"):  # twice
        book.undo_change(contact_id=vera.pk, token=change.undo)
    change = book.change(contact_id=vera.pk, member=member, said=said)
    book.change(contact_id=vera.pk, member=member, said=said | {"name": "Vera X"})
    with pytest.raises(Refused, match="since"):
        book.undo_change(contact_id=vera.pk, token=change.undo)
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=16)):
        with pytest.raises(Refused, match="has passed"):
            book.undo_change(contact_id=vera.pk, token=change.undo)
        book.forget_changes()
    assert not ContactChange.objects.exists()


def test_a_change_keeps_the_department_that_was_said_outright_and_not_the_one_of_the_old_title(db):
    vera = add(title="Sales Lead")
    Contact.objects.filter(pk=vera.pk).update(seniority="vp")  # as a file said
    said = {"email": "vera@acme.com", "name": "Vera", "title": "Finance Lead"}
    vera = book.change(contact_id=vera.pk, member=vera.added_by, said=said).contact
    assert (vera.department, vera.seniority) == ("finance", "vp")


def test_what_a_member_says_of_a_role_is_kept_also_when_the_title_or_the_crm_says_the_same(db):
    member = MemberFactory(role="sales")
    vera, said = add(title="CFO"), {"email": "vera@acme.com", "name": "Vera", "role": "economic_buyer"}
    assert (vera.buying_role, vera.buying_confidence) == ("economic_buyer", 0.6)
    RoleWord.objects.create(contact=vera, role="economic_buyer", source="crm", confidence=0.9)

    book.change(contact_id=vera.pk, member=member, said=said | {"title": "CFO"}, is_sure=True)
    RoleWord.objects.filter(source="crm").update(withdrawn_at=timezone.now())
    vera = book.change(contact_id=vera.pk, member=member, said=said | {"title": "Intern"}, is_sure=True).contact

    assert (vera.buying_role, vera.buying_confidence, vera.seniority) == ("economic_buyer", 0.9, "individual")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_id, entry.label) == ("role.say", vera.pk, "")


def test_a_contact_who_signs_up_retires_and_the_word_about_them_goes_along(db):
    vera = add(title="Assistant", role="economic_buyer", sure=True)

    applying.apply([identify(email="Vera@acme.com", name="Vera", title="Assistant")])

    user = ProductUser.objects.get()
    vera.refresh_from_db()
    assert (vera.user, vera.removed_at) == (user, None)
    assert (user.account, user.buying_role, user.buying_confidence) == (vera.account, "economic_buyer", 0.9)
    assert RoleWord.objects.get().user == user
    assert contacts.buyers() == {}
    assert Signal.objects.get().kind == "buyer_joined"
    word = roles.standing(user_ids=[user.pk])["user", user.pk]
    roles.withdraw(word_id=word.pk, member=MemberFactory(role="sales"))
    user.refresh_from_db()
    assert user.buying_confidence < 0.9
    assert Contact.objects.count() == 1
