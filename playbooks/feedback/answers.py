"""What reps answer about an account: was it worth the time? One answer an item, with what the engine said of the account then.

Score, segment, features and effects are frozen with the answer, so that it can be held against a definition long after the account
has changed.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Member
from playbooks import spaces
from playbooks.models import Answer, QueueItem, QueueItemEvent, Reason, Touch
from playbooks.refused import Refused

#: An answer may be given anew for so long.
REPLACEABLE = dt.timedelta(days=1)
WORDS_LENGTH = 500
#: By rule or by the clock: an item is not worked by them.
_NO_WORK = (QueueItemEvent.Verb.ENTERED, QueueItemEvent.Verb.UNDONE)


@transaction.atomic
def give(*, item_id: int, member: Member, verdict: str, reason: str = "", words: str = "") -> Answer:
    """Writes down the answer about an item; within a day, another one of the same member takes its place.

    A good account has no reason: one that is given is left out. Raises `QueueItem.DoesNotExist`, `PermissionDenied` when the member
    does not work this motion, and `Refused` naming the field; also for who has not worked the item, which admins need not have.
    """
    item = QueueItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if not access.can(member, "work", item):
        raise PermissionDenied
    words = words.strip()
    _check(verdict, reason, words)
    now, is_admin = timezone.now(), access.can(member, "administer")
    given = Answer.objects.filter(item=item).select_related("member").first()
    if given is not None and given.at < now - REPLACEABLE:
        raise Refused("verdict", _("An answer can be changed for a day; this one is older."))
    if given is not None and given.member_id not in (None, member.pk) and not is_admin:
        raise Refused("verdict", _("%(member)s has answered already.") % {"member": given.member})
    if not is_admin and not has_worked(item, member):
        raise Refused("verdict", _("Only who has worked this account can answer. Claim it first."))
    said: dict[str, Any] = {
        "account_id": item.account_id,
        "motion": item.motion,
        "member": member,
        "verdict": verdict,
        "reason": "" if verdict == Answer.Verdict.GOOD else reason,
        "words": words,
        "is_audit": item.is_audit,
    }
    if given is None:  # what the rep looked at stays that of the first answer
        said |= {"at": now, **_engine(item)}
    answer, _created = Answer.objects.update_or_create(item=item, defaults=said)
    return answer


def of_item(item_id: int) -> Answer | None:
    return Answer.objects.filter(item=item_id).select_related("member").first()


def has_worked(item: QueueItem, member: Member) -> bool:
    """Whether the member has or closed the item, did something with it, or touched the account in it. At most two queries."""
    if member.pk in (item.owner_id, item.closed_by_id):
        return True
    acted = QueueItemEvent.objects.filter(item=item, actor=member, undone_at=None).exclude(verb__in=_NO_WORK)
    return acted.exists() or Touch.objects.filter(item=item, member=member, removed_at=None).exists()


def _check(verdict: str, reason: str, words: str) -> None:
    if verdict not in Answer.Verdict.values:
        raise Refused("verdict", _("Choose good, not now or wrong."))
    if reason and reason not in Reason.values:
        raise Refused("reason", _("Choose a reason of the list."))
    if len(words) > WORDS_LENGTH:
        raise Refused("words", _("At most %(n)d characters.") % {"n": WORDS_LENGTH})
    if "\x00" in words:
        raise Refused("words", _("Holds a character that cannot be stored."))


def _engine(item: QueueItem) -> dict[str, Any]:
    """What the engine says now of the account, or of the workspace. Without a score any more: what the item last showed."""
    score = spaces.rated(item)
    if score is None:
        names = ("score", "tier", "segment", "buyer_state")
        return {name: getattr(item, name) for name in names}
    return {
        "definition_id": score.definition_id,
        "score": score.score,
        "tier": score.tier,
        "segment": score.segment,
        "buyer_state": score.buyer_state,
        "feature_values": score.feature_values,
        "effects": score.effects,
    }
