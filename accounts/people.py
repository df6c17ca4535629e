"""The people of an account, with the evidence for their buying roles."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import BuyingRole, Department, ProductUser, Seniority

#: Behaviour alone is worth this much confidence, a title 0.6, a person's word 0.9.
BEHAVIOUR = 0.3
#: Invitations in 90 days that make a champion of somebody whose title says nothing.
CHAMPION_INVITES = 2


@dataclass(frozen=True)
class Person:
    """One person of an account. `evidence` says in words why the role; counts are of the last 28 or 90 days."""

    user: ProductUser
    role: str
    role_label: str
    confidence: float
    evidence: str
    active_days_28: int
    invites_90: int
    last_seen_at: dt.datetime | None


def of_account(account_id: int, *, limit: int = 50, until: dt.date | None = None) -> list[Person]:
    """Buyers first, then champions, then the most active. People of other companies who work in its workspaces count."""
    until = until or dt.datetime.now(dt.UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH people AS (
                SELECT p.id FROM accounts_productuser p WHERE p.account_id = %(account)s
                UNION
                SELECT m.user_id FROM accounts_membership m JOIN accounts_workspace s ON s.id = m.workspace_id
                WHERE s.account_id = %(account)s
            ), used AS (
                SELECT u.user_id,
                       count(DISTINCT u.day) FILTER (WHERE u.day > %(until)s - 28 AND e.category <> 'noise') AS days,
                       coalesce(sum(u.count) FILTER (WHERE e.signal = 'invite'), 0) AS invites
                FROM accounts_usage u
                JOIN accounts_eventtype e ON e.id = u.event_type_id
                LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
                JOIN accounts_productuser p ON p.id = u.user_id
                WHERE u.user_id IN (SELECT id FROM people) AND u.day > %(until)s - 90 AND u.day <= %(until)s
                AND coalesce(w.account_id, p.account_id) = %(account)s
                GROUP BY 1
            )
            SELECT p.id, coalesce(used.days, 0), coalesce(used.invites, 0)
            FROM people JOIN accounts_productuser p USING (id) LEFT JOIN used ON used.user_id = p.id
            ORDER BY (p.buying_role = 'economic_buyer') DESC,
                     CASE WHEN p.buying_role = 'economic_buyer' THEN p.buying_confidence ELSE 0 END DESC,
                     coalesce(used.invites, 0) >= %(champion)s DESC, coalesce(used.invites, 0) DESC,
                     p.buying_confidence DESC, coalesce(used.days, 0) DESC, p.id
            LIMIT %(limit)s
            """,
            {"account": account_id, "until": until, "champion": CHAMPION_INVITES, "limit": limit},
        )
        rows = cursor.fetchall()
    users = ProductUser.objects.in_bulk([row[0] for row in rows])
    return [_person(users[id_], days, int(invites)) for id_, days, invites in rows]


def _person(user: ProductUser, days: int, invites: int) -> Person:
    role, confidence = user.buying_role, user.buying_confidence
    evidence = []
    if user.title:
        evidence.append(user.title)
    elif user.seniority or user.department:
        said = [str(Seniority(user.seniority).label)] if user.seniority else []
        said += [str(Department(user.department).label)] if user.department else []
        evidence.append(", ".join(said))
    if invites:
        evidence.append(ngettext("sent %(n)d invitation", "sent %(n)d invitations", invites) % {"n": invites})
    if invites >= CHAMPION_INVITES and role in ("", "end_user"):
        role, confidence = "champion", max(confidence if role == "champion" else 0, BEHAVIOUR + min(invites, 10) * 0.03)
    evidence.append(
        ngettext("active on %(n)d day in 28", "active on %(n)d days in 28", days) % {"n": days}
        if days
        else _("not active in 28 days")
    )
    return Person(
        user=user,
        role=role,
        role_label=str(BuyingRole(role).label) if role else "",
        confidence=round(confidence, 2),
        evidence=" · ".join(evidence),
        active_days_28=days,
        invites_90=invites,
        last_seen_at=user.last_seen_at,
    )
