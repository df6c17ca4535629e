"""The corrections themselves: each is one row with all that is needed to take it back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, changes
from accounts.corrections import moving
from accounts.corrections.moving import Moved
from accounts.corrections.refusing import Refused, hold_loader, living
from accounts.domains import host_of
from accounts.ladder import again
from accounts.models import Account, AccountDomain, Correction, Member, MergeSuggestion, ProductUser, Workspace

#: Domains, workspaces or people named one by one in a split.
MOST = 1_000
NOTE = 300


@transaction.atomic
def merge(*, account_id: int, into_id: int, member: Member | None, note: str = "", way: str = "") -> Correction:
    """Makes two accounts one: everything of the first goes to the second, and its address leads there.

    Raises `Refused` (account, into).
    """
    hold_loader()
    found = living(account=account_id, into=into_id)
    away, into = found[account_id], found[into_id]
    if into.of_person and not away.of_person:
        raise Refused("into", _("That account stands for one person. Merge it into this one instead."))
    now = timezone.now()
    was = _facts(away, into)
    moved = moving.everything(away, into, by=_id(member), now=now)
    if not into.domain and away.domain and not into.of_person:
        Account.objects.filter(pk=into.pk).update(domain=away.domain)
    if into.source and not away.source:
        Account.objects.filter(pk=into.pk).update(source="")
    correction = _write(Correction.Kind.MERGE, away, into, moved, was, member, note, way)
    pair = Q(account=away, into=into) | Q(account=into, into=away)
    MergeSuggestion.objects.filter(pair, correction=None).update(correction=correction)
    return correction


@transaction.atomic
def move_domain(*, domain: str, into_id: int, member: Member | None, note: str = "", way: str = "") -> Correction:
    """Gives a domain to another account, with the people, contacts and workspaces that are known by it.

    Raises `Refused` (domain, into).
    """
    hold_loader()
    row = AccountDomain.objects.filter(domain=_clean(domain)).first()
    if row is None:
        raise Refused("domain", _("No account has the domain %(domain)s.") % {"domain": domain[:253]})
    found = living(account=row.account_id, into=into_id)
    away, into = found[row.account_id], found[into_id]
    _refuse_person(into)
    was = _facts(away, into)
    moved = moving.some(away, into, names=[row.domain], by=_id(member), now=timezone.now())
    _main_domains(away, into, [row.domain])
    return _write(Correction.Kind.MOVE_DOMAIN, away, into, moved, was, member, note, way)


@transaction.atomic
def move_workspace(
    *, workspace_id: int, into_id: int, member: Member | None, note: str = "", way: str = ""
) -> Correction:
    """Gives a workspace to another account, with all that was done in it. Its people stay with their companies.

    Raises `Refused` (workspace, into).
    """
    hold_loader()
    space = Workspace.objects.select_for_update().filter(pk=workspace_id).first()
    if space is None:
        raise Refused("workspace", _("There is no workspace %(id)d.") % {"id": workspace_id})
    if space.account_id is None:
        raise Refused("workspace", _("This workspace belongs to no account yet."))
    found = living(account=space.account_id, into=into_id)
    away, into = found[space.account_id], found[into_id]
    _refuse_person(into)
    was = _facts(away, into)
    moved = moving.some(away, into, spaces=[space.pk], by=_id(member), now=timezone.now())
    return _write(Correction.Kind.MOVE_WORKSPACE, away, into, moved, was, member, note, way)


@transaction.atomic
def split(
    *,
    account_id: int,
    name: str = "",
    domains: Collection[str] = (),
    workspace_ids: Collection[int] = (),
    people: Collection[int] = (),
    member: Member | None,
    note: str = "",
    way: str = "",
) -> Correction:
    """Makes a new account of some domains (with whom they stand for), workspaces and people of one account.

    `name`: of the new one; empty: its first domain or workspace. Raises `Refused` (account, name, domains, workspaces, people).
    """
    hold_loader()
    away = living(account=account_id)[account_id]
    for field, chosen in (("domains", domains), ("workspaces", workspace_ids), ("people", people)):
        if len(set(chosen)) > MOST:
            raise Refused(field, _("At most %(most)d at once.") % {"most": MOST})
    names = _of_account(away, domains)
    spaces = _these(Workspace, "workspaces", away, workspace_ids)
    persons = _these(ProductUser, "people", away, people)
    if not (names or spaces or persons):
        raise Refused("domains", _("Choose what goes: a domain, a workspace or a person."))
    name = name.replace("\x00", "").strip() or (names or [str(spaces[0]) if spaces else ""])[0]
    if not name:
        raise Refused("name", _("The new account needs a name."))
    if len(name) > 200:
        raise Refused("name", _("At most 200 characters."))
    into = Account.objects.create(name=name, domain=names[0] if names else "")
    was = _facts(away, into)
    moved = moving.some(
        away,
        into,
        names=names,
        spaces=[one.pk for one in spaces],
        people=[one.pk for one in persons],
        by=_id(member),
        now=timezone.now(),
    )
    _main_domains(away, into, names)
    return _write(Correction.Kind.SPLIT, away, into, moved, was, member, note, way)


def _write(
    kind: str,
    away: Account,
    into: Account,
    moved: Moved,
    was: dict[int, dict[str, Any]],
    member: Member | None,
    note: str,
    way: str,
) -> Correction:
    both = {away.pk, into.pk}
    is_merge = kind == Correction.Kind.MERGE
    # There already when workspaces are placed: what it parts, their statements do not join.
    correction = Correction.objects.create(
        kind=kind,
        from_account=away,
        to_account=into,
        people=moved.people,
        workspaces=moved.workspaces,
        domains=moved.domains,
        contacts=moved.contacts,
        kept={},
        note=note.replace("\x00", "").strip()[:NOTE],
        made_at=timezone.now(),
        made_by=member,
    )
    # Of merged accounts everybody's company is the same: what is placed by people stays.
    changed = both | again.workspaces(moving.unsettled(both, members=not is_merge))
    moving.work_out_facts(changed - {away.pk} if is_merge else changed)
    if kind == Correction.Kind.SPLIT:  # the name is what the member says
        Account.objects.filter(pk=into.pk).update(name=was[into.pk]["name"])
    after = {account.pk: moving.facts_of(account) for account in Account.objects.filter(pk__in=both)}
    moved.kept["facts"] = {str(id_): moving.changed_facts(was[id_], after[id_]) for id_ in both}
    counts = {name: len(getattr(moved, name)) for name in ("people", "workspaces", "domains", "contacts")}
    moved.kept["counts"] = counts
    correction.kept = moved.kept
    correction.save(update_fields=["kept"])
    changes.mark(changed, urgent=True)
    tell(f"account.{kind}", correction, away, into, member, way, moved=counts, domains=moved.domains[:50])
    return correction


def tell(
    action: str, correction: Correction, away: Account, into: Account, member: Member | None, way: str, **detail: Any
) -> None:
    """The entry of the audit log. An account of one person is called after that person, so it stays without its name."""
    named = {"from_name": away.name_to_log, "to_name": into.name_to_log}
    audit.record(
        action,
        by=member,
        subject="account",
        subject_id=into.pk,
        label=named["to_name"],
        way=way,
        correction=correction.pk,
        from_account=away.pk,
        to_account=into.pk,
        **named,
        **detail,
    )


def _facts(*accounts: Account) -> dict[int, dict[str, Any]]:
    return {account.pk: moving.facts_of(account) for account in accounts}


def _main_domains(away: Account, into: Account, names: Sequence[str]) -> None:
    """Who gave away the main domain has another one for it; who had none has the first that came."""
    if away.domain in names:
        rest = AccountDomain.objects.filter(account=away).order_by("added_at", "domain")
        Account.objects.filter(pk=away.pk).update(domain=rest.values_list("domain", flat=True).first() or "")
    if names and not into.domain:
        Account.objects.filter(pk=into.pk).update(domain=names[0])


def _refuse_person(into: Account) -> None:
    if into.of_person:
        raise Refused("into", _("That account stands for one person, not for a company."))


def _of_account(account: Account, domains: Collection[str]) -> list[str]:
    wanted = sorted(set(map(_clean, domains)))
    found = set(AccountDomain.objects.filter(account=account, domain__in=wanted).values_list("domain", flat=True))
    if missing := [domain for domain in wanted if domain not in found]:
        raise Refused("domains", _("%(domain)s is no domain of this account.") % {"domain": missing[0][:253]})
    return wanted


def _clean(domain: str) -> str:
    """As it is stored: in ASCII, whether it is said in letters or as an address."""
    said = domain.replace("\x00", "").strip().lower()
    return host_of(said) or said


def _these(model: Any, field: str, account: Account, ids: Collection[int]) -> list[Any]:
    found = {one.pk: one for one in model.objects.filter(account=account, pk__in=set(ids))}
    if missing := sorted(set(ids) - set(found)):
        raise Refused(field, _("%(id)d is not of this account.") % {"id": missing[0]})
    return [found[id_] for id_ in sorted(found)]


def _id(member: Member | None) -> int | None:
    return member.pk if member is not None else None
