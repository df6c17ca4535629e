"""What came of a verb, in words that say who did what."""

from __future__ import annotations

import datetime as dt

from django.utils import formats, timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from playbooks.models import QueueItem
from playbooks.verbs import cooling, reasons
from playbooks.verbs.acting import Outcome


def in_words(verb: str, outcome: Outcome) -> str:
    """A sentence for a toast: `"Claimed Acme."`, `"Ana Diaz claimed Acme 2 minutes ago."`. No query."""
    return _won(verb, outcome.item) if outcome.won else refused(verb, outcome)


def ago(moment: dt.datetime | None) -> str:
    """`"2 minutes ago"`; below a minute, and without a moment, `"just now"`."""
    if moment is None or timezone.now() - moment < dt.timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


def moment_in_words(moment: dt.datetime) -> str:
    """In the zone of the member who reads it."""
    return formats.date_format(timezone.localtime(moment), "D j M Y, H:i")


def _won(verb: str, item: QueueItem) -> str:
    names = {"account": item.called, "owner": item.owner or "", "closing": "", "moment": ""}
    if verb == "snooze":
        if item.snoozed_until is None:
            return _("%(account)s sleeps until a strong signal.") % names
        names["moment"] = moment_in_words(item.snoozed_until)
        return _("%(account)s sleeps until %(moment)s.") % names
    if verb == "release" and item.state == QueueItem.State.LEFT:
        return _("%(account)s left the queue: it no longer qualifies.") % names
    if verb in ("finish", "disqualify"):
        names["closing"] = reasons.label(cooling.closing_of(item))
    if verb == "give_back":
        names["closing"] = item.get_returned_to_display()
    return {
        "claim": _("Claimed %(account)s."),
        "release": _("Released %(account)s."),
        "wake": _("%(account)s is awake."),
        "finish": _("%(account)s is done: %(closing)s."),
        "disqualify": _("Disqualified %(account)s: %(closing)s."),
        "give_back": _("Returned %(account)s to %(closing)s."),
        "assign": _("%(account)s is with %(owner)s now."),
        "reopen": _("%(account)s is open again, and yours."),
        "undo": _("Undone: %(account)s is as it was."),
    }[verb] % names


def refused(verb: str, outcome: Outcome) -> str:
    """Why it was not done, and who did what instead."""
    item = outcome.item
    names = {
        "account": item.called,
        "owner": str(item.owner) if item.owner else _("Somebody else"),
        "closer": str(item.closed_by) if item.closed_by else _("Somebody"),
        "claimed": ago(item.claimed_at),
        "closed": ago(item.closed_at),
        "slept": ago(item.snoozed_at),
        "closing": reasons.label(closing) if (closing := cooling.closing_of(item)) else "",
        "moment": moment_in_words(item.snoozed_until) if item.snoozed_until else _("a strong signal"),
    }
    if outcome.reason == "closed" and item.state == QueueItem.State.RETURNED:
        names["closing"] = item.get_returned_to_display()
        return _("%(closer)s returned %(account)s to %(closing)s %(closed)s.") % names
    is_asleep = item.state == QueueItem.State.SNOOZED
    if outcome.reason == "taken" and is_asleep:
        return _("%(owner)s put %(account)s to sleep %(slept)s, until %(moment)s.") % names
    if outcome.reason == "taken" and item.owner is None:
        return _("%(account)s was given back meanwhile; nobody has it.") % names
    if outcome.reason == "not_owner" and is_asleep:
        return _("%(owner)s put %(account)s to sleep %(slept)s; only the owner or an admin can do that.") % names
    return {
        "taken": _("%(owner)s claimed %(account)s %(claimed)s."),
        "asleep": _("You put %(account)s to sleep %(slept)s, until %(moment)s."),
        "left": _("%(account)s left this queue %(closed)s."),
        "closed": _("%(closer)s closed %(account)s %(closed)s: %(closing)s."),
        "not_owner": _("%(owner)s claimed %(account)s %(claimed)s; only the owner or an admin can do that."),
        "not_claimed": _("Nobody has claimed %(account)s."),
        "not_asleep": _("%(account)s is awake already."),
        "not_closed": _("%(account)s is open."),
        "open": _("%(account)s has another open item in this queue: work that one."),
        "late": _("That was too long ago to be undone."),
        "undone": _("That was undone already."),
        "moved_on": _("Something else happened to %(account)s since: it cannot be undone any more."),
        "not_yours": _("Only who did it can undo it."),
        "opened_taken": _("The other team works on %(account)s already: it cannot be undone any more."),
    }[outcome.reason] % names


def until_in_words(until: dt.datetime | None, on_signal: bool) -> str:
    """Until when an item sleeps: `"until 3 March, or a strong signal"`."""
    if until is None:
        return _("until a strong signal")
    moment = formats.date_format(timezone.localtime(until), "D j M Y, H:i")
    if on_signal:
        return _("until %(moment)s, or a strong signal") % {"moment": moment}
    return _("until %(moment)s") % {"moment": moment}
