"""An account goes from one motion to another, with a note of what the first has to tell."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Member
from playbooks import owing, routing
from playbooks.models import Motion, QueueItem, QueueItemEvent
from playbooks.querysets import OPEN
from playbooks.telling import notifications
from playbooks.verbs import acting

#: What the new item shows until it is routed next.
_COPIED = (
    *(
        "account_id",
        "workspace_id",
        "score",
        "delta",
        "tier",
        "segment",
        "buyer_state",
        "hand_raised_at",
        "is_expansion",
        "why_now",
    ),
    *(
        "first_seen_on",
        "buyer_id",
        "buyer_contact_id",
        "champion_id",
        "last_signal",
        "last_signal_at",
        "last_signal_text",
    ),
)


@dataclass(frozen=True)
class Opened:
    """The item in the other motion and the note it got. `note_before`: its note when it was there already; none: it is new."""

    item_id: int
    told: str
    note_before: str | None


def label(motion: str) -> str:
    return str(Motion(motion).label)


def note(item: QueueItem, words: str, member: Member | None) -> str:
    """`"Returned by Ana Diaz (Sales): no budget before spring"`."""
    names = {"member": member or _("a rule"), "motion": label(item.motion)}
    said = _("Returned by %(member)s (%(motion)s)") % names
    return f"{said}: {words}" if words else said


def open_in(item: QueueItem, motion: str, *, words: str, member: Member | None, now: dt.datetime) -> Opened:
    """Opens an item of the same account or workspace in another motion; one that is open there gets the note.

    The item that is handed over is locked by the caller. What comes by hand stays until it is closed: routing leaves it alone.
    """
    told = note(item, words, member)
    new = acting.unsaved(
        motion=motion,
        entered_at=now,
        updated_at=now,
        handover=told,
        returned_from=item.motion,
        priority=routing.priority(
            motion=motion,
            score=item.score,
            delta=item.delta,
            buyer_state=item.buyer_state,
            hand_raised_at=item.hand_raised_at,
        ),
        **{name: getattr(item, name) for name in _COPIED},
    )
    owing.after(new, "entered", now)
    before: str | None = None
    try:
        with transaction.atomic():
            new.save(force_insert=True)
        opened = new
    except IntegrityError:
        opened = QueueItem.objects.select_for_update().get(
            account=item.account_id, workspace=item.workspace_id, motion=motion, state__in=OPEN
        )
        before = opened.handover
        opened.handover = f"{before}\n{told}" if before else told
        opened.updated_at = now
        opened.save(update_fields=["handover", "updated_at"])
    QueueItemEvent.objects.create(
        item=opened, at=now, verb=QueueItemEvent.Verb.HANDED_OVER, actor=member, detail=told[:400]
    )
    _tell(opened, item, told, now, but=member)
    return Opened(opened.pk, told, before)


def _tell(opened: QueueItem, item: QueueItem, told: str, now: dt.datetime, *, but: Member | None) -> None:
    """The owner of the item in the other motion, or else the team; not who did it."""
    to = [opened.owner_id] if opened.owner_id is not None else notifications.team(opened.motion)
    notifications.tell_all(
        notifications.unsaved(
            member_id=member_id,
            item_id=opened.pk,
            kind="handover",
            text=item.called,
            why=told,
            link=notifications.link_to(opened),
            key=f"handover {opened.pk} {now:%Y-%m-%dT%H:%M:%S}",
        )
        for member_id in to
        if but is None or member_id != but.pk
    )
