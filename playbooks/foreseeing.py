"""What a correction would change: it is made, scored, routed, measured and rolled back, so that the preview is what will happen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.corrections.weighing import Weight, weigh
from accounts.models import Account, Correction
from playbooks import following, queue
from playbooks.models import QueueItem
from scoring import runs, warehouse
from scoring.models import BuyerState, Score, Segment, Tier
from scoring.progress import Overtaken

#: How long a preview waits for the loader, which holds what a correction needs, and for who scores or routes these accounts.
PATIENCE = "3s"


class Busy(Exception):
    """Somebody was at work on what a correction needs and did not end within `PATIENCE`."""


@dataclass(frozen=True)
class Place:
    """An account's open item in a queue; `owner` is empty when nobody has it."""

    motion: str
    state: str
    owner: str


@dataclass(frozen=True)
class Rated:
    """The engine's word on an account; `score` is none without enough usage."""

    score: int | None = None
    tier: str = ""
    tier_label: str = ""
    segment: str = ""
    buyer: str = ""


@dataclass(frozen=True)
class Side:
    """One account at one moment. `is_gone`: it was merged away and is only an address."""

    id: int
    name: str
    weight: Weight
    rated: Rated
    places: tuple[Place, ...]
    is_gone: bool = False


@dataclass(frozen=True)
class Foreseen:
    """Both accounts before and after. `away` is none before for nobody; `into` is none before when a split makes it.

    `counts`: what moves. `leaving`: open items that give way to another one. `is_rated`: whether both were scored and routed after
    it; they are not while usage lies in a warehouse.
    """

    away: Side
    into: Side | None
    away_after: Side
    into_after: Side
    counts: dict[str, int]
    leaving: int
    is_rated: bool

    @property
    def leaves_nothing(self) -> bool:
        return not self.away_after.is_gone and self.away_after.weight.is_nothing


def foresee(verb: Callable[..., Correction], **said: Any) -> Foreseen:
    """What this verb of `accounts.corrections` with these words would do. Raises what the verb raises, and `Busy`."""
    today = timezone.now().date()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            correction = verb(**said)
            following.catch_up()
            ids = [correction.from_account_id, correction.to_account_id]
            is_gone = correction.kind == Correction.Kind.MERGE
            open_after = len(_open(ids))
            is_rated = _score_and_route(ids)
            rated = _rated(ids) if is_rated else {}
            after = _sides(ids, today, gone=ids[0] if is_gone else None, rated=rated)
            counts = dict(correction.kept["counts"])
            transaction.set_rollback(True)
    except (OperationalError, Overtaken) as error:
        raise Busy from error
    known = ids[:1] if correction.kind == Correction.Kind.SPLIT else ids
    sides = _sides(known, today, rated=_rated(known))
    return Foreseen(
        away=sides[ids[0]],
        into=sides.get(ids[1]),
        away_after=after[ids[0]],
        into_after=after[ids[1]],
        counts=counts,
        leaving=sum(len(side.places) for side in sides.values()) - open_after,
        is_rated=is_rated,
    )


def _score_and_route(ids: list[int]) -> bool:
    """As scorer and router will do within seconds, in the transaction that is rolled back; false with a warehouse."""
    if warehouse.is_used():
        return False
    runs.score(runs.begin("changed"), account_ids=ids)
    queue.route_accounts(ids)
    return True


def _open(ids: list[int]) -> list[QueueItem]:
    rows = QueueItem.objects.filter(account__in=ids, state__in=following.OPEN).select_related("owner", "workspace")
    return list(rows.order_by("motion", "pk"))


def _sides(ids: list[int], today: dt.date, *, rated: dict[int, Rated], gone: int | None = None) -> dict[int, Side]:
    places: dict[int, list[Place]] = {}
    for item in _open(ids):
        label = str(item.get_motion_display())
        if item.workspace is not None:
            label = f"{label}: {item.workspace}"
        owner = str(item.owner) if item.owner is not None else ""
        places.setdefault(item.account_id, []).append(Place(label, str(item.get_state_display()), owner))
    return {
        account.pk: Side(
            id=account.pk,
            name=account.name,
            weight=weigh(account.pk, today=today),
            rated=rated.get(account.pk, Rated()),
            places=tuple(places.get(account.pk, ())),
            is_gone=account.pk == gone,
        )
        for account in Account.objects.filter(pk__in=ids)
    }


def _rated(ids: list[int]) -> dict[int, Rated]:
    return {
        score.account_id: _told(score.score, score.tier, score.segment, score.buyer_state)
        for score in Score.objects.filter(account__in=ids).defer("feature_values", "effects")
    }


def _told(score: int | None, tier: str, segment: str, buyer: str) -> Rated:
    label = str(Tier(tier).label) if score is not None else ""
    return Rated(score, tier, label, str(Segment(segment).label), str(BuyerState(buyer).label))
