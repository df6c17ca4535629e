"""The audit log: who changed what of identities and settings. Rows are only ever added."""

from __future__ import annotations

from typing import Any

from accounts.models import AuditEntry, Member

#: What acts without a member.
SYSTEM = "plsapp"
PAGE, API, MESSAGE, BY_ITSELF = "page", "api", "message", "system"


def record(
    action: str,
    *,
    by: Member | None,
    subject: str,
    subject_id: int | None = None,
    label: str = "",
    way: str = PAGE,
    **detail: Any,
) -> AuditEntry:
    """Notes one change in the caller's transaction: it stands if and only if the change does.

    `action` is noun.verb (`account.merge`). `detail` is JSON of what was before and after. Name no product user in `label` or
    `detail`: an erased person must leave no name.
    """
    return AuditEntry.objects.create(
        by=by,
        by_name=str(by)[:200] if by is not None else SYSTEM,
        action=action,
        subject=subject,
        subject_id=subject_id,
        label=label[:200],
        detail=detail,
        way=way,
    )
