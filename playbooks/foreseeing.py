"""What a correction would change: it is made, measured and rolled back, so that the preview is what will happen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.corrections.weighing import Weight, weigh
from accounts.models import Account, Correction
from playbooks import following
from playbooks.models import QueueItem
from scoring import before, definitions, warehouse
from scoring.models import BuyerState, Score, Segment, Tier
from scoring.scored import compute

#: How long a preview waits for the loader, which holds what a correction needs.
PATIENCE = "3s"


class Busy(Exception):
    """The loader is at work and did not end within `PATIENCE`."""


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

    `counts`: what moves. `is_rated`: whether scores after were computed; they are not while usage lies in a warehouse.
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
            after = _sides(ids, today, gone=ids[0] if is_gone else None)
            rated = _rated_after([ids[1]] if is_gone else ids, today)
            counts = dict(correction.kept["counts"])
            transaction.set_rollback(True)
    except OperationalError as error:
        raise Busy from error
    known = ids[:1] if correction.kind == Correction.Kind.SPLIT else ids
    sides = _sides(known, today, rated=_rated(known))
    for id_, now in (rated or {}).items():
        after[id_] = replace(after[id_], rated=now)
    open_before = sum(len(side.places) for side in sides.values())
    open_after = sum(len(side.places) for side in after.values())
    return Foreseen(
        away=sides[ids[0]],
        into=sides.get(ids[1]),
        away_after=after[ids[0]],
        into_after=after[ids[1]],
        counts=counts,
        leaving=open_before - open_after,
        is_rated=rated is not None,
    )


def _sides(
    ids: list[int], today: dt.date, *, gone: int | None = None, rated: dict[int, Rated] | None = None
) -> dict[int, Side]:
    places: dict[int, list[Place]] = {}
    rows = QueueItem.objects.filter(account__in=ids, state__in=following.OPEN).select_related("owner", "workspace")
    for item in rows.order_by("motion", "pk"):
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
            rated=(rated or {}).get(account.pk, Rated()),
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


def _rated_after(ids: list[int], today: dt.date) -> dict[int, Rated] | None:
    """By the definition in force, as the scorer will do within seconds."""
    if warehouse.is_used():
        return None
    scored = compute(
        as_of=today, definition=definitions.published(), account_ids=ids, tiers_before=before.read(ids).tiers
    )
    return {
        int(id_): _told(scored.score(row), scored.tier(row), str(scored.segment[row]), str(scored.buyer_state[row]))
        for row, id_ in enumerate(scored.account_id)
    }


def _told(score: int | None, tier: str, segment: str, buyer: str) -> Rated:
    label = str(Tier(tier).label) if score is not None else ""
    return Rated(score, tier, label, str(Segment(segment).label), str(BuyerState(buyer).label))
