"""The audit log: who changed what of identities and settings. Rows are only ever added."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from accounts.models import AuditEntry, Member

#: What acts without a member.
SYSTEM = "plsapp"
PAGE, API, MESSAGE, BY_ITSELF = "page", "api", "message", "system"

#: Whose e-mails are no product users'.
MEMBER = "member"
_MAIL = re.compile(r"[^\s@<>\"'(),;:=&?/]+(?:@|%40)[^\s@<>\"'(),;:=&?/]+")

type _Doing = tuple[Callable[[], Member | None], str]
_doing: ContextVar[_Doing | None] = ContextVar("audit_doing", default=None)


@contextmanager
def done_by(who: Callable[[], Member | None], way: str) -> Iterator[None]:
    """What is recorded meanwhile without naming anybody is done by this member, in this way: a verb notes what it does, and need
    not be told who acts. `who` is asked only when something is recorded."""
    token = _doing.set((who, way))
    try:
        yield
    finally:
        _doing.reset(token)


def actor() -> Member | None:
    """Who acts; none outside of a request, as in a job."""
    doing = _doing.get()
    return doing[0]() if doing else None


def _way() -> str:
    doing = _doing.get()
    return doing[1] if doing else BY_ITSELF


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ, as `record` keeps them: `{"before": {…}, "after": {…}}`; empty when nothing does."""
    fields = [name for name in after if before.get(name) != after[name]]
    if not fields:
        return {}
    return {"before": {name: before.get(name) for name in fields}, "after": {name: after[name] for name in fields}}


def record(
    action: str,
    *,
    by: Member | None = None,
    subject: str,
    subject_id: int | None = None,
    label: str = "",
    way: str = "",
    **detail: Any,
) -> AuditEntry:
    """Notes one change in the caller's transaction: it stands if and only if the change does.

    `action` is noun.verb (`account.merge`). `detail` is JSON of what was before and after. Name no product user in `label` or
    `detail`: an erased person must leave no name. E-mails are kept of members alone. Without `by` and `way` they are those of the
    request that is served.
    """
    by = by or actor()
    return AuditEntry.objects.create(
        by=by,
        by_name=str(by)[:200] if by is not None else SYSTEM,
        action=action,
        subject=subject,
        subject_id=subject_id,
        label=(label if subject == MEMBER else _without_mails(label))[:200],
        detail=_plain(detail) if subject == MEMBER else _without_mails(_plain(detail)),
        way=way or (_way() if _doing.get() or by is None else PAGE),
    )


def _without_mails(value: Any) -> Any:
    """The same with `[e-mail]` where one stood, also in the id of a workspace or in the address of a view."""
    if isinstance(value, dict):
        return {_without_mails(name): _without_mails(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_mails(one) for one in value]
    return _MAIL.sub("[e-mail]", value) if isinstance(value, str) and ("@" in value or "%40" in value) else value


def _plain(detail: Any) -> Any:
    """The same in what JSON has: days, times and choices as text."""
    if isinstance(detail, Mapping):
        return {str(name): _plain(value) for name, value in detail.items()}
    if isinstance(detail, list | tuple | set | frozenset):
        return [_plain(value) for value in detail]
    return detail if detail is None or isinstance(detail, bool | int | float) else str(detail)
