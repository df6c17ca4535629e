"""Usage that lives in the customer's own engine (`USAGE_URL`): features run there, one row an account comes back.

People, workspaces, memberships, event types and accounts are ours: the few columns that features need go along with each
query as temporary tables. Titles, names and e-mails stay here. The engine only ever reads the customer's table.

Full runs read the engine (`aggregates`). Its answer is kept (`kept`), so that accounts that change between two full runs are scored
with the usage of the last one and everything else as it is now: asking a warehouse every second would be slow and dear.

Everything that can go wrong with the engine, its table or its columns is a `WarehouseError` that names the setting.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import usage
from scoring import expressions
from scoring.expressions import Tables
from scoring.warehouse import engines, kept, ours, theirs
from scoring.warehouse.engines import WarehouseError

__all__ = [
    "WarehouseError",
    "aggregates",
    "can_score_changed",
    "check",
    "is_used",
    "learn_event_types",
    "with_kept_usage",
]

log = logging.getLogger(__name__)

#: Event names looked at in one go, the most frequent ones first.
MAX_NAMES = 20_000


def is_used() -> bool:
    """Whether usage lives in the customer's engine."""
    return bool(settings.USAGE_URL)


def check() -> None:
    """Connects, and looks at the table and its columns. Raises `WarehouseError`."""
    with engines.connected(settings.USAGE_URL) as engine:
        theirs.table(engine)


def learn_event_types(as_of: dt.date) -> int:
    """Makes an event type of every new name in the last nine weeks of the customer's table; returns how many.

    Call it before a full run and outside of its transaction: the loader waits for an event type that is being made.
    """
    with engines.connected(settings.USAGE_URL) as engine:
        events = theirs.event_names(theirs.table(engine), as_of=as_of, limit=MAX_NAMES)
        found = engine.answer(events).to_pylist()
    seen = {row["name"]: row for row in found if _is_a_name(row["name"])}
    if len(seen) < len(found):
        log.warning(
            "%d event names of USAGE_TABLE are too long or hold odd spaces; they do not count", len(found) - len(seen)
        )
    known = set(usage.EventType.objects.filter(name__in=seen).values_list("name", flat=True))
    new = [name for name in seen if name not in known]
    if not new:
        return 0
    try:
        types = _make(new)
    except IntegrityError:  # the loader met the same name just now
        types = _make(new)
    usage.note_event_types(
        {types[name].pk: (0, _midnight(seen[name]["first"]), _midnight(seen[name]["last"])) for name in new}
    )
    return len(new)


def aggregates(
    as_of: dt.date, account_ids: Collection[int] | None = None, *, between: tuple[int, int] | None = None
) -> dict[str, Any]:
    """What `features.derive` takes, computed in the customer's engine.

    Of all accounts, of the given ones, or `between` two ids, the second one excluded. An answer about all accounts today is
    kept for `with_kept_usage`. Raises `WarehouseError`.
    """
    read_at = timezone.now()
    with engines.connected(settings.USAGE_URL) as engine:
        rows = theirs.usage(theirs.table(engine), ours.names(engine), as_of=as_of)
        is_all = account_ids is None and between is None
        facts = ours.facts(engine, account_ids=account_ids, between=between)
        answer = engine.answer(expressions.of_accounts(as_of, Tables(usage=rows, all_accounts=is_all, **facts)))
    if is_all and as_of == read_at.date():
        kept.write(answer, read_at=read_at)
    return {name: answer[name].to_pylist() for name in answer.column_names}


def can_score_changed() -> bool:
    """Whether the usage of the last full run is at hand. Where it is not, changed accounts wait for the next one."""
    return kept.is_usable()


def with_kept_usage(in_postgresql: Mapping[str, Any]) -> dict[str, Any]:
    """The aggregates of some accounts in PostgreSQL, with usage as the last full run found it in the customer's engine."""
    return kept.laid_over(in_postgresql)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _is_a_name(name: str) -> bool:
    return 0 < len(name) <= 200 and name == " ".join(name.split())


@transaction.atomic
def _make(names: list[str]) -> dict[str, Any]:
    return usage.event_types(names)
