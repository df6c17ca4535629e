"""What members decide of ambiguous workspaces: for a company, or for itself. The decision locks, and can be taken back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, bulk, changes
from accounts.corrections import Refused, merge, move_workspace, undo
from accounts.corrections.refusing import hold_loader, living
from accounts.identity import HAND
from accounts.ladder import again, links
from accounts.models import Account, Ambiguity, Member, Workspace

#: `settled_because` of a member's decision.
BY_HAND = "by hand"
#: Days of usage that a page calls at stake.
DAYS = 28


@transaction.atomic
def decide(*, ambiguity_id: int, account_id: int | None, member: Member | None, note: str = "") -> Ambiguity:
    """The workspace belongs to this account, any living one; none: it stands for itself. Nothing overrules it afterwards.

    The account that stood for it alone goes into the company, unless a member made something of it. Raises
    `Ambiguity.DoesNotExist`, and `Refused` (`ambiguity` when it is settled already, `account`).
    """
    hold_loader()
    ambiguity = Ambiguity.objects.select_for_update().get(pk=ambiguity_id)
    if ambiguity.settled_at is not None:
        raise Refused("ambiguity", _("It is settled already."))
    space = Workspace.objects.select_for_update().get(pk=ambiguity.workspace_id)
    if account_id is not None and account_id != space.account_id:
        try:
            living(into=account_id)
            if space.account_id is None or links.is_kept(space.account_id) or space.account_by != "own":
                ambiguity.correction = move_workspace(
                    workspace_id=space.pk, into_id=account_id, member=member, note=note
                )
            else:
                ambiguity.correction = merge(account_id=space.account_id, into_id=account_id, member=member, note=note)
        except Refused as refused:
            raise Refused("account", refused.words, first=refused.first) from None
        space.refresh_from_db()
    space.account_by, space.account_confidence, space.account_at = HAND, 1.0, timezone.now()
    space.save(update_fields=["account_by", "account_confidence", "account_at"])
    ambiguity.settled_at, ambiguity.settled_by, ambiguity.settled_because = timezone.now(), member, BY_HAND
    ambiguity.settled_for_id = space.account_id
    ambiguity.save(update_fields=["correction", "settled_at", "settled_by", "settled_because", "settled_for"])
    if space.account_id is not None:
        changes.mark([space.account_id], urgent=True)
    _tell("ambiguity.decide", ambiguity, space, member)
    return ambiguity


@transaction.atomic
def take_back(*, ambiguity_id: int, member: Member | None) -> Ambiguity:
    """The decision is as if it had not been made, and the ladder is asked again: it may have become plain meanwhile.

    Raises `Ambiguity.DoesNotExist`, `Refused` (ambiguity).
    """
    hold_loader()
    ambiguity = Ambiguity.objects.select_for_update().get(pk=ambiguity_id)
    if ambiguity.settled_because != BY_HAND:
        raise Refused("ambiguity", _("No member decided this."))
    correction = ambiguity.correction
    # Open first: the ladder, which undoing asks, goes on with this row.
    ambiguity.settled_at = ambiguity.settled_by = ambiguity.settled_for = ambiguity.correction = None
    ambiguity.settled_because = ""
    if not Ambiguity.objects.filter(workspace=ambiguity.workspace_id, settled_at=None).exists():
        ambiguity.save()
    else:  # somebody undid the correction before
        ambiguity.delete()
        ambiguity = Ambiguity.objects.get(workspace=ambiguity.workspace_id, settled_at=None)
    if correction is not None and correction.undone_at is None:
        undo(correction_id=correction.pk, member=member)
    space = Workspace.objects.select_for_update().get(pk=ambiguity.workspace_id)
    if space.account_by == HAND:
        space.account_by, space.account_confidence = "own", 0.0
        space.save(update_fields=["account_by", "account_confidence"])
    changed = again.workspaces([space.pk])
    if space.account_id is not None:
        changed.add(space.account_id)
    changes.mark(changed, urgent=True)
    ambiguity.refresh_from_db()
    _tell("ambiguity.reopen", ambiguity, space, member)
    return ambiguity


def _tell(action: str, ambiguity: Ambiguity, space: Workspace, member: Member | None) -> None:
    audit.record(
        action,
        by=member,
        subject="workspace",
        subject_id=space.pk,
        label=space.external_id,
        ambiguity=ambiguity.pk,
        account=space.account_id,
        candidates=[candidate["account"] for candidate in ambiguity.candidates],
    )


# The inbox -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A company with an equal claim. `people`: of the workspace's members; `everybody`: of the whole account."""

    account_id: int
    name: str
    domain: str
    people: int
    everybody: int
    since: dt.date | None


@dataclass(frozen=True)
class Case:
    """An ambiguous workspace. `events` and `active` people: its usage in 28 days, which is at stake."""

    row: Ambiguity
    candidates: list[Candidate]
    members: int
    events: int
    active: int


def how_many_open() -> int:
    return Ambiguity.objects.filter(settled_at=None).count()


def listed(*, settled: bool) -> QuerySet[Ambiguity]:
    """Open ones, longest waiting first; or settled ones, newest first."""
    rows = Ambiguity.objects.select_related("workspace__account", "settled_by", "settled_for")
    if settled:
        return rows.exclude(settled_at=None).order_by("-settled_at", "-pk")
    return rows.filter(settled_at=None).order_by("first_seen_at", "pk")


def cases(rows: list[Ambiguity]) -> list[Case]:
    """With their evidence, in three queries."""
    ids = {candidate["account"] for row in rows for candidate in row.candidates}
    accounts = Account.objects.in_bulk(ids)
    everybody = _count("productuser", "account_id", ids)
    spaces = [row.workspace_id for row in rows]
    stake: dict[int, tuple[int, int]] = {}
    members = _count("membership", "workspace_id", spaces)
    if spaces:
        with connection.cursor() as cursor:
            # A sum for each member: so the usage of these few is read by its key, however much there is of others.
            cursor.execute(
                """
                SELECT m.workspace_id, sum(did.events)::bigint, count(did.events) FROM accounts_membership m, LATERAL (
                    SELECT sum(u.count) AS events FROM accounts_usage u
                    WHERE u.user_id = m.user_id AND u.workspace_id = m.workspace_id AND u.day > %(since)s
                ) AS did WHERE m.workspace_id = ANY (%(ids)s::bigint[]) AND did.events IS NOT NULL GROUP BY 1
                """,
                {"ids": bulk.plain(spaces), "since": timezone.now().date() - dt.timedelta(days=DAYS)},
            )
            stake = {id_: (events, active) for id_, events, active in cursor.fetchall()}
    found = []
    for row in rows:
        told = [_candidate(said, accounts, everybody) for said in row.candidates if said["account"] in accounts]
        events, active = stake.get(row.workspace_id, (0, 0))
        found.append(Case(row, told, members.get(row.workspace_id, 0), events, active))
    return found


def _candidate(said: dict[str, Any], accounts: dict[int, Account], everybody: dict[int, int]) -> Candidate:
    account = accounts[said["account"]]
    return Candidate(
        account.pk,
        account.name,
        said["domain"] or account.domain,
        said["people"],
        everybody.get(account.pk, 0),
        dt.date.fromisoformat(said["since"]) if said["since"] else None,
    )


def _count(table: str, column: str, ids: Any) -> dict[int, int]:
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column}, count(*) FROM accounts_{table} WHERE {column} = ANY (%s::bigint[]) GROUP BY 1",
            [bulk.plain(ids)],
        )
        return dict(cursor.fetchall())
