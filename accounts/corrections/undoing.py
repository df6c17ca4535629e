"""The way back: an undone correction leaves what would be there without it, with what was loaded meanwhile."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts import bulk, changes
from accounts.corrections import moving
from accounts.corrections.refusing import Refused, hold_loader, lives_at
from accounts.corrections.verbs import tell
from accounts.ladder import again, links
from accounts.models import Account, AccountDomain, Correction, Member, MergeSuggestion, Signal, SignalKind

Kind = Correction.Kind


@transaction.atomic
def undo(*, correction_id: int, member: Member | None, way: str = "") -> Correction:
    """Takes a correction back: what it moved returns, and who came with its domains since goes along.

    Raises `Correction.DoesNotExist`, and `Refused` (correction) when it was undone before, or when a later one that stands on
    it has to be undone first (`first` is its id).
    """
    hold_loader()
    correction = Correction.objects.select_for_update().get(pk=correction_id)
    if correction.undone_at is not None:
        raise Refused("correction", _("It was undone already."))
    later = stands_on(correction)
    if later is not None:
        words = _("A later correction stands on it: “%(later)s”. Undo that one first.") % {"later": in_words(later)}
        raise Refused("correction", words, first=later.pk)
    both = Account.objects.select_for_update().filter(pk__in=[correction.from_account_id, correction.to_account_id])
    locked = both.order_by("pk").in_bulk()
    away, into = locked[correction.from_account_id], locked[correction.to_account_id]
    if correction.kind == Kind.MERGE:
        Account.objects.filter(pk=away.pk).update(merged_into=None)
        away.merged_into_id = None
    home, here = lives_at(away), lives_at(into)
    if correction.kind == Kind.SPLIT and home.pk == into.pk:  # messages made them one since, the other way round
        Account.objects.filter(pk=away.pk).update(merged_into=None)
        away.merged_into_id, home = None, away
    changed = {home.pk, here.pk}
    _restore_domains(correction)
    # Also when messages made them one meanwhile: what a member said is said no more.
    changed |= moving.back(correction, here, home)
    if correction.kind == Kind.MERGE:
        Account.objects.filter(pk__in=correction.kept.get("merged", []), merged_into=here).update(merged_into=home)
    if correction.kind == Kind.SPLIT:
        left = moving.everything(into, home, by=None, now=timezone.now())
        moving.return_domains(left.kept["domains"], home.pk, home.pk)
    # Worked out from usage that was there together: what is one for an account by itself is found again with its score.
    spikes = Signal.objects.filter(kind=SignalKind.USAGE_SPIKE, account__in=changed, at__gte=correction.made_at)
    spikes.delete()
    correction.undone_at, correction.undone_by = timezone.now(), member
    correction.save(update_fields=["undone_at", "undone_by"])
    links.state_anew(AccountDomain.objects.filter(account=home).values_list("domain", flat=True))
    changed |= again.workspaces(moving.unsettled([correction.from_account_id, correction.to_account_id]))
    _restore_facts(correction)
    gone = {into.pk} if correction.kind == Kind.SPLIT else set()
    moving.work_out_facts(changed - gone)
    changes.mark(changed, urgent=True)
    MergeSuggestion.objects.filter(correction=correction).update(correction=None)
    tell("account.undo_" + str(correction.kind), correction, away, into, member, way)
    return correction


def stands_on(correction: Correction) -> Correction | None:
    """The newest later correction that stands and moved on what this one moved, or took one of its accounts away."""
    away, into = correction.from_account_id, correction.to_account_id
    later = Correction.objects.filter(pk__gt=correction.pk, undone_at=None).order_by("-pk")
    gone = Q(kind=Kind.MERGE, from_account=away)
    if correction.kind == Kind.MERGE:  # what stood on its queues went on with the account that it became
        gone |= Q(kind=Kind.MERGE, from_account=into)
    if correction.kind == Kind.SPLIT:
        gone |= Q(from_account=into) | Q(to_account=into)
    plain = later.defer("people", "contacts", "kept").select_related("from_account", "to_account")
    found = plain.filter(gone).first()
    moved_on = _overlapping(correction, list(later.filter(from_account=into).values_list("pk", flat=True)))
    if moved_on and (found is None or moved_on > found.pk):
        return plain.get(pk=moved_on)
    return found


def in_words(correction: Correction) -> str:
    """`"Acme GmbH merged into Acme"`."""
    names = {"away": correction.from_account.name, "into": correction.to_account.name}
    match correction.kind:
        case Kind.MERGE:
            return _("%(away)s merged into %(into)s") % names
        case Kind.MOVE_DOMAIN:
            return _("%(what)s moved from %(away)s to %(into)s") % (names | {"what": ", ".join(correction.domains)})
        case Kind.MOVE_WORKSPACE:
            return _("A workspace moved from %(away)s to %(into)s") % names
    return _("%(into)s split from %(away)s") % names


def _overlapping(correction: Correction, later: list[int]) -> int | None:
    """The newest of these that moved somebody or something that this one moved too."""
    if not later:
        return None
    same = " OR ".join(
        f"EXISTS (SELECT unnest(l.{name}) INTERSECT SELECT unnest(c.{name}))"
        for name in ("people", "workspaces", "domains", "contacts")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(l.id) FROM accounts_correction c, accounts_correction l "
            f"WHERE c.id = %s AND l.id = ANY(%s::bigint[]) AND ({same})",
            [correction.pk, bulk.plain(later)],
        )
        return cursor.fetchone()[0]


def _restore_domains(correction: Correction) -> None:
    """The main domains, before what is ambiguous is told by them."""
    for id_, changed in correction.kept.get("facts", {}).items():
        if "domain" in changed:
            before, after = changed["domain"]
            Account.objects.filter(pk=int(id_), domain=after).update(domain=before)


def _restore_facts(correction: Correction) -> None:
    """What the correction made of name, size and so on is as before, unless it changed since. Later ones start from there."""
    for id_, changed in correction.kept.get("facts", {}).items():
        account = Account.objects.get(pk=int(id_))
        now = moving.facts_of(account)
        for name, (before, after) in changed.items():
            if name == "told":  # what somebody says of it, each for itself: some may have been said again since
                said = set(now[name]) - (set(after) - set(before)) | (set(before) - set(after))
                account.told = [fact for fact in moving.FACTS if fact in said]
            elif now[name] == after:
                setattr(account, name, _moment(name, before))
        account.save(update_fields=list(moving.FACTS))
        later = Correction.objects.filter(pk__gt=correction.pk, undone_at=None)
        for one in later.filter(Q(from_account=account) | Q(to_account=account)).only("kept"):
            _begin_from(one, id_, changed)


def _begin_from(later: Correction, id_: str, changed: dict[str, list[Any]]) -> None:
    theirs = later.kept.get("facts", {}).get(id_, {})
    same = [name for name, (before, after) in changed.items() if name in theirs and theirs[name][0] == after]
    for name in same:
        theirs[name][0] = changed[name][0]
    if same:
        later.save(update_fields=["kept"])


def _moment(name: str, value: Any) -> Any:
    return parse_datetime(value) if name == "employees_at" and value else value
