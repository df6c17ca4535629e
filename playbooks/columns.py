"""Which facts the rows of the queues and of the account list show, as each member chose.

Kept in one column as `list:fact`; `list:` alone says that the member chose for this list, be it nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Member
from playbooks.models import WorkSettings
from playbooks.refused import Refused

QUEUE, ACCOUNTS = "queue", "accounts"


@dataclass(frozen=True)
class Column:
    key: str
    label: str | Promise
    by_default: bool = True


KNOWN: dict[str, tuple[Column, ...]] = {
    QUEUE: (
        Column("why", _("Why now")),
        Column("people", _("Buyer and champion")),
        Column("signal", _("Last signal")),
        Column("step", _("First step")),
        Column("segment", _("Segment")),
        Column("age", _("Time in the queue")),
        Column("domain", _("Domain"), by_default=False),
        Column("tier", _("Tier"), by_default=False),
        Column("bucket", _("Bucket"), by_default=False),
        Column("touched", _("Last touched"), by_default=False),
        Column("due", _("Next step due"), by_default=False),
    ),
    ACCOUNTS: (
        Column("tier", _("Tier")),
        Column("segment", _("Segment")),
        Column("buyer", _("Buyer")),
        Column("active", _("Active people")),
        Column("last_use", _("Last use")),
        Column("bucket", _("Bucket"), by_default=False),
        Column("plan", _("Plan"), by_default=False),
        Column("since", _("Known since"), by_default=False),
        Column("qualified", _("In its tier since"), by_default=False),
    ),
}
DEFAULTS = {list_: frozenset(column.key for column in known if column.by_default) for list_, known in KNOWN.items()}


def shown(stored: Collection[str], list_: str) -> frozenset[str]:
    """The facts that a list shows by what is stored; what is no fact any more is left out."""
    if f"{list_}:" not in stored:
        return DEFAULTS[list_]
    return frozenset(column.key for column in KNOWN[list_] if f"{list_}:{column.key}" in stored)


def of(member: Member, list_: str) -> frozenset[str]:
    """One query."""
    stored = WorkSettings.objects.filter(pk=member.pk).values_list("columns", flat=True).first()
    return shown(stored or (), list_)


@transaction.atomic
def choose(*, member: Member, list_: str, keys: Collection[str] | None) -> frozenset[str]:
    """Keeps the facts that a list shows; none: the usual ones again. Raises `Refused` naming what is no fact."""
    known = {column.key for column in KNOWN[list_]}
    for key in keys or ():
        if key not in known:
            raise Refused("columns", str(_("“%(key)s” is no fact of this list.")) % {"key": key[:40]})
    WorkSettings.objects.get_or_create(member=member)
    row = WorkSettings.objects.select_for_update().only("columns").get(pk=member.pk)
    others = [key for key in row.columns if not key.startswith(f"{list_}:")]
    own = (
        []
        if keys is None
        else [f"{list_}:", *(f"{list_}:{column.key}" for column in KNOWN[list_] if column.key in keys)]
    )
    row.columns = others + own
    row.save(update_fields=["columns"])
    return shown(row.columns, list_)
