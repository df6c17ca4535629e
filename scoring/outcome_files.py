"""Outcomes from files: CSV, NDJSON or Parquet with one outcome a row, as a CRM gives them out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction

from accounts import audit, domains, importing, moments
from accounts.models import Account, AccountDomain, Workspace
from scoring import outcomes
from scoring.outcomes import BadOutcome, NewOutcome

#: Any of the names of a column, the first that the file has.
ACCOUNT = ("domain", "account")
AT = ("at", "date", "won_at", "won_on", "timestamp")


@dataclass
class Imported:
    """Rows: `read` = `recorded` + `known` + `rejected`. `rejects` is the file with the reasons, if there are any."""

    read: int = 0
    recorded: int = 0
    known: int = 0
    rejected: int = 0
    unknown_accounts: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: Path | None = None


class Names:
    """Which account a file's word means: its domain, the id of one of its workspaces, or its exact name if only it has it."""

    def __init__(self) -> None:
        self.into = dict(Account.objects.values_list("pk", "merged_into_id"))
        self.by_domain = dict(AccountDomain.objects.values_list("domain", "account_id"))
        self.by_workspace = dict(Workspace.objects.exclude(account=None).values_list("external_id", "account_id"))
        names: dict[str, set[int]] = {}
        for pk, name in Account.objects.current().values_list("pk", "name"):
            names.setdefault(name.casefold(), set()).add(pk)
        self.by_name = {name: min(ids) for name, ids in names.items() if len(ids) == 1}

    def account(self, word: str) -> int | None:
        found = (
            self.by_domain.get(domains.registrable(word))
            or self.by_workspace.get(word)
            or self.by_name.get(word.casefold())
        )
        while found is not None and self.into[found] is not None:
            found = self.into[found]
        return found


def import_file(path: Path, *, kind: str, source: str, rejects: Path) -> Imported:
    """Keeps the outcomes of one file. A row's own `kind` and `note` count before the given kind.

    Rows that cannot be used are counted, and written to `rejects` with line and reason. Raises `importing.BadFile` before anything
    is kept.
    """
    columns = importing.columns_of(path)
    for wanted in (ACCOUNT, AT):
        if columns and not set(wanted) & set(columns):
            raise importing.BadFile(f"{path.name}: no column {' or '.join(wanted)}; the file has {', '.join(columns)}")
    result, names = Imported(), Names()
    taken: list[NewOutcome] = []
    bad: list[dict[str, Any]] = []
    for number, (row, error, _) in enumerate(importing.rows(path), start=1):
        result.read += 1
        try:
            if error or row is None:
                raise BadOutcome("row", error or "the row is empty")
            taken.append(_outcome(row, kind, source, names))
        except BadOutcome as problem:
            result.rejected += 1
            result.unknown_accounts += problem.reason.startswith("no account")
            result.reasons[f"bad_{problem.field}"] += 1
            bad.append(
                {"file": path.name, "row": number, "field": problem.field, "reason": problem.reason, "data": row}
            )
    if bad:
        rejects.parent.mkdir(parents=True, exist_ok=True)
        rejects.write_bytes(b"".join(msgspec.json.encode(line, enc_hook=str) + b"\n" for line in bad))
        result.rejects = rejects
    with transaction.atomic():
        result.recorded = outcomes.record_many(taken)
        result.known = len(taken) - result.recorded
        told: dict[str, Any] = {
            "recorded": result.recorded,
            "known": result.known,
            "rejected": result.rejected,
            "source": source,
        }
        audit.record("outcome.import", subject="outcomes", label=path.name, **told)
    return result


def _outcome(row: dict[str, Any], kind: str, source: str, names: Names) -> NewOutcome:
    word = _said(row, ACCOUNT)
    if not word:
        raise BadOutcome("account", "the row names none")
    account = names.account(word)
    if account is None:
        raise BadOutcome("account", f"no account has the domain, workspace or name {word[:100]!r}")
    said = _said(row, AT)
    at = moments.instant(said)
    if at is None:
        raise BadOutcome("at", f"{said[:40]!r} is not a time" if said else "the row has none")
    outcome = NewOutcome(account, _said(row, ("kind",)).lower() or kind, at, source, _said(row, ("note",))[:300])
    outcomes.check(outcome)
    return outcome


def _said(row: dict[str, Any], columns: tuple[str, ...]) -> str:
    value = next((row[name] for name in columns if row.get(name) not in (None, "")), "")
    return str(value.isoformat() if hasattr(value, "isoformat") else value).strip()
