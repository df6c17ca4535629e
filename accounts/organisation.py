"""Everybody of an account: people of its domains, members of its workspaces, and contacts; and who brought whom.

Read in four queries. At most `MOST` product users are read, those seen last first. For 2,000 people that takes about 60 ms.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts import bulk, contacts, evidence, invitations
from accounts.invitations import Brought, Came, Sent
from accounts.models import BuyingRole, RoleWord

MOST = 5_000
#: Days without a visit after which somebody is quiet.
QUIET = 28


@dataclass(slots=True)
class One:
    """A product user or a contact (`kind`). `sure` is the confidence of the role. `brought` are the ids of whom they brought."""

    kind: str
    id: int
    name: str
    email: str
    title: str
    department: str
    seniority: str
    role: str
    sure: float
    is_locked: bool
    first_seen_at: dt.datetime | None
    last_seen_at: dt.datetime | None
    is_active: bool
    invites_90: int = 0
    reasons: list[evidence.Evidence] = field(default_factory=list)
    brought: list[int] = field(default_factory=list)
    by: Brought | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.id}"

    @property
    def is_quiet(self) -> bool:
        return self.kind == "user" and not self.is_active


@dataclass(frozen=True)
class Organisation:
    """`people` by id of product user, `outside` the contacts; `all_people` may be more than were read."""

    people: dict[int, One]
    outside: list[One]
    all_people: int

    @property
    def everybody(self) -> list[One]:
        return [*self.people.values(), *self.outside]

    @property
    def is_cut(self) -> bool:
        return self.all_people > len(self.people)

    def champions(self, *, limit: int = 10) -> list[One]:
        """Who brought others: by how many, then by how many of them are still active, then by when they were here last."""
        found = [one for one in self.people.values() if one.brought or one.role == BuyingRole.CHAMPION]
        found.sort(key=lambda one: (-len(one.brought), -self.still_here(one), -_stamp(one), one.id))
        return found[:limit]

    def still_here(self, one: One) -> int:
        """How many of those whom somebody brought were active in 28 days."""
        return sum(self.people[id_].is_active for id_ in one.brought)


def of_account(account_id: int, *, now: dt.datetime) -> Organisation:
    since = now - dt.timedelta(days=QUIET)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH own AS MATERIALIZED (
                SELECT id, last_seen_at FROM accounts_productuser WHERE account_id = %(account)s
            ), guests AS MATERIALIZED (
                SELECT m.user_id AS id FROM accounts_membership m JOIN accounts_workspace s ON s.id = m.workspace_id
                WHERE s.account_id = %(account)s
                EXCEPT SELECT id FROM own  -- unlike an anti-join it is never a loop over both
            ), first AS MATERIALIZED (
                SELECT id FROM (
                    SELECT id, last_seen_at FROM own
                    UNION ALL SELECT id, p.last_seen_at FROM guests JOIN accounts_productuser p USING (id)
                ) AS everybody ORDER BY last_seen_at DESC NULLS LAST, id LIMIT %(most)s
            )
            SELECT p.id, p.key, p.name, p.email, p.title, p.department, p.seniority, p.buying_role, p.buying_confidence,
                   p.role_evidence, p.first_seen_at, p.last_seen_at,
                   (SELECT count(*) FROM own) + (SELECT count(*) FROM guests)
            FROM first JOIN accounts_productuser p USING (id)
            ORDER BY p.last_seen_at DESC NULLS LAST, p.id
            """,
            {"account": account_id, "most": MOST},
        )
        rows = cursor.fetchall()
    people: dict[int, One] = {}
    for id_, key, name, email, title, department, seniority, role, sure, stored, first, last, _all in rows:
        known = json.loads(stored) if stored != "[]" else []
        people[id_] = One(
            kind="user",
            id=id_,
            name=str(_("Erased person")) if key.startswith("x:") else name or email or key[2:],
            email=email,
            title=title,
            department=department,
            seniority=seniority,
            role=role,
            sure=sure,
            is_locked=evidence.is_locked(known),
            first_seen_at=first,
            last_seen_at=last,
            is_active=last is not None and last > since,
            invites_90=evidence.count_of(known, "invite"),
            reasons=known,
        )
    _bring(account_id, people)
    return Organisation(people, _outside(account_id), rows[0][-1] if rows else 0)


def _outside(account_id: int) -> list[One]:
    words = RoleWord.objects.filter(contact=OuterRef("pk"), withdrawn_at=None)
    known = contacts.of_account(account_id).annotate(
        by_member=Exists(words.filter(source=RoleWord.By.HUMAN)), by_crm=Exists(words.filter(source=RoleWord.By.CRM))
    )
    return [
        One(
            kind="contact",
            id=contact.pk,
            name=str(contact),
            email=contact.email,
            title=contact.title,
            department=contact.department,
            seniority=contact.seniority,
            role=contact.buying_role,
            sure=contact.buying_confidence,
            # Without any word somebody said so before words were kept.
            is_locked=contact.by_member or (contact.buying_confidence >= evidence.CONFIRMED and not contact.by_crm),
            first_seen_at=contact.created_at,
            last_seen_at=None,
            is_active=False,
        )
        for contact in known[:500]
    ]


def _bring(account_id: int, people: dict[int, One]) -> None:
    """Sets who was brought by whom, among the people of the account."""
    if not people:
        return
    ids = bulk.plain(people)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT user_id, day, workspace_id, invitee, count FROM accounts_invitation
            WHERE user_id = ANY ((SELECT %s::bigint[])::bigint[])
            """,
            [ids],
        )
        sent = [Sent(*row) for row in cursor.fetchall()]
        if not sent:
            return
        cursor.execute(
            """
            SELECT DISTINCT ON (m.user_id) m.user_id, m.first_seen_at, m.workspace_id
            FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
            WHERE w.account_id = %s AND m.user_id = ANY ((SELECT %s::bigint[])::bigint[])
            ORDER BY m.user_id, m.first_seen_at, m.workspace_id
            """,
            [account_id, ids],
        )
        joined = {user: (at.date(), workspace) for user, at, workspace in cursor.fetchall()}
    came = []
    for one in people.values():
        day, workspace = joined.get(one.id, (one.first_seen_at.date() if one.first_seen_at else None, 0))
        if day is not None:
            came.append(Came(one.id, day, workspace, invitations.invitee(one.email) if one.email else None))
    for user_id, brought in invitations.brought_by(came, sent).items():
        people[user_id].by = brought
        people[brought.by].brought.append(user_id)


def _stamp(one: One) -> float:
    return one.last_seen_at.timestamp() if one.last_seen_at else 0.0
