"""Accounts that nothing speaks for any more: a domain that was stated or used once, and that nobody states or uses now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.ladder import links
from accounts.models import Account, AccountChange, AccountDomain, MergeSuggestion, Workspace

#: An account that came up just now may get its people with the next message.
AFTER = dt.timedelta(days=1)
#: Accounts of one night: each leaves an entry in the audit log.
MOST = 5_000
#: What an account has by itself. So has it the tables that are not checked by a foreign key: they are worked out from it.
_ITS_OWN = (AccountDomain, AccountChange, MergeSuggestion)


@transaction.atomic
def forget_empty(*, most: int = MOST) -> int:
    """Forgets accounts that messages made and that have no people, workspaces, contacts, items or history; how many.

    Whatever points at an account keeps it, also in apps above this one. Its domain makes an account anew when it comes up again.
    """
    from accounts.loading import LOCK as LOADER

    found = list(_empty().values_list("pk", flat=True)[:most])
    if not found:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOADER])
    empty = list(_empty().filter(pk__in=found).prefetch_related("domains"))
    stated = _stated({one.domain for account in empty for one in account.domains.all()})
    gone = [account for account in empty if not any(one.domain in stated for one in account.domains.all())]
    for account in gone:
        audit.record("account.forget", subject="account", subject_id=account.pk, label=account.name_to_log)
    Account.objects.filter(pk__in=[account.pk for account in gone]).delete()
    return len(gone)


def _empty() -> QuerySet[Account]:
    rows = Account.objects.filter(merged_into=None, source="", created_at__lt=timezone.now() - AFTER)
    given = AccountDomain.objects.filter(account=OuterRef("pk")).exclude(source__in=links.LOOSE)
    rows = rows.exclude(Exists(given))
    for relation in Account._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel):
            field, model = relation.field, relation.related_model
            if field.db_constraint and model not in _ITS_OWN:  # type: ignore[attr-defined]
                rows = rows.exclude(Exists(model._base_manager.filter(**{field.name: OuterRef("pk")})))
    return rows.order_by("pk")


def _stated(domain_names: Iterable[str]) -> set[str]:
    """Those that a workspace states, wherever it stands."""
    wanted = set(domain_names)
    rows = Workspace.objects.filter(Q(domain__in=wanted) | Q(further_domains__overlap=list(wanted)))
    return {
        domain for main, further in rows.values_list("domain", "further_domains") for domain in (main, *further)
    } & wanted
