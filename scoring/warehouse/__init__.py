"""Usage that lives in the customer's own engine (`USAGE_URL`): features run there, one row an account comes back.

People, workspaces, memberships, event types and accounts are ours: the few columns that features need go along with each
query as temporary tables. Titles, names and e-mails stay here. The engine only ever reads the customer's table.

A full run begins with `refresh`: the engine is asked once for the usage of all accounts, and its answer is kept (`kept`). From then
on, features of today are the people of PostgreSQL as they are now with the kept usage laid over. So no lock is held while a
warehouse works, and an account that changes between two full runs is scored within seconds, without asking the warehouse again.

Everything that can go wrong with the engine, its table or its columns is a `WarehouseError` that names the setting.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow as pa
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import usage
from scoring import expressions
from scoring.expressions import Tables
from scoring.warehouse import engines, kept, ours, theirs
from scoring.warehouse.engines import Engine, WarehouseError
from scoring.warehouse.theirs import CustomersTable

__all__ = ["WarehouseError", "aggregates", "check", "is_used", "keeps", "refresh", "with_kept_usage"]

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


def refresh(as_of: dt.date) -> int:
    """Asks the engine for the usage of all accounts as of the day, and keeps it; returns how many accounts have any.

    New event names become event types first. Call it before a full run and outside of its transaction: the loader waits for an
    event type that is being made. Raises `WarehouseError`; what was kept before stays then.
    """
    read_at = timezone.now()
    with engines.connected(settings.USAGE_URL) as engine:
        table = theirs.table(engine)
        _learn_event_types(engine, table, as_of)
        answer = _answer(engine, table, as_of)
    return kept.write(answer, read_at=read_at)


def aggregates(
    as_of: dt.date, account_ids: Collection[int] | None = None, *, between: tuple[int, int] | None = None
) -> dict[str, Any]:
    """What `features.derive` takes, computed in the customer's engine: of any day, and nothing is kept.

    Of all accounts, of the given ones, or `between` two ids, the second one excluded. Raises `WarehouseError`.
    """
    with engines.connected(settings.USAGE_URL) as engine:
        answer = _answer(engine, theirs.table(engine), as_of, account_ids=account_ids, between=between)
    return {name: answer[name].to_numpy() for name in answer.column_names}


def keeps(as_of: dt.date) -> bool:
    """Whether `with_kept_usage` can answer: only about today, and only with the usage of the last full run."""
    return as_of == timezone.now().date() and kept.is_usable()


def with_kept_usage(in_postgresql: Mapping[str, Any]) -> dict[str, Any]:
    """The aggregates of some accounts in PostgreSQL, with usage as the last full run found it in the customer's engine."""
    return kept.laid_over(in_postgresql)


def _answer(
    engine: Engine,
    table: CustomersTable,
    as_of: dt.date,
    *,
    account_ids: Collection[int] | None = None,
    between: tuple[int, int] | None = None,
) -> pa.Table:
    facts = ours.facts(engine, account_ids=account_ids, between=between)
    with engine.read_once(theirs.usage(table, ours.names(engine), as_of=as_of)) as usage_rows:
        is_all = account_ids is None and between is None
        tables = Tables(usage=usage_rows, all_accounts=is_all, **facts)
        return engine.answer(expressions.of_accounts(as_of, tables))


def _learn_event_types(engine: Engine, table: CustomersTable, as_of: dt.date) -> None:
    found = engine.answer(theirs.event_names(table, as_of=as_of, limit=MAX_NAMES)).to_pylist()
    seen = {row["name"]: row for row in found if _is_a_name(row["name"])}
    if odd := len(found) - len(seen):
        log.warning("%d event names of USAGE_TABLE are too long or hold odd spaces; they do not count", odd)
    known = set(usage.EventType.objects.filter(name__in=seen).values_list("name", flat=True))
    new = [name for name in seen if name not in known]
    if not new:
        return
    try:
        types = _make(new)
    except IntegrityError:  # the loader met the same name just now
        types = _make(new)
    usage.note_event_types(
        {types[name].pk: (0, _midnight(seen[name]["first"]), _midnight(seen[name]["last"])) for name in new}
    )


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


def _is_a_name(name: str) -> bool:
    return 0 < len(name) <= 200 and name == " ".join(name.split())


@transaction.atomic
def _make(names: list[str]) -> dict[str, Any]:
    return usage.event_types(names)
