"""What stands in the way of a correction, and the locks that every correction holds."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import Account


class Refused(Exception):
    """Nothing was changed: `words` say what is wrong with `field`. `first`: the correction that has to be undone before."""

    def __init__(self, field: str, words: str, *, first: int | None = None) -> None:
        super().__init__(words)
        self.field, self.words, self.first = field, words, first


def hold_loader() -> None:
    """Takes the loader's lock until the transaction ends: a batch in work has read accounts, and would write them back."""
    from accounts.loading import LOCK

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def living(*, account: int | None = None, into: int | None = None) -> dict[int, Account]:
    """The accounts, locked, by id. Raises `Refused` naming the field for one that is not there or was merged away."""
    wanted = {field: id_ for field, id_ in (("account", account), ("into", into)) if id_ is not None}
    rows = Account.objects.select_for_update(of=("self",)).select_related("merged_into")
    found = {one.pk: one for one in rows.filter(pk__in=wanted.values()).order_by("pk")}
    for field, id_ in wanted.items():
        one = found.get(id_)
        if one is None:
            raise Refused(field, _("There is no account %(id)d.") % {"id": id_})
        if one.merged_into is not None:
            names = {"name": one.name, "into": one.merged_into.name}
            words = _("%(name)s was merged into %(into)s already. Choose %(into)s, or undo that merge first.")
            raise Refused(field, words % names)
    if account is not None and account == into:
        raise Refused("into", _("That is the same account: choose another one."))
    return found


def lives_at(account: Account) -> Account:
    """Where this account's things are now: itself, or what it was merged into, by whomever."""
    seen = {account.pk}
    while account.merged_into_id is not None and account.merged_into_id not in seen:
        account = Account.objects.get(pk=account.merged_into_id)
        seen.add(account.pk)
    return account
