"""Takes what a person is known by out of every text of the database that may hold it, also in apps above this one.

Which tables and columns that are comes from the models, so that a new table is looked at without a word here. Of tables that
belong to accounts only the rows of the person's accounts are read; the others are small and read whole, for e-mails alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import CharField, Field, ForeignKey, JSONField, Model, TextField, UniqueConstraint

from accounts.erasing.needles import GONE, Needles, anywhere, pattern
from accounts.models import (
    Account,
    AuditEntry,
    Contact,
    EventType,
    HandRaise,
    Landing,
    Member,
    ProductUser,
    SetAside,
    Source,
    Usage,
    UserAlias,
)

APPS = ("accounts", "scoring", "playbooks")
#: What is erased by its own rule, names nobody, or may not be changed.
NOT_HERE: frozenset[type[Model]] = frozenset(
    {ProductUser, UserAlias, Landing, SetAside, AuditEntry, Member, Source, EventType, Usage}
)


@dataclass(frozen=True)
class Table:
    """`columns`: (name, kind: text, once (a text that no two rows share), array or json; longest text or 0). `paths`: SQL of the
    rows of accounts %(accounts)s and person %(users)s, by each way that leads there; empty: all rows, or those of `rest`.
    `key`: the column of its primary key."""

    name: str
    columns: tuple[tuple[str, str, int], ...]
    paths: tuple[str, ...]
    key: str
    rest: str = ""

    @property
    def where(self) -> str:
        """Each way by its own index: with them in one condition the whole table would be read."""
        if self.rest:
            return f"{self.rest} AND "
        found = " UNION ".join(f"SELECT {self.key} FROM {self.name} WHERE {path}" for path in self.paths)
        return f"{self.key} = ANY(ARRAY({found})) AND " if found else ""


@cache
def tables() -> tuple[Table, ...]:
    """Every table with texts that may name a person."""
    return tuple(_tables())


def _tables() -> Iterator[Table]:
    for model in apps.get_models():
        if model._meta.app_label not in APPS or model in NOT_HERE or model._meta.proxy or not model._meta.managed:
            continue
        once = {name for one in model._meta.constraints if isinstance(one, UniqueConstraint) for name in one.fields}
        columns = tuple(
            (column[0], "once" if field.name in once and column[1] == "text" else column[1], column[2])
            for field in model._meta.concrete_fields
            if (column := _column(field))
        )
        if columns:
            table = Table(model._meta.db_table, columns, tuple(_paths(model)), f'"{model._meta.pk.column}"')
            yield table
            if model is HandRaise:  # what was held back belongs to nobody, and may name anybody
                yield replace(table, paths=(), rest="account_id IS NULL AND user_id IS NULL")


def _column(field: Field[Any, Any]) -> tuple[str, str, int] | None:
    if field.choices or field.unique or field.primary_key:
        return None
    name = f'"{field.column}"'
    if isinstance(field, JSONField):
        return name, "json", 0
    if isinstance(field, ArrayField):
        base = field.base_field
        is_text = isinstance(base, CharField | TextField) and not base.choices
        return (name, "array", base.max_length or 0) if is_text else None
    if isinstance(field, CharField | TextField):
        return name, "text", field.max_length or 0 if isinstance(field, CharField) else 0
    return None


def _paths(model: type[Model]) -> list[str]:
    """How a row belongs to an account or a person: by itself, or by what it points at."""
    if model is Account:
        return ["id = ANY(%(accounts)s)"]
    found = []
    is_of_account = any(field.related_model is Account and not field.null for field in _keys(model))
    is_of_person = any(field.related_model in (Account, ProductUser) for field in _keys(model))
    for field in _keys(model):
        target = field.related_model
        if target is Account:
            found.append(f"{field.column} = ANY(%(accounts)s)")
            continue
        if target is ProductUser:
            found.append(f"{field.column} = ANY(%(users)s)")
        if target is model or (target in (ProductUser, Contact) and is_of_account):
            continue
        if target is Contact and not is_of_person:  # read whole: a contact may have no account
            continue
        inner = [one for one in _keys(target) if one.related_model is Account]
        table = target._meta.db_table
        found += [
            f"{field.column} IN (SELECT {target._meta.pk.column} FROM {table} WHERE {one.column} = ANY(%(accounts)s))"
            for one in inner
        ]
    return found


def _keys(model: Any) -> list[Any]:
    return [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]


def scrub(needles: Needles, *, account_ids: Collection[int], user_ids: Collection[int]) -> int:
    """Replaces it everywhere, in the caller's transaction; how many rows that were. One statement a table."""
    changed = 0
    said: dict[str, Any] = {"accounts": list(account_ids), "users": list(user_ids), "gone": GONE}
    with connection.cursor() as cursor:
        for table in tables():
            words = needles.at_home() if table.paths else needles.everywhere()
            if not words:
                continue
            said |= {"found": pattern(words), "perhaps": anywhere(words)}
            sets = ", ".join(f"{name} = {_replaced(name, kind, most, table.key)}" for name, kind, most in table.columns)
            # Most rows have nothing like it, which is told many times faster without looking at what stands around it.
            holds = " OR ".join(
                f"({_as_text(name, kind)} ~* %(perhaps)s AND {_as_text(name, kind)} ~* %(found)s)"
                for name, kind, _most in table.columns
            )
            cursor.execute(f"UPDATE {table.name} SET {sets} WHERE {table.where}({holds})", said)
            changed += cursor.rowcount
    return changed


def _as_text(name: str, kind: str) -> str:
    return name if kind in ("text", "once") else f"{name}::text"


def _replaced(name: str, kind: str, most: int, key: str) -> str:
    # Two people may be named in two rows that would be the same without them.
    gone = f"'[erased ' || {key} || ']'" if kind == "once" else "%(gone)s"

    def of(value: str) -> str:
        words = f"regexp_replace({value}, %(found)s, {gone}, 'gi')"
        return f"left({words}, {most})" if most else words

    if kind == "json":
        return f"{of(f'{name}::text')}::jsonb"
    if kind == "array":
        return f"ARRAY(SELECT {of('one')} FROM unnest({name}) AS one)"
    return of(name)
