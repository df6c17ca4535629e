"""Plays at work: which one is suggested for an item and why, beginning and stopping it, what ends it, and what came of them.

A play runs on an item from `begin` until its steps are done, a member stops it, one of its exits is met, or its item is closed
(`closing`); one at a time. An item that is opened again goes on where it was. Undoing the claim that came with `begin` ends it too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access
from accounts.models import Member
from playbooks import steps
from playbooks.assignment import policies
from playbooks.assignment.working_time import Hours, openings
from playbooks.models import Answer, Closing, Play, PlayStep, PlayUse, QueueItem, QueueItemEvent, Step, Touch
from playbooks.plays import closing, fitting, merging
from playbooks.plays import rows as play_rows
from playbooks.plays import values as play_values
from playbooks.querysets import OPEN
from playbooks.refused import Refused
from playbooks.verbs import early, verbs

STOPPED = "stopped"
#: Why a play ended, in words.
ENDS = {
    steps.FINISHED: gettext_lazy("all steps done"),
    STOPPED: gettext_lazy("stopped"),
    "replied": gettext_lazy("they replied"),
    "meeting": gettext_lazy("a meeting took place"),
    "hand_raised": gettext_lazy("a hand was raised"),
    "buyer_found": gettext_lazy("the buyer is known"),
    "left": gettext_lazy("the account no longer qualifies"),
    closing.CLOSED: gettext_lazy("the account was closed"),
}


# Suggesting ----------------------------------------------------------------------------------------------------------


class Suggester:
    """The plays there are, read once for many items, when the first of them asks: two queries.

    The built-in plays are made when they are not there.
    """

    def __init__(self) -> None:
        #: There are few situations among thousands of items.
        self._best: dict[fitting.Situation, Play | None] = {}

    @cached_property
    def plays(self) -> list[Play]:
        play_rows.built_in()
        return list(play_rows.active())

    def of(self, motion: str, shown: Mapping[str, Any], *, has_contact: bool, now: dt.datetime) -> dict[str, Any]:
        """`play_id` and `play_because` for an item that shows this; none and "" when no play fits.

        `shown`: tier, last_signal, last_signal_at, last_signal_text, hand_raised_at, is_expansion, buyer_id, champion_id.
        """
        situation = fitting.Situation.of(motion, shown, has_contact=has_contact, now=now)
        if situation not in self._best:
            self._best[situation] = fitting.best(self.plays, situation)
        play = self._best[situation]
        if play is None:
            return {"play_id": None, "play_because": ""}
        return {"play_id": play.pk, "play_because": fitting.because(play, signal=shown["last_signal_text"])[:300]}


def suggest(items: Iterable[QueueItem]) -> None:
    """Sets `play` and `play_because` of items; the caller saves them. Two queries, however many items."""
    known, now = Suggester(), timezone.now()
    for item in items:
        shown = {name: getattr(item, name) for name in _SHOWN}
        told = known.of(item.motion, shown, has_contact=item.buyer_contact_id is not None, now=now)
        item.play_id, item.play_because = told["play_id"], told["play_because"]


_SHOWN = (*fitting.SHOWN, "last_signal_text")


# Running -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def begin(*, item_id: int, play_id: int, member: Member) -> PlayUse:
    """Makes the play's steps next steps of the item, which becomes the member's when nobody has it. Twice is once.

    Raises `QueueItem.DoesNotExist`, `PermissionDenied`, and `Refused` naming the field: a removed play, one of another motion,
    another one that runs, an item that is closed or somebody else's.
    """
    item = _workable(item_id, member)
    play = Play.objects.filter(pk=play_id, removed_at=None).first()
    if play is None:
        raise Refused("play", _("This play was removed."))
    if play.motion != item.motion:
        raise Refused("play", _("This is a play of another queue."))
    running = PlayUse.objects.filter(item=item, ended_at=None).select_related("play").first()
    if running is not None:
        if running.play_id == play.pk:
            return running
        raise Refused("play", _("“%(play)s” is running here: stop it first.") % {"play": running.play})
    claim_id = None
    if item.state == QueueItem.State.NEW:
        outcome = verbs.claim(item_id=item.pk, member=member)
        if not outcome.won:
            raise Refused("item", verbs.in_words("claim", outcome))
        claim_id = outcome.event_id
        item = _workable(item_id, member)
    if item.state != QueueItem.State.CLAIMED:
        raise Refused("item", _("Only a claimed account can be worked: wake it or open it again first."))
    if item.owner_id != member.pk and not access.can(member, "administer"):
        raise Refused("item", _("%(owner)s works on this account.") % {"owner": item.owner})
    early.refuse(item)
    now = timezone.now()
    use = PlayUse.objects.create(play=play, item=item, member=member, started_at=now)
    for claim in QueueItemEvent.objects.filter(pk=claim_id) if claim_id else ():
        claim.before = {**(claim.before or {}), "play_use": use.pk}
        claim.save(update_fields=["before"])
    due = due_dates(item.motion, now)
    # A member's own next steps keep their places before the play's.
    first = Step.objects.filter(item=item).count()
    texts = list(PlayStep.objects.filter(play=play))
    values = play_values.of_item(item, member, only=merging.fields_of(*(step.title for step in texts)))
    Step.objects.bulk_create(
        Step(
            item=item,
            account_id=item.account_id,
            kind=Step.Kind.PLAY,
            place=first + place,
            text=merging.plain(merging.fill(step.title, values))[: steps.TEXT_LENGTH],
            due_at=due(step.after_days),
            created_by=member,
            play_use=use,
            play_step=step,
        )
        for place, step in enumerate(texts)
    )
    steps.tell_item(item)
    return use


@transaction.atomic
def stop(*, use_id: int, member: Member) -> PlayUse:
    """Ends a running play; what is still open of its steps is dropped. Twice is once.

    Raises `PlayUse.DoesNotExist` and `PermissionDenied`.
    """
    use, item = _mine(use_id, member)
    if use.ended_at is None:
        _end(use, item, STOPPED, timezone.now())
    return use


@transaction.atomic
def resume(*, use_id: int, member: Member) -> PlayUse:
    """The undo of `stop`, and of an end by an exit: its dropped steps are open again.

    Raises as `stop` does, and `Refused` when another play runs by now.
    """
    use, item = _mine(use_id, member)
    if use.ended_at is not None:
        if not item.is_open:
            raise Refused("item", _("This account is closed: open it again first."))
        if PlayUse.objects.filter(item=item, ended_at=None).exists():
            raise Refused("play", _("Another play is running here: stop it first."))
        _restart(use, item)
    return use


def end_exited(*, account_ids: Collection[int] = (), item_id: int | None = None) -> int:
    """Ends the running plays whose exits are met, of one item or of these accounts; returns how many.

    One query when no play runs. The caller has a transaction and holds the items.
    """
    running = PlayUse.objects.filter(ended_at=None, item__state__in=OPEN)
    running = running.filter(item=item_id) if item_id is not None else running.filter(item__account__in=account_ids)
    since = {"item": OuterRef("item"), "removed_at": None, "at__gte": OuterRef("started_at")}
    running = running.annotate(
        has_reply=Exists(Touch.objects.filter(**since, result=Touch.Result.REPLIED)),
        has_met=Exists(Touch.objects.filter(**since, kind=Touch.Kind.MEETING)),
    ).select_related("play", "item__buyer", "item__buyer_contact")
    now = timezone.now()
    ended = 0
    for use in running:
        why = next((exit_ for exit_ in use.play.exits if exit_ in _MET and _MET[exit_](use)), None)
        if why is not None:
            _end(use, use.item, why, now)
            ended += 1
    return ended


def look_again(*, item_id: int) -> None:
    """After a touch was taken away: a play that ended by it runs again when nothing else ends it."""
    if PlayUse.objects.filter(item=item_id, ended_at=None).exists():
        return
    last = PlayUse.objects.filter(item=item_id).order_by("-started_at", "-pk").select_related("item").first()
    if last is None or last.end not in ("replied", "meeting"):
        return
    since = Touch.objects.filter(item=item_id, removed_at=None, at__gte=last.started_at)
    met = since.filter(result=Touch.Result.REPLIED) if last.end == "replied" else since.filter(kind=Touch.Kind.MEETING)
    if not met.exists():
        _restart(last, last.item)


def due_dates(motion: str, start: dt.datetime) -> Callable[[int], dt.datetime]:
    """Working days of a motion to the moment they end. Two queries."""
    hours = policies.rules(motion).hours

    def due(after: int) -> dt.datetime:
        return end_of_day(start, after, hours)

    return due


def end_of_day(start: dt.datetime, after: int, hours: Hours) -> dt.datetime:
    """When the `after`-th working day ends; 0: today's, or the next one's once today's has ended."""
    return next(islice(openings(start, hours), after, None))[1]


def _buyer_found(use: PlayUse) -> bool:
    """Whether the buyer became known since the play began."""
    person, contact = use.item.buyer, use.item.buyer_contact
    since = [person.profiled_at or person.first_seen_at] if person else []
    since += [contact.created_at] if contact else []
    return any(at is not None and at >= use.started_at for at in since)


_MET: dict[str, Callable[[Any], bool]] = {
    "replied": lambda use: use.has_reply,
    "meeting": lambda use: use.has_met,
    "hand_raised": lambda use: use.item.hand_raised_at is not None and use.item.hand_raised_at > use.started_at,
    "buyer_found": _buyer_found,
    "left": lambda use: bool(use.item.mark),
}


def _end(use: PlayUse, item: QueueItem, why: str, now: dt.datetime) -> None:
    use.ended_at, use.end = now, why
    use.save(update_fields=["ended_at", "end"])
    # The same moment on both: so that taking it back finds what it dropped.
    Step.objects.filter(play_use=use, done_at=None, dropped_at=None).update(dropped_at=now)
    steps.tell_item(item)


def _restart(use: PlayUse, item: QueueItem) -> None:
    Step.objects.filter(play_use=use, done_at=None, dropped_at=use.ended_at).update(dropped_at=None)
    use.ended_at, use.end = None, ""
    use.save(update_fields=["ended_at", "end"])
    steps.tell_item(item)


def _workable(item_id: int, member: Member) -> QueueItem:
    rows = QueueItem.objects.select_related("account", "owner", "buyer", "buyer_contact", "champion")
    item = rows.select_for_update(of=("self",)).get(pk=item_id)
    if not access.can(member, "work", item):
        raise PermissionDenied
    return item


def _mine(use_id: int, member: Member) -> tuple[PlayUse, QueueItem]:
    item = _workable(PlayUse.objects.values_list("item_id", flat=True).get(pk=use_id), member)
    return PlayUse.objects.select_for_update(of=("self",)).select_related("play").get(pk=use_id), item


# Results -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Results:
    """Items that a play was begun on: how many are still running, were good to their reps, led to a meeting, were won.

    An opportunity had a meeting, and what was won had both; each is good without an answer.
    """

    begun: int = 0
    running: int = 0
    accepted: int = 0
    meetings: int = 0
    won: int = 0


_COUNTS = tuple(field.name for field in fields(Results))


def results() -> dict[int, Results]:
    """By play id, for those that were begun at all. One query."""
    met = Q(item__outcome__in=[Closing.MEETING, Closing.OPPORTUNITY, Closing.WON])
    rows = (
        PlayUse.objects.values("play")
        .annotate(
            begun=Count("item", distinct=True),
            running=Count("item", distinct=True, filter=Q(ended_at=None, item__state__in=OPEN)),
            accepted=Count("item", distinct=True, filter=met | Q(item__answer__verdict=Answer.Verdict.GOOD)),
            meetings=Count("item", distinct=True, filter=met),
            won=Count("item", distinct=True, filter=Q(item__outcome=Closing.WON)),
        )
        .order_by("play")
    )
    counted: list[dict[str, Any]] = [dict(row) for row in rows]
    return {row["play"]: Results(**{name: row[name] for name in _COUNTS}) for row in counted}
