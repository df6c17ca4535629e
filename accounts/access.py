"""Who may do what: the one place that is asked.

URLs are guarded by the matrix in `plsapp.permissions`; this module answers for single objects.
"""

from __future__ import annotations

from typing import Any

from accounts.models import Member, Role

#: The roles that work a motion's queue.
WORKERS = {
    "sales": frozenset({Role.SALES, Role.ADMIN}),
    "success": frozenset({Role.SUCCESS, Role.ADMIN}),
    "marketing": frozenset({Role.MARKETING, Role.ADMIN}),
}


def can(member: Member, action: str, thing: Any = None) -> bool:
    """Whether the member may do the action to the thing.

    Actions: `work` a queue item (anything with `motion`), `export` and `edit_plays` of a motion, `edit_events`, `edit_definitions`,
    `keep_contacts`, `administer`.
    Unknown actions raise `KeyError`.
    """
    if not member.is_active:
        return False
    return _RULES[action](member, thing)


_RULES = {
    "work": lambda member, item: member.role in WORKERS.get(item.motion, ()),
    "export": lambda member, motion: member.role == Role.PRODUCT or member.role in WORKERS.get(motion, ()),
    "edit_plays": lambda member, motion: member.role == Role.PRODUCT or member.role in WORKERS.get(motion, ()),
    "edit_events": lambda member, _: member.role in (Role.PRODUCT, Role.ADMIN),
    "edit_definitions": lambda member, _: member.role in (Role.PRODUCT, Role.ADMIN),
    "keep_contacts": lambda member, _: member.role in (Role.SALES, Role.SUCCESS, Role.MARKETING, Role.ADMIN),
    "administer": lambda member, _: member.role == Role.ADMIN,
}
