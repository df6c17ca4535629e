"""The contacts of accounts. Their role in a purchase is somebody's word, or follows from the title; it counts in the buyer state.

Whoever has signed up since counts as the person of the product that they are.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Max, QuerySet

from accounts.models import BuyingRole, Contact

#: What a member's word is worth: thought to have the role, or known to.
LIKELY, CONFIRMED = 0.6, 0.9


def of_account(account_id: int) -> QuerySet[Contact]:
    """Buyers first, then the others by how sure their role is; without those that were taken away or use the product."""
    rows = Contact.objects.filter(account=account_id, removed_at=None, user=None).select_related("added_by")
    return rows.order_by("-buying_confidence", "name", "email")


def buyers(account_ids: Collection[int] | None = None, *, until: dt.datetime | None = None) -> dict[int, float]:
    """account → how sure its best economic buyer among contacts is; of these accounts, or of all. One query.

    `until`: as far as they were known then.
    """
    rows = _economic(account_ids)
    if until is not None:
        rows = rows.filter(created_at__lt=until)
    return dict(rows.order_by().values_list("account").annotate(best=Max("buying_confidence")))


def buyer_ids(account_ids: Collection[int]) -> dict[int, tuple[int, float]]:
    """account → the contact who is its likeliest economic buyer, and how sure that is. One query."""
    rows = _economic(account_ids).order_by("account", "-buying_confidence", "-pk").distinct("account")
    return {account: (pk, sure) for account, pk, sure in rows.values_list("account", "pk", "buying_confidence")}


def _economic(account_ids: Collection[int] | None) -> QuerySet[Contact]:
    rows = Contact.objects.filter(
        buying_role=BuyingRole.ECONOMIC_BUYER,
        buying_confidence__gte=LIKELY,
        removed_at=None,
        user=None,
        account__isnull=False,
    )
    return rows if account_ids is None else rows.filter(account__in=account_ids)
