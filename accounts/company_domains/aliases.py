"""An account's own list of domains: what a member adds or takes away. What is decided here no message overrules."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts import audit, changes, corrections, domains
from accounts.company_domains import rules
from accounts.corrections import Refused
from accounts.corrections.refusing import hold_loader, living
from accounts.ladder import again, links
from accounts.models import Account, AccountDomain, Correction, Member, Workspace


@transaction.atomic
def add(*, account_id: int, domain: str, member: Member | None) -> AccountDomain:
    """Makes a domain one of the account's. Raises `Refused` (account, domain): nothing is taken from another account here."""
    hold_loader()
    rules.refresh()
    account = living(account=account_id)[account_id]
    if account.of_person:
        raise Refused("account", _("That account stands for one person and has no domains."))
    name = domains.registrable(domain)
    if not name:
        raise Refused("domain", _("“%(said)s” is no domain.") % {"said": domain.strip()[:80]})
    if domains.is_shared(name):
        raise Refused(
            "domain", _("%(domain)s is shared by many. Say first that it is a company after all.") % {"domain": name}
        )
    row = AccountDomain.objects.select_related("account").filter(domain=name).first()
    if row is not None and row.account_id != account_id:
        raise Refused(
            "domain",
            _("%(domain)s belongs to %(account)s. Move it from there, or merge the two.")
            % {"domain": name, "account": row.account},
        )
    before = row.source if row is not None else ""
    row, _made = AccountDomain.objects.update_or_create(
        domain=name,
        defaults={
            "account": account,
            "source": "member",
            "confidence": links.DOMAIN_CONFIDENCE["member"],
            "added_by": member,
        },
    )
    if not account.domain:
        Account.objects.filter(pk=account_id).update(domain=name)
    _look_again([name], {account_id})
    audit.record(
        "account.add_domain",
        by=member,
        subject="account",
        subject_id=account_id,
        label=account.name_to_log,
        domain=name,
        before=before,
    )
    return row


@dataclass(frozen=True)
class Removed:
    """`correction`: the split that gave the people of the domain an account of their own; none when nobody used it."""

    domain: str
    correction: Correction | None


@transaction.atomic
def remove(*, account_id: int, domain: str, member: Member | None) -> Removed:
    """Takes a domain from the account. Its people, contacts and workspaces get an account of their own: a split, to be undone.

    Raises `Refused` (account, domain).
    """
    hold_loader()
    account = living(account=account_id)[account_id]
    domain = domains.host_of(domain) or domain
    row = AccountDomain.objects.filter(account_id=account_id, domain=domain).first()
    if row is None:
        raise Refused("domain", _("The account has no domain %(domain)s.") % {"domain": domain[:253]})
    if AccountDomain.objects.filter(account_id=account_id).count() == 1:
        raise Refused("domain", _("It is the only domain of the account; there is nothing to part it from."))
    if _is_used(domain, account_id):
        correction = corrections.split(account_id=account_id, domains=[domain], member=member)
        return Removed(domain, correction)
    row.delete()
    if account.domain == domain:
        rest = AccountDomain.objects.filter(account_id=account_id).order_by("added_at", "domain")
        Account.objects.filter(pk=account_id).update(domain=rest.values_list("domain", flat=True).first() or "")
    _look_again([domain], {account_id})
    audit.record(
        "account.remove_domain",
        by=member,
        subject="account",
        subject_id=account_id,
        label=account.name_to_log,
        domain=domain,
        before=row.source,
    )
    return Removed(domain, None)


def _is_used(domain: str, account_id: int) -> bool:
    of_domain = "(email LIKE '%%@' || %(domain)s OR email LIKE '%%.' || %(domain)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT EXISTS (SELECT FROM accounts_productuser WHERE account_id = %(account)s AND {of_domain})
                OR EXISTS (SELECT FROM accounts_contact WHERE account_id = %(account)s AND {of_domain})
                OR EXISTS (SELECT FROM accounts_workspace WHERE account_id = %(account)s AND domain = %(domain)s)
            """,
            {"domain": domain, "account": account_id},
        )
        return bool(cursor.fetchone()[0])


def _look_again(names: list[str], accounts: set[int]) -> None:
    """Workspaces that state the domain among others may have become plain, or ambiguous."""
    stating = Workspace.objects.filter(further_domains__overlap=names).exclude(further_domains=[])
    accounts |= again.workspaces(list(stating.values_list("pk", flat=True)))
    changes.mark(accounts, urgent=True)
