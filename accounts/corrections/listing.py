"""Corrections and likely merges as lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.corrections.refusing import Refused
from accounts.models import Account, Correction, Member, MergeSuggestion

STATES = ("standing", "undone")


@dataclass(frozen=True)
class CorrectionFilter:
    """What an address asks of the list. `errors` name the fields that were not understood; they filter nothing."""

    kind: str = ""
    state: str = ""
    member: int | None = None
    account: int | None = None
    q: str = ""
    errors: tuple[str, ...] = ()

    @classmethod
    def read(cls, said: Mapping[str, str]) -> CorrectionFilter:
        errors: list[str] = []

        def choice(name: str, known: Any) -> str:
            value = said.get(name, "")
            if value and value not in known:
                errors.append(_("%(field)s: %(value)s is not known.") % {"field": name, "value": value[:40]})
                return ""
            return value

        def number(name: str) -> int | None:
            value = said.get(name, "")
            if not value:
                return None
            if value.isascii() and value.isdigit() and len(value) < 19:
                return int(value)
            errors.append(_("%(field)s: %(value)s is not a number.") % {"field": name, "value": value[:40]})
            return None

        return cls(
            kind=choice("kind", Correction.Kind.values),
            state=choice("state", STATES),
            member=number("member"),
            account=number("account"),
            q=said.get("q", "").replace("\x00", "").strip()[:100],
            errors=tuple(errors),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.kind or self.state or self.member or self.account or self.q)

    @property
    def query(self) -> str:
        said = {"kind": self.kind, "state": self.state, "member": self.member, "account": self.account, "q": self.q}
        said = {name: value for name, value in said.items() if value}
        return f"?{urlencode(said)}" if said else ""

    def rows(self) -> QuerySet[Correction]:
        """The newest first, without the lists of ids. `counts`: what each moved."""
        rows = Correction.objects.defer("people", "workspaces", "contacts", "kept").annotate(counts=F("kept__counts"))
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.state:
            rows = rows.filter(undone_at__isnull=self.state == "standing")
        if self.member:
            rows = rows.filter(Q(made_by=self.member) | Q(undone_by=self.member))
        if self.account:
            rows = rows.filter(Q(from_account=self.account) | Q(to_account=self.account))
        if self.q:
            said = Q(name__icontains=self.q) | Q(domain__icontains=self.q)
            named = Account.objects.filter(said).values("pk")
            rows = rows.filter(
                Q(from_account__in=named) | Q(to_account__in=named) | Q(domains__contains=[self.q.lower()])
            )
        return rows.select_related("from_account", "to_account", "made_by", "undone_by").order_by("-made_at", "-pk")


def suggestions(*, dismissed: bool = False) -> QuerySet[MergeSuggestion]:
    """Likely merges of accounts that are both there, the likeliest first."""
    rows = MergeSuggestion.objects.filter(
        correction=None, dismissed_at__isnull=not dismissed, account__merged_into=None, into__merged_into=None
    )
    return rows.select_related("account", "into", "dismissed_by").order_by("-score", "pk")


@transaction.atomic
def dismiss(*, suggestion_id: int, member: Member | None, way: str = "") -> MergeSuggestion:
    """These two are not the same company. Raises `MergeSuggestion.DoesNotExist`; twice is once."""
    found = _locked(suggestion_id)
    if found.dismissed_at is None:
        found.dismissed_at, found.dismissed_by = timezone.now(), member
        found.save(update_fields=["dismissed_at", "dismissed_by"])
        _tell("account.not_the_same", found, member, way)
    return found


@transaction.atomic
def put_back(*, suggestion_id: int, member: Member | None, way: str = "") -> MergeSuggestion:
    """The undo of `dismiss`."""
    found = _locked(suggestion_id)
    if found.correction_id is not None:
        raise Refused("suggestion", _("They were merged already."))
    if found.dismissed_at is not None:
        found.dismissed_at = found.dismissed_by = None
        found.save(update_fields=["dismissed_at", "dismissed_by"])
        _tell("account.perhaps_the_same", found, member, way)
    return found


def _locked(suggestion_id: int) -> MergeSuggestion:
    rows = MergeSuggestion.objects.select_for_update(of=("self",)).select_related("account", "into")
    return rows.get(pk=suggestion_id)


def _tell(action: str, one: MergeSuggestion, member: Member | None, way: str) -> None:
    audit.record(
        action,
        by=member,
        subject="account",
        subject_id=one.into_id,
        label=one.into.name_to_log,
        way=way,
        account=one.account_id,
        account_name=one.account.name_to_log,
    )
