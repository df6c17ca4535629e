"""Merging, moving, splitting, and the way back."""

import pytest
from django.db.models import F

from accounts import corrections
from accounts.corrections import Refused
from accounts.models import (
    Account,
    AccountChange,
    AccountDomain,
    Ambiguity,
    AuditEntry,
    Contact,
    HandRaise,
    ProductUser,
    RoleWord,
    Signal,
    Usage,
    Workspace,
)
from accounts.usage import weekly_by_category
from tests.factories import MemberFactory
from tests.feed import account_of, account_of_workspace, alias, group, identify, load, track

pytestmark = pytest.mark.django_db
FACTS = ("id", "name", "domain", "employees", "industry", "plan", "merged_into_id", "of_person")


def state() -> dict[str, object]:
    """Who belongs where, by names that a split or a merge does not change, and the usage of every account."""
    living = Account.objects.filter(merged_into=None, pk__in=_used())
    return {
        "accounts": list(living.order_by("pk").values_list(*FACTS)),
        "domains": list(
            AccountDomain.objects.order_by("pk").values_list("domain", "account_id", "source", "confidence")
        ),
        "people": list(
            Account.objects.filter(product_users__isnull=False)
            .order_by("product_users__key")
            .values_list("product_users__key", "pk", "product_users__account_by")
        ),
        "workspaces": list(Workspace.objects.order_by("pk").values_list("external_id", "account_id", "account_by")),
        "contacts": list(Contact.objects.order_by("pk").values_list("email", "account_id")),
        "signals": list(Signal.objects.order_by("pk").values_list("pk", "account_id")),
        "hand_raises": list(HandRaise.objects.order_by("pk").values_list("pk", "account_id", "user")),
        "roles": list(ProductUser.objects.order_by("pk").values_list("pk", "buying_role", "persona")),
        "words": list(RoleWord.objects.order_by("pk").values_list("pk", "user", "contact", "role")),
        "ambiguities": [
            (one.workspace_id, one.step, sorted(candidate["account"] for candidate in one.candidates))
            for one in Ambiguity.objects.filter(settled_at=None).order_by("workspace")
        ],
        "daily": list(Usage.objects.order_by("user", "day", "event_type", "workspace_id").values_list()),
        "usage": {account.pk: weekly_by_category(account.pk) for account in living},
    }


def _used() -> list[int]:
    tables = ("domains", "product_users", "workspaces", "contacts")
    return [a.pk for a in Account.objects.all() if any(getattr(a, table).exists() for table in tables)]


def two_companies() -> tuple[Account, Account]:
    load(
        identify("ann", email="ann@acme.com", title="CTO"),
        identify("bob", email="bob@acme.com"),
        group("acme", "ann", name="Acme", domain="acme.com", employees=900, plan="Team"),
        track("ann", group="acme"),
        track("bob"),
        identify("cid", email="cid@beta.io"),
        group("beta", "cid", name="Beta", domain="beta.io", employees=50),
        track("cid", group="beta"),
    )
    acme, beta = (Account.objects.get(domain=domain) for domain in ("acme.com", "beta.io"))
    Contact.objects.create(email="dan@acme.com", account=acme, source="webinar")
    return acme, beta


def test_a_merge_gives_everything_to_the_other_account_and_undoing_it_gives_all_back():
    acme, beta = two_companies()
    member, before = MemberFactory(), state()
    AccountChange.objects.all().delete()

    merged = corrections.merge(account_id=acme.pk, into_id=beta.pk, member=member, note="One company since May")

    acme.refresh_from_db()
    assert acme.merged_into == beta
    assert account_of("ann") == account_of_workspace("acme") == Contact.objects.get().account == beta
    assert sum(row[2] for row in weekly_by_category(beta.pk) if not row[1]) == 3
    assert Account.objects.get(pk=beta.pk).name == "Beta"
    assert Account.objects.get(pk=beta.pk).employees == 900
    assert set(AccountChange.objects.filter(is_urgent=True).values_list("account_id", flat=True)) == {acme.pk, beta.pk}
    entry = AuditEntry.objects.get(action="account.merge")
    assert (entry.by, entry.subject_id, entry.detail["correction"]) == (member, beta.pk, merged.pk)

    corrections.undo(correction_id=merged.pk, member=member)

    assert state() == before
    assert AuditEntry.objects.filter(action="account.undo_merge").count() == 1


def test_who_came_with_a_merged_domain_meanwhile_goes_back_with_it():
    acme, beta = two_companies()
    merged = corrections.merge(account_id=acme.pk, into_id=beta.pk, member=None)
    load(
        identify("eve", email="eve@mail.acme.com"),
        group("acme-2", "eve", name="Acme Labs", domain="acme.com"),
        track("eve", group="acme-2"),
        identify("fay", email="fay@beta.io"),
        identify("bob", email="bob@beta.io"),
        track("ann", group="by-members"),
    )
    assert account_of("eve") == account_of_workspace("acme-2") == account_of_workspace("by-members") == beta

    corrections.undo(correction_id=merged.pk, member=None)

    assert account_of("eve") == account_of_workspace("acme-2") == account_of_workspace("by-members") == acme
    assert account_of("fay") == account_of("bob") == beta


def test_a_merged_account_is_not_merged_again_nor_into_itself_nor_in_a_circle():
    acme, beta = two_companies()
    corrections.merge(account_id=acme.pk, into_id=beta.pk, member=None)

    for account, into, field in (
        (acme, beta, "account"),
        (beta, acme, "into"),
        (beta, beta, "into"),
        (beta, None, "into"),
    ):
        with pytest.raises(Refused) as refused:
            corrections.merge(account_id=account.pk, into_id=into.pk if into else 10**9, member=None)
        assert refused.value.field == field


def test_a_moved_domain_takes_its_people_contacts_and_workspaces_along():
    acme, beta = two_companies()
    before = state()

    moved = corrections.move_domain(domain="Acme.com", into_id=beta.pk, member=None)

    assert account_of("bob") == account_of_workspace("acme") == Contact.objects.get().account == beta
    acme.refresh_from_db()
    assert (acme.merged_into, acme.domain) == (None, "")
    load(identify("eve", email="eve@acme.com"))
    assert account_of("eve") == beta

    corrections.undo(correction_id=moved.pk, member=None)

    assert account_of("eve") == acme
    came = {"people": [], "roles": []}
    assert state() | came == before | came


def test_a_moved_workspace_stays_where_a_member_put_it_whatever_it_states():
    _acme, beta = two_companies()
    before = state()
    space = Workspace.objects.get(external_id="acme")

    moved = corrections.move_workspace(workspace_id=space.pk, into_id=beta.pk, member=None)
    load(group("acme", "ann", domain="acme.com"), track("ann", group="acme"))

    space.refresh_from_db()
    assert (space.account, space.account_by, space.account_confidence) == (beta, "hand", 1.0)
    assert account_of("ann").domain == "acme.com"

    corrections.undo(correction_id=moved.pk, member=None)
    after = state()
    for table in ("usage", "daily"):
        del before[table], after[table]
    assert after == before


def test_a_split_makes_an_account_of_what_was_chosen_and_undoing_it_leaves_a_forwarding_address():
    acme, beta = two_companies()
    corrections.merge(account_id=beta.pk, into_id=acme.pk, member=None)
    before, bob = state(), account_of("bob").product_users.get(key="u:bob")

    parted = corrections.split(account_id=acme.pk, name="Beta again", domains=["beta.io"], people=[bob.pk], member=None)

    new = parted.to_account
    assert account_of("cid") == account_of_workspace("beta") == account_of("bob") == new
    load(identify("bob", title="CFO"), track("bob"))
    assert account_of("bob") == new
    assert Account.objects.get(pk=new.pk).name == "Beta again"

    corrections.undo(correction_id=parted.pk, member=None)

    new.refresh_from_db()
    assert new.merged_into == acme
    after = state()
    for table in ("usage", "signals", "daily", "roles"):
        del before[table], after[table]
    assert after == before


def test_what_a_later_correction_moved_on_has_to_come_back_first():
    acme, beta = two_companies()
    load(identify("gus", email="gus@gamma.net"))
    gamma, before = account_of("gus"), state()
    first = corrections.merge(account_id=acme.pk, into_id=beta.pk, member=None)
    second = corrections.merge(account_id=beta.pk, into_id=gamma.pk, member=None)
    acme.refresh_from_db()
    assert acme.merged_into == gamma

    with pytest.raises(Refused) as refused:
        corrections.undo(correction_id=first.pk, member=None)
    assert refused.value.first == second.pk
    assert "Beta merged into" in refused.value.words

    corrections.undo(correction_id=second.pk, member=None)
    corrections.undo(correction_id=first.pk, member=None)
    assert state() == before


def test_who_was_named_and_turned_out_to_be_somebody_else_is_let_go_too():
    acme, _beta = two_companies()
    ann = ProductUser.objects.get(key="u:ann")
    done = corrections.split(account_id=acme.pk, name="Alone", people=[ann.pk], member=None)
    load(identify("liz", email="liz@beta.io"), alias("ann", "liz"))
    assert ProductUser.objects.get(key="u:liz").account_by == "hand"
    corrections.undo(correction_id=done.pk, member=None)
    liz = ProductUser.objects.get(key="u:liz")
    assert (liz.account_by, liz.account.domain) == ("", "beta.io")


def test_a_workspace_that_states_two_companies_is_ambiguous_again_once_they_are_two():
    acme, beta = two_companies()
    done = corrections.merge(account_id=acme.pk, into_id=beta.pk, member=None)
    load(group("both", "zed", domains=["acme.com", "beta.io"]))
    assert account_of_workspace("both") == beta
    corrections.undo(correction_id=done.pk, member=None)
    candidates = Ambiguity.objects.get(settled_at=None).candidates
    assert [one["domain"] for one in candidates] == ["acme.com", "beta.io"]


def test_what_a_member_parted_no_statement_joins_until_it_is_undone():
    load(identify("ann", email="ann@acme.com"), identify("cid", email="cid@beta.io"))
    load(group("both", domain="beta.io", domains=["beta.io", "acme.com"]))
    acme = Account.objects.get(merged_into=None, product_users__key="u:ann")
    assert account_of("cid") == acme
    before = state()

    parted = corrections.split(account_id=acme.pk, domains=["beta.io"], member=MemberFactory())
    load(group("both", name="Both"))
    load(group("other", domain="beta.io", domains=["beta.io", "acme.com"]))

    assert account_of("ann") == acme != account_of("cid")
    assert AccountDomain.objects.get(domain="acme.com").source == "workspace"

    corrections.undo(correction_id=parted.pk, member=None)

    assert account_of("ann") == account_of("cid") == acme
    assert account_of_workspace("both") == account_of_workspace("other") == acme
    assert state()["domains"] == before["domains"]
    assert not Account.objects.filter(merged_into=F("pk")).exists()


def test_a_company_that_lost_its_only_domain_for_a_while_is_called_by_its_workspace_again():
    load(
        identify("ann", email="ann@acme.com"),
        group("w", "ann", name="Acme", employees=40),
        identify("bob", email="bob@b.io"),
    )
    acme = Account.objects.get(domain="acme.com")
    moved = corrections.move_domain(domain="acme.com", into_id=account_of("bob").pk, member=None)
    corrections.undo(correction_id=moved.pk, member=None)
    load(group("w", "ann", name="Acme Two"))
    acme.refresh_from_db()
    assert (acme.name, acme.told) == ("Acme Two", ["name", "employees"])
