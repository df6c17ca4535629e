"""The lead guard: nothing that is a bare sign-up ever reaches sales. The rule is `routing.is_bare_sign_up`; here it is counted.

The count must be zero. It is taken from the tables as they are, not from what routing believes, so that a way into sales' queue
that goes around routing shows. Not counted is what routing has still to see (scored again a moment ago), what it has marked for
its owner as no longer qualifying, and what a member of another team handed over by hand: that was a person's decision.
"""

from __future__ import annotations

import time

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from playbooks import queue, routing
from playbooks.models import Motion, QueueItem
from scoring.breakdown import PLACES
from scoring.models import Score, ScoredAccount, WorkspaceScore

#: For how long a process shows the count again without asking.
SECONDS = 60.0
_known: dict[str, tuple[float, int]] = {}


def bare(path: str = "") -> Q:
    """`routing.is_bare_sign_up` as a condition on `Score`, or on what leads there by `path`."""
    people, days = (f"{path}feature_values__{PLACES[key]}" for key in ("active_users_28", "weekly_active_days"))
    few = Q(**{f"{people}__lte": float(routing.ONE_PERSON), f"{days}__lte": routing.ONE_DAY})
    return Q(**{f"{path}score__isnull": True}) | few


def in_sales() -> QuerySet[QueueItem]:
    """The bare sign-ups in sales' queue: none."""
    scores = Score.objects.filter(bare(), account=OuterRef("account"), hand_raised_at=None)
    spaces = WorkspaceScore.objects.filter(bare(), workspace=OuterRef("workspace"))
    return QueueItem.objects.open().filter(
        Q(Exists(scores), workspace=None) | Exists(spaces),
        ~Exists(ScoredAccount.objects.filter(account=OuterRef("account"))),
        motion=Motion.SALES,
        hand_raised_at=None,
        mark="",
        returned_from="",
    )


def count() -> int:
    """How many there are now. One query over sales' open items."""
    return in_sales().count()


def count_lately() -> int:
    """The same, at most a minute old: for pages that are drawn often."""
    database, now = str(connection.settings_dict["NAME"]), time.monotonic()
    until, known = _known.get(database, (0.0, 0))
    if now >= until:
        known = count()
        _known[database] = (now + SECONDS, known)
    return known


def held() -> int:
    """Accounts that the table in force would give to sales, were they not bare sign-ups."""
    cells = [
        Q(tier=tier, buyer_state=buyer, segment=segment)
        for (tier, buyer, segment), cell in queue.table().items()
        if cell.motion == Motion.SALES
    ]
    if not cells:
        return 0
    where = cells[0]
    for cell in cells[1:]:
        where |= cell
    return Score.objects.filter(where, bare(), hand_raised_at=None, account__merged_into=None).count()


def forget() -> None:
    _known.clear()
