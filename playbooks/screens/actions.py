"""What the member may do with a queue item now, as buttons."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import can
from accounts.models import Member
from playbooks.models import QueueItem
from playbooks.screens import states
from playbooks.screens.states import Chip
from playbooks.verbs import transitions


@dataclass(frozen=True)
class Button:
    """`asks`: it opens a form; else it is done at once. `onward`: the next account opens after it."""

    verb: str
    label: str | Promise
    icon: str
    key: str
    url_name: str
    asks: bool = False
    onward: bool = False
    look: str = ""
    url: str = ""


CLAIM = Button("claim", _("Claim"), "hand", "c", "queue_claim", look="primary")
WAKE = Button("wake", _("Wake"), "sun", "c", "queue_wake", look="primary")
DONE = Button("finish", _("Done"), "check", "d", "queue_done", asks=True, onward=True, look="primary")
TOUCH = Button("touch", _("Touch"), "send", "t", "queue_touch", asks=True)
STEP = Button("step", _("Next step"), "plus", "n", "queue_step", asks=True)
SNOOZE = Button("snooze", _("Snooze"), "moon", "s", "queue_snooze", asks=True, onward=True)
DISQUALIFY = Button("disqualify", _("Disqualify"), "x", "x", "queue_disqualify", asks=True, onward=True, look="danger")
GIVE_BACK = Button("give_back", _("Give to another team"), "exchange", "b", "queue_return", asks=True, onward=True)
RELEASE = Button("release", _("Release"), "arrow-back", "r", "queue_release")
ASSIGN = Button("assign", _("Assign"), "user-plus", "g", "queue_assign", asks=True)
REOPEN = Button("reopen", _("Open again"), "refresh", "o", "queue_reopen", look="primary")
ANSWER = Button("answer", _("Was it worth it?"), "star", "a", "queue_answer", asks=True)

#: state → the buttons in front, and those under "More".
FRONT: dict[str, tuple[Button, ...]] = {
    "new": (CLAIM, SNOOZE, DISQUALIFY),
    "claimed": (DONE, TOUCH, STEP, SNOOZE, DISQUALIFY),
    "snoozed": (WAKE, replace(SNOOZE, label=_("Another day")), replace(DONE, look="")),
}
MORE: dict[str, tuple[Button, ...]] = {
    "new": (GIVE_BACK, ASSIGN),
    "claimed": (GIVE_BACK, RELEASE, ASSIGN, ANSWER),
    "snoozed": (TOUCH, STEP, DISQUALIFY, GIVE_BACK, RELEASE, ASSIGN, ANSWER),
}
CLOSED: tuple[Button, ...] = (REOPEN, ANSWER)
#: Not verbs of the state machine: the owner may.
BESIDE = frozenset({"touch", "step", "answer"})
OUTREACH = frozenset({"touch"})


@dataclass(frozen=True)
class Actions:
    """The buttons, and who has the item. `lost` says why the last one was not done."""

    id: int
    account_name: str
    motion: str
    motion_label: str
    state: str
    is_open: bool
    is_mine: bool
    owner: str
    claimed_at: dt.datetime | None
    because: str
    may_work: bool
    front: tuple[Button, ...]
    more: tuple[Button, ...]
    sla: Chip | None
    chips: tuple[Chip, ...]
    lost: str = ""


def actions(item: QueueItem, member: Member, *, early_days: int, lost: str = "") -> Actions:
    """In the first `early_days` of an account without outreach."""
    now = timezone.now()
    early_until = states.early_until(item, early_days)
    is_early = early_until is not None
    may_work = can(member, "work", item)
    is_owner = item.owner_id == member.pk
    is_admin = can(member, "administer")
    possible = (
        transitions.possible(state=item.state, is_owner=is_owner, is_admin=is_admin) if may_work else frozenset[str]()
    )
    if may_work and (is_owner or not item.is_open):
        possible |= BESIDE - (OUTREACH if is_early else frozenset())
    if not is_admin:
        possible -= {"assign"}
    front, more = FRONT.get(item.state, CLOSED), MORE.get(item.state, ())
    if is_admin and item.owner_id and not is_owner and item.is_open:  # somebody is at work: an admin moves it, no more
        front, more = (ASSIGN, RELEASE), ()
    return Actions(
        id=item.pk,
        account_name=item.called,
        motion=item.motion,
        motion_label=str(item.get_motion_display()),
        state=item.state,
        is_open=item.is_open,
        is_mine=is_owner and item.state in transitions.OWNED,
        owner=str(item.owner) if item.owner else "",
        claimed_at=item.claimed_at,
        because=item.assigned_because,
        may_work=may_work,
        front=_with_addresses(front, possible, item.pk),
        more=_with_addresses(more, possible, item.pk),
        sla=states.sla(item, now),
        chips=states.chips(item, now, early_until=early_until),
        lost=lost,
    )


def _with_addresses(buttons: tuple[Button, ...], possible: frozenset[str], item_id: int) -> tuple[Button, ...]:
    return tuple(
        replace(button, url=reverse(button.url_name, args=[item_id])) for button in buttons if button.verb in possible
    )
