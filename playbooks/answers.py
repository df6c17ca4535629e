"""What reps answer about an account: was it worth the time? One answer an item, with what the engine said of the account then."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Member
from playbooks.models import Answer, QueueItem, Reason
from playbooks.refused import Refused
from scoring.models import Score

#: An answer may be given anew for so long.
REPLACEABLE = dt.timedelta(days=1)
WORDS_LENGTH = 500


@transaction.atomic
def give(*, item_id: int, member: Member, verdict: str, reason: str = "", words: str = "") -> Answer:
    """Writes down the answer about an item; within a day, another one takes its place.

    Raises `QueueItem.DoesNotExist`, `PermissionDenied` when the member does not work this motion, and `Refused` naming the field.
    """
    item = QueueItem.objects.select_for_update(of=("self",)).get(pk=item_id)
    if not access.can(member, "work", item):
        raise PermissionDenied
    words = words.strip()
    if verdict not in Answer.Verdict.values:
        raise Refused("verdict", _("Choose good, not now or wrong."))
    if reason and reason not in Reason.values:
        raise Refused("reason", _("Choose a reason of the list."))
    if len(words) > WORDS_LENGTH:
        raise Refused("words", _("At most %(n)d characters.") % {"n": WORDS_LENGTH})
    if "\x00" in words:
        raise Refused("words", _("Holds a character that cannot be stored."))
    now = timezone.now()
    given = of_item(item_id)
    if given is not None and given.at < now - REPLACEABLE:
        raise Refused("verdict", _("An answer can be changed for a day; this one is older."))
    score = Score.objects.filter(pk=item.account_id).first()
    said = {"account_id": item.account_id, "motion": item.motion, "member": member, "verdict": verdict}
    said |= {"reason": reason, "words": words, "is_audit": item.is_audit}
    # The engine's words are those of the first answer: what the rep looked at.
    said |= {} if given else {"at": now} | (_engine(score) if score else {})
    answer, _created = Answer.objects.update_or_create(item=item, defaults=said)
    return answer


def of_item(item_id: int) -> Answer | None:
    return Answer.objects.filter(item=item_id).first()


def _engine(score: Score) -> dict[str, object]:
    return {
        "definition_id": score.definition_id,
        "score": score.score,
        "tier": score.tier,
        "segment": score.segment,
        "buyer_state": score.buyer_state,
        "feature_values": score.feature_values,
        "effects": score.effects,
    }
