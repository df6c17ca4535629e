"""How a verb is done to one item or to many: lock, guard, change, tell.

The rows are locked in the order of their ids, so that whoever comes second sees what the first has done: exactly one wins, and
two bulk actions cannot wait for each other. The event that tells it is written in the same transaction, with the columns as they
were, so nothing happens without a trace and everything can be undone (`playbooks.verbs.undo`).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import access, changes
from accounts.models import Member
from playbooks.assignment import policies
from playbooks.feedback import learning_back
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.plays import closing
from playbooks.verbs import reasons, transitions
from scoring.models import Tier, WorkspaceScore

#: What verbs may change. An event's `before` has those of them that it did.
KEPT = (
    *("state", "owner_id", "claimed_at", "closed_at", "closed_by_id", "outcome", "reason", "reason_words"),
    *("snoozed_at", "snoozed_score", "snoozed_until", "wakes_on_signal", "woke_at", "woke_because"),
    *("returned_to", "cool_until", "look_again", "assigned_at", "assigned_because", "handover"),
    *("sla", "warn_at", "due_at", "breached_at"),
)
#: All that an answer shows of an item.
SHOWN = ("owner", "account", "workspace", "buyer", "champion", "buyer_contact", "closed_by")
_DEFAULTS = {field.attname: field.db_default for field in QueueItem._meta.concrete_fields if field.has_db_default()}
#: `check` answers it when the item is already as wanted: won, and nothing to tell.
ALREADY = "already"
#: Items of one bulk action.
MOST = 200
#: So many statements are no slower than one that sets each item's own values.
FEW_SORTS = 3


@dataclass(frozen=True)
class Outcome:
    """What came of a verb. `reason`: empty when it was done, else why not; `verbs.in_words` says it. `event_id`: to undo it."""

    won: bool
    item: QueueItem
    reason: str = ""
    event_id: int | None = None


@dataclass(frozen=True)
class Many:
    """What came of a verb on many items. `batch` undoes those that were won together; unknown ids are in neither."""

    batch: uuid.UUID
    won: list[int] = field(default_factory=list)
    lost: dict[int, Outcome] = field(default_factory=dict)


@dataclass
class Act:
    """One item in the hands of a verb: as it was, and what is told of it. `more`: keys of `before` beside its columns."""

    item: QueueItem
    was: dict[str, Any]
    detail: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    also: list[tuple[str, str]] = field(default_factory=list)

    @property
    def changed(self) -> list[str]:
        return [name for name in KEPT if getattr(self.item, name) != self.was[name]]


type Check = Callable[[QueueItem], str]
type Change = Callable[[Act, dt.datetime], None]


def unsaved(**columns: Any) -> QueueItem:
    """A new item whose columns can all be read before it is saved: what the database would fill in is filled in."""
    return QueueItem(**(_DEFAULTS | columns))


def read(item_ids: Iterable[int]) -> dict[int, QueueItem]:
    return QueueItem.objects.select_related(*SHOWN).in_bulk(list(item_ids))


def locked(item_ids: Iterable[int], *, beside: str = "") -> list[QueueItem]:
    """The items, locked for this transaction in the order of their ids; with the open ones of their accounts in motion `beside`.

    In two statements: what a locking one joins, the owner above all, is as it was before it had to wait.
    """
    wanted = set(item_ids)
    rows = Q(pk__in=wanted)
    if beside:
        accounts = QueueItem.objects.filter(pk__in=wanted).values("account")
        rows |= Q(account__in=accounts, motion=beside, state__in=transitions.OPEN)
    ids = QueueItem.objects.select_for_update().filter(rows).order_by("pk").values_list("pk", flat=True)
    found = read(wanted & set(ids))
    return [found[pk] for pk in sorted(found)]


def perform(
    verb: str,
    told: str,
    *,
    item_ids: Sequence[int],
    member: Member | None,
    change: Change,
    check: Check | None = None,
    batch: uuid.UUID | None = None,
    beside: str = "",
) -> list[Outcome]:
    """Does a verb of `transitions.VERBS` to the items that it may be done to, and writes down `told` of each.

    `member` none: a rule does it. `beside`: a motion whose items of these accounts are written too. Returns an outcome for each
    item that there is, by id. Raises `PermissionDenied` when the member does not work the motion of one of them: then nothing was
    done.
    """
    with policies.held(), transaction.atomic():
        items = locked(item_ids, beside=beside)
        now = timezone.now()  # after the lock: the order of times is that of events
        is_admin = member is None or access.can(member, "administer")
        outcomes: dict[int, Outcome] = {}
        acts: list[Act] = []
        for item in items:
            if member is not None and not access.can(member, "work", item):
                raise PermissionDenied
            is_owner = member is not None and item.owner_id == member.pk
            reason = check(item) if check else ""
            reason = reason or transitions.refusal(verb, state=item.state, is_owner=is_owner, is_admin=is_admin)
            if reason:
                won = reason == ALREADY
                outcomes[item.pk] = Outcome(won=won, item=item, reason="" if won else reason)
                continue
            act = Act(item, {name: getattr(item, name) for name in KEPT})
            change(act, now)
            acts.append(act)
        for act, event_id in write(acts, told, now=now, member=member, batch=batch):
            outcomes[act.item.pk] = Outcome(event_id is not None, act.item, "" if event_id else "open", event_id)
    return [outcomes[pk] for pk in sorted(outcomes)]


def write(
    acts: Sequence[Act],
    told: str,
    *,
    now: dt.datetime,
    member: Member | None,
    batch: uuid.UUID | None = None,
    can_be_undone: bool = True,
) -> list[tuple[Act, int | None]]:
    """Writes what was changed, with its events; each act with its event's id, none when another open item stands in its way."""
    kept = _save(acts, now)
    events = [
        QueueItemEvent(
            item=act.item,
            at=now,
            verb=told,
            actor=member,
            detail=act.detail[:400],
            before=_plain({name: act.was[name] for name in act.changed} | act.more) if can_be_undone else None,
            batch=batch,
        )
        for act in kept
    ]
    more = [
        QueueItemEvent(item=act.item, at=now, verb=verb, detail=detail[:400])
        for act in kept
        for verb, detail in act.also
    ]
    QueueItemEvent.objects.bulk_create(events + more)
    learning_back.tell((act.item, act.was) for act in kept)
    closing.follow(((act.item, act.was) for act in kept), now)
    # What is excluded from every queue has to leave the other ones, and the reverse.
    excluded = {act.item.account_id for act in kept if {act.item.reason, act.was["reason"]} & reasons.EVERYWHERE}
    changes.mark(excluded | _freed(kept), table=changes.SCORED, urgent=True)
    ids = {act.item.pk: event.pk for act, event in zip(kept, events, strict=True)}
    return [(act, ids.get(act.item.pk)) for act in acts]


def _freed(acts: Iterable[Act]) -> set[int]:
    """Accounts that somebody works on no more, or no workspace of, where accounts and workspaces give way to each other.

    One query when an account was freed, none else.
    """
    turned = [
        act.item for act in acts if (act.was["state"] in transitions.OWNED) != (act.item.state in transitions.OWNED)
    ]
    of_spaces = {item.account_id for item in turned if item.workspace_id is not None}
    freed = {item.account_id for item in turned if item.workspace_id is None and item.state not in transitions.OWNED}
    if not freed:
        return of_spaces
    hot = WorkspaceScore.objects.filter(workspace__account__in=freed, tier__in=(Tier.PQA, Tier.ACTIVATE))
    return of_spaces | {account for account in hot.values_list("workspace__account", flat=True) if account is not None}


def _save(acts: Sequence[Act], now: dt.datetime) -> list[Act]:
    """Writes what is open in one statement for all that get the same values, or for all when there are many sorts of them.

    Those that were closed one by one.
    """
    alike: dict[tuple[Any, ...], list[int]] = {}
    kept: list[Act] = []
    for act in acts:
        act.item.updated_at = now
        columns = {name: getattr(act.item, name) for name in (*act.changed, "updated_at")}
        if act.was["state"] not in transitions.CLOSED:
            alike.setdefault(tuple(columns.items()), []).append(act.item.pk)
            kept.append(act)
        elif _opens(act, columns):
            kept.append(act)
    if len(alike) > FEW_SORTS:  # times to answer are each item's own
        names = {name for same in alike for name, _value in same}
        opened = [act.item for act in kept if act.was["state"] not in transitions.CLOSED]
        QueueItem.objects.bulk_update(opened, [name.removesuffix("_id") for name in names])
        return kept
    for same, ids in alike.items():
        QueueItem.objects.filter(pk__in=ids).update(**dict(same))
    return kept


def _opens(act: Act, columns: dict[str, Any]) -> bool:
    """False when the account has another open item in this motion, which the database alone knows for sure."""
    try:
        with transaction.atomic():
            QueueItem.objects.filter(pk=act.item.pk).update(**columns)
    except IntegrityError:
        for name, value in act.was.items():
            setattr(act.item, name, value)
        return False
    return True


def _plain(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in columns.items()}
