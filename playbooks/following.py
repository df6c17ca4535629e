"""What stands on queues follows a merge, and comes back when it is undone.

Of two open items of one motion one stays: the one that is owned, else that of the account that stays. The other leaves and says so;
what was still to be done with it, and its running play, go on with the one that stays. What was moved is kept with the correction,
so that undoing it leaves items, owners and states as they were. What routing closed because of a correction, whatever its kind, is
open again when it is undone. Items of a workspace are with the account of the workspace.

The page and the API do it in the transaction of the correction; every minute `follow_merged` and `take_back_undone` find what was
merged otherwise, by the loader above all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected

from accounts import changes
from accounts.corrections.refusing import lives_at
from accounts.models import Correction
from playbooks import crowds, owing, steps
from playbooks.models import Closing, PlayUse, QueueItem, QueueItemEvent, Step
from playbooks.telling import notifications
from playbooks.verbs import acting
from playbooks.verbs.acting import KEPT, Act
from playbooks.verbs.transitions import CLAIMED, DONE, LEFT, OPEN, SNOOZED
from scoring.models import Score

#: Merged accounts whose items move in one transaction.
AT_ONCE = 200
Told = QueueItemEvent.Verb
#: How a play ended whose item gave way to another with a play of its own.
MERGED = "merged"
_COLUMNS = [name.removesuffix("_id") for name in KEPT]
_SEEN = ("first_touched_at", "last_touched_at")


def correct(verb: Callable[..., Correction], **said: Any) -> Correction:
    """Does one of the verbs of `accounts.corrections` and what follows on the queues, at once. Raises what the verb raises."""
    for left in (3, 2, 1, 0):
        try:
            correction = _correct(verb, said)
            break
        except OperationalError as error:  # routing holds some of these items and waits for others
            if not left or not isinstance(error.__cause__, DeadlockDetected):
                raise
    crowds.forget([correction.from_account_id, correction.to_account_id])
    return Correction.objects.defer("people", "contacts", "kept").get(pk=correction.pk)


@transaction.atomic
def _correct(verb: Callable[..., Correction], said: dict[str, Any]) -> Correction:
    correction = verb(**said)
    if correction.undone_at is None:
        _remember(correction)
    catch_up()
    if correction.undone_at is not None:
        _restore(correction)
    _score_first([correction.from_account_id, correction.to_account_id])
    return correction


def catch_up() -> None:
    """Everything that corrections and the loader left to follow."""
    take_back_undone()
    while follow_merged():
        pass
    with_their_workspaces()


@dataclass
class _Kept:
    """What undoing the merge needs: item → its account then, item → its columns, step or play → its item."""

    items: dict[str, int] = field(default_factory=dict)
    left: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: dict[str, int] = field(default_factory=dict)
    plays: dict[str, int] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)


@transaction.atomic
def follow_merged() -> int:
    """Moves the items of merged accounts to the accounts that they went into; how many items."""
    rows = QueueItem.objects.filter(account__merged_into__isnull=False).order_by("account_id")
    pairs = rows.values_list("account_id", "account__merged_into").distinct()[:AT_ONCE]
    into = {old: target for old, target in pairs if target is not None}
    if not into:
        return 0
    known = QueueItem.objects.select_for_update(of=("self",)).filter(
        Q(account__in=into) | Q(account__in=into.values(), state__in=OPEN)
    )
    items = list(known.select_related("account").order_by("pk"))
    now = timezone.now()
    working = {_place(item): item for item in items if item.is_open and item.account_id not in into}
    moved = [item for item in items if item.account_id in into]
    kept: dict[int, _Kept] = {old: _Kept() for old in into}
    events: list[QueueItemEvent] = []
    gave_way: list[tuple[QueueItem, QueueItem, int, str]] = []
    for item in moved:
        old, target, name = item.account_id, into[item.account_id], item.account.name
        kept[old].items[str(item.pk)] = old
        item.account_id = target
        if not item.is_open:
            continue
        other = working.get(_place(item))
        stays, goes = (item, other) if other is None or (item.owner_id and not other.owner_id) else (other, item)
        if goes is not None:
            kept[old].left[str(goes.pk)] = _plain({name: getattr(goes, name) for name in KEPT})
            gave_way.append((goes, stays, old, name if goes is item else goes.account.name))
            events.append(_leave(goes, now))
        if stays is item:
            working[_place(item)] = item
            events.append(_told(item, Told.HANDED_OVER, _("with its account, which was merged into this one"), now))
    # What leaves first: there is one open item an account and motion at every moment.
    changed = moved + [goes for goes, *_rest in gave_way if goes not in moved]
    for item in sorted(changed, key=lambda one: one.is_open):
        item.updated_at = now
        item.save(update_fields=["account", "state", "owner", "claimed_at", "closed_at", "updated_at", *owing.COLUMNS])
    QueueItemEvent.objects.bulk_create(events)
    for goes, stays, old, name in gave_way:
        _go_on(goes, stays, kept[old], now, called=name)
    _with_their_items([item.pk for item in moved])
    _keep(kept)
    _route_soon(set(into.values()))
    return len(moved)


@transaction.atomic
def take_back_undone() -> int:
    """Gives the accounts of undone merges their items back; how many merges."""
    undone = Correction.objects.select_for_update().filter(
        kind=Correction.Kind.MERGE, undone_at__isnull=False, kept__has_key="queue"
    )
    found = list(undone.defer("people", "contacts").order_by("-pk")[:AT_ONCE])
    for correction in found:
        _take_back(correction, _Kept(**correction.kept.pop("queue")))
        correction.save(update_fields=["kept"])
    return len(found)


@transaction.atomic
def with_their_workspaces(account_ids: Collection[int] | None = None) -> int:
    """Items of a workspace go where the workspace is (of all, or to these accounts), with their owners; how many.

    One query where all are there already.
    """
    of_spaces = QueueItem.objects.filter(workspace__isnull=False, workspace__account__isnull=False)  # few: by index
    strays = of_spaces.exclude(account=F("workspace__account"))
    if account_ids is not None:
        strays = strays.filter(workspace__account__in=account_ids)
    locked = strays.select_for_update(of=("self",)).select_related("account", "workspace__account")
    found, now = list(locked.order_by("pk")), timezone.now()
    if not found:
        return 0
    events: list[QueueItemEvent] = []
    left: set[int] = set()
    for item in found:
        left.add(item.account_id)
        space = item.workspace
        if space is None or space.account is None:
            continue
        item.account, columns = space.account, ["account", "updated_at"]
        other = QueueItem.objects.filter(account=space.account, motion=item.motion, workspace=space, state__in=OPEN)
        here = other.select_for_update(of=("self",)).select_related("account").first() if item.is_open else None
        if here is not None:  # routed there before it was followed
            stays, goes = (item, here) if item.owner_id and not here.owner_id else (here, item)
            kept = _Kept(left={str(goes.pk): _plain({name: getattr(goes, name) for name in KEPT})})
            events.append(_leave(goes, now))
            goes.updated_at = now
            goes.save(
                update_fields=["account", "state", "owner", "claimed_at", "closed_at", "updated_at", *owing.COLUMNS]
            )
            _go_on(goes, stays, kept, now, called=goes.called)
        item.updated_at = now
        item.save(update_fields=columns)
        if item.is_open:
            words = _("with its workspace, which belongs to %(account)s now") % {"account": space.account.name}
            events.append(_told(item, Told.HANDED_OVER, words[:400], now))
    QueueItemEvent.objects.bulk_create(events)
    _with_their_items([item.pk for item in found])
    _route_soon({item.account_id for item in found} | left)
    return len(found)


def _take_back(correction: Correction, kept: _Kept) -> None:
    now = timezone.now()
    ids = {int(id_) for id_ in (*kept.items, *kept.left)}
    locked = QueueItem.objects.select_for_update(of=("self",)).filter(pk__in=ids).select_related("account")
    items = {item.pk: item for item in locked.order_by("pk")}
    home, here, events = correction.from_account_id, lives_at(correction.to_account).pk, []
    for id_ in kept.items:
        item = items.get(int(id_))
        # One that an earlier merge had brought, and that was undone since, is at home by now.
        if item is not None and lives_at(item.account).pk == here:
            item.account_id = home
            item.updated_at = now
            item.save(update_fields=["account", "updated_at"])
            if item.is_open:
                events.append(_told(item, Told.HANDED_OVER, _("with its account: the merge was undone"), now))
    for id_, columns in kept.left.items():
        item = items.get(int(id_))
        if item is not None and item.state == LEFT and not _is_taken(item):
            for name, value in columns.items():
                setattr(item, name, _value(name, value))
            item.updated_at = now
            item.save(update_fields=[*_COLUMNS, "updated_at"])
            events.append(_told(item, Told.REOPENED, _("The merge was undone"), now))
    QueueItemEvent.objects.bulk_create(events)
    for model, homes in ((Step, kept.steps), (PlayUse, kept.plays)):
        for id_, item_id in homes.items():
            if item_id in items:
                model._default_manager.filter(pk=int(id_)).update(item=item_id)
    for use in PlayUse.objects.filter(pk__in=kept.ended, end=MERGED):
        Step.objects.filter(play_use=use, done_at=None, dropped_at=use.ended_at).update(dropped_at=None)
        use.ended_at, use.end = None, ""
        use.save(update_fields=["ended_at", "end"])
    for id_, columns in kept.seen.items():
        before = {name: _value(name, value[0]) for name, value in columns.items()}
        after = {name: _value(name, value[1]) for name, value in columns.items()}
        QueueItem.objects.filter(pk=int(id_), **after).update(**before)
    _with_their_items(ids)
    for item in QueueItem.objects.filter(pk__in=ids | {int(id_) for id_ in kept.seen}, state__in=OPEN):
        steps.tell_item(item)
    _score_first([home])


def _remember(correction: Correction) -> None:
    """What stands on the queues of both accounts before anything follows, and their tiers: who is in one stays there longer."""
    both = [correction.from_account_id, correction.to_account_id]
    rows = QueueItem.objects.filter(account__in=both, state__in=OPEN)
    tiers = Score.objects.filter(account__in=both).values_list("account_id", "tier", "tier_since")
    for kind in ("open", "owned"):
        correction.kept[kind] = {
            str(item.pk): _plain({name: getattr(item, name) for name in KEPT})
            for item in rows
            if (item.owner_id is None) == (kind == "open")
        }
    correction.kept["tiers"] = {str(id_): [tier, since.isoformat()] for id_, tier, since in tiers}
    correction.save(update_fields=["kept"])


def _restore(correction: Correction) -> None:
    """What nobody had and routing closed since, because of other scores: when it still should be closed, routing does so again."""
    both, now = [correction.from_account_id, correction.to_account_id], timezone.now()
    kept = correction.kept.get("open", {})
    left = QueueItem.objects.select_for_update(of=("self",)).filter(
        pk__in=map(int, kept), account__in=both, state=LEFT, closed_at__gte=correction.made_at
    )
    events = []
    for item in left.order_by("pk"):
        if _is_taken(item):
            continue
        for name, value in kept[str(item.pk)].items():
            setattr(item, name, _value(name, value))
        item.updated_at = now
        item.save(update_fields=[*_COLUMNS, "updated_at"])
        events.append(_told(item, Told.REOPENED, _("The correction was undone"), now))
    QueueItemEvent.objects.bulk_create(events)
    _take_back_handed_over(correction, both, now)
    for id_, (tier, since) in correction.kept.get("tiers", {}).items():
        # The next run says whether it is still enough for it; of a merged account it finds the tier in the history.
        rows = Score.objects.filter(account=int(id_)).exclude(tier=tier)
        rows.update(tier=tier, tier_since=parse_datetime(since), digest=0)


def _take_back_handed_over(correction: Correction, account_ids: Collection[int], now: dt.datetime) -> None:
    """What somebody had, and routing handed over to sales or woke since because of other scores, is theirs as it was."""
    kept, since = correction.kept.get("owned", {}), correction.made_at
    at = now.isoformat()
    slept = [id_ for id_, was in kept.items() if was["state"] == SNOOZED and (was["snoozed_until"] or "~") > at]
    handed = Q(state=DONE, closed_by=None, outcome__in=[Closing.HANDED_OVER, Closing.ACTIVATED], closed_at__gte=since)
    worked = QueueItemEvent.objects.filter(item__in=slept, at__gte=since, actor__isnull=False, undone_at=None)
    woken = Q(pk__in=slept, state=CLAIMED, woke_at__gte=since) & ~Q(last_touched_at__gte=since)
    rows = QueueItem.objects.filter(handed | woken & ~Q(pk__in=worked.values("item")))
    done = rows.filter(pk__in=map(int, kept), account__in=account_ids).select_for_update(of=("self",))
    acts = []
    for item in done.order_by("pk"):
        if _is_taken(item):
            continue
        act = Act(item, {name: getattr(item, name) for name in KEPT}, detail=_("The correction was undone"))
        for name, value in kept[str(item.pk)].items():
            setattr(item, name, _value(name, value))
        acts.append(act)
    acting.write(acts, Told.REOPENED, now=now, member=None, can_be_undone=False)


def _route_soon(account_ids: Collection[int]) -> None:
    """Who was never scored is first: without a score items would leave the queues, and others come in their place."""
    scored = set(Score.objects.filter(account__in=account_ids).values_list("account_id", flat=True))
    changes.mark(scored, table=changes.SCORED, urgent=True)
    changes.mark(set(account_ids) - scored, urgent=True)


def _score_first(account_ids: Collection[int]) -> None:
    """They are not routed before they are scored again: by the score of the correction, items would leave their queues."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {changes.SCORED} WHERE account_id = ANY(%s)", [list(account_ids)])


def _go_on(goes: QueueItem, stays: QueueItem, kept: _Kept, now: dt.datetime, *, called: str) -> None:
    """What was still to be done with an item that gave way is done with the one that stays."""
    undone = Step.objects.filter(item=goes, done_at=None, dropped_at=None)
    for use in PlayUse.objects.filter(item=goes, ended_at=None):
        if PlayUse.objects.filter(item=stays, ended_at=None).exists():
            undone.filter(play_use=use).update(dropped_at=now)
            use.ended_at, use.end = now, MERGED
            use.save(update_fields=["ended_at", "end"])
            kept.ended.append(use.pk)
            continue
        PlayUse.objects.filter(pk=use.pk).update(item=stays)
        kept.plays[str(use.pk)] = goes.pk
        done = Step.objects.filter(play_use=use)
        kept.steps |= {str(id_): goes.pk for id_ in done.values_list("pk", flat=True)}
        done.update(item=stays)
    kept.steps |= {str(id_): goes.pk for id_ in undone.values_list("pk", flat=True)}
    undone.update(item=stays, account=stays.account_id)
    seen: dict[str, list[Any]] = {}
    for name, best in zip(_SEEN, (min, max), strict=True):
        mine, theirs = getattr(stays, name), getattr(goes, name)
        if theirs is not None and (mine is None or best(mine, theirs) != mine):
            seen[name] = [mine, theirs]
            setattr(stays, name, theirs)
    if seen:
        kept.seen[str(stays.pk)] = {name: [_iso(value) for value in both] for name, both in seen.items()}
    steps.tell_item(stays, **{name: both[1] for name, both in seen.items()})
    owner_id = kept.left[str(goes.pk)]["owner_id"]
    if owner_id is not None and owner_id != stays.owner_id:
        notifications.tell(
            member_id=owner_id,
            kind="taken",
            text=called,
            why=_("It was merged into an account that somebody else works on."),
            link=notifications.link_to(stays),
            key=f"merged {goes.pk} {now.isoformat()}",
            item_id=stays.pk,
        )


def _keep(kept: dict[int, _Kept]) -> None:
    """Writes it to the corrections that stand. What the loader merged by itself is not undone."""
    standing = Correction.objects.filter(kind=Correction.Kind.MERGE, undone_at=None, from_account__in=kept)
    for correction in standing.defer("people", "contacts").order_by("pk"):
        if "queue" not in correction.kept:
            correction.kept["queue"] = vars(kept[correction.from_account_id])
            correction.save(update_fields=["kept"])


def _with_their_items(item_ids: Iterable[int]) -> None:
    ids = list(item_ids)
    with connection.cursor() as cursor:
        for table in ("touch", "step", "answer"):
            cursor.execute(
                f"UPDATE playbooks_{table} AS t SET account_id = i.account_id FROM playbooks_queueitem i "
                "WHERE t.item_id = i.id AND i.id = ANY(%s) AND t.account_id <> i.account_id",
                [ids],
            )


def _place(item: QueueItem) -> tuple[int, str, int | None]:
    return item.account_id, item.motion, item.workspace_id


def _is_taken(item: QueueItem) -> bool:
    """Whether another open item has its place by now."""
    same = QueueItem.objects.filter(account=item.account_id, motion=item.motion, workspace=item.workspace_id)
    return same.filter(state__in=OPEN).exclude(pk=item.pk).exists()


def _leave(item: QueueItem, now: dt.datetime) -> QueueItemEvent:
    item.state, item.owner, item.claimed_at, item.closed_at = LEFT, None, None, now
    owing.after(item, "closed", now)
    return _told(item, Told.LEFT, _("The account was merged; its other item stays"), now)


def _told(item: QueueItem, verb: str, detail: str, now: dt.datetime) -> QueueItemEvent:
    return QueueItemEvent(item=item, at=now, verb=verb, detail=detail)


def _plain(columns: dict[str, Any]) -> dict[str, Any]:
    return {name: _iso(value) for name, value in columns.items()}


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _value(name: str, value: Any) -> Any:
    return parse_datetime(value) if isinstance(value, str) and name.endswith(("_at", "_until")) else value
