"""The people of an account, with the evidence for their buying roles."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import evidence
from accounts.models import BuyingRole, Department, ProductUser, Seniority

#: Of each buying role so many are read at least, the surest first, and of those without a title the most active.
OF_A_KIND = 3
#: What they did is looked at of so many people, those seen last, and of as many who have a part in a purchase, the surest. The
#: others are counted.
MOST = 5_000


#: Who is missed when they stop coming.
_MISSED = frozenset({BuyingRole.CHAMPION, BuyingRole.ECONOMIC_BUYER})


@dataclass(frozen=True)
class Person:
    """One person of an account. `evidence` says in words why the role; counts are of the last 28 or 90 days.

    `is_quiet`: a champion or a buyer who has not been here for 28 days. `is_locked`: a member said what the role is.
    """

    user: ProductUser
    role: str
    role_label: str
    confidence: float
    evidence: str
    active_days_28: int
    invites_90: int
    last_seen_at: dt.datetime | None
    is_quiet: bool = False
    is_locked: bool = False


@dataclass(frozen=True)
class Group:
    """Whom an account's page needs: `first` in the order of `of_account`; `by_role` the surest of each role; `untitled` the
    most active people of whom no title is known; `inviters` who invited most; `counts` how many have each role."""

    first: list[Person]
    by_role: dict[str, list[Person]]
    untitled: list[Person]
    inviters: list[Person]
    counts: dict[str, int]


def of_account(account_id: int, *, limit: int = 50, until: dt.date | None = None) -> list[Person]:
    """Buyers first, then champions, then the most active. People of other companies who work in its workspaces count."""
    return group_of(account_id, limit=limit, until=until).first


def group_of(
    account_id: int, *, workspace_id: int | None = None, limit: int = 50, until: dt.date | None = None
) -> Group:
    """The people of an account as far as a page tells of them, in two queries whatever its size.

    With a workspace of it, its members, and what they did there.
    """
    until = until or dt.datetime.now(dt.UTC).date()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH own AS MATERIALIZED (
                SELECT id, buying_role, buying_confidence, last_seen_at FROM accounts_productuser
                WHERE account_id = %(account)s AND %(space)s::bigint IS NULL
            ), guests AS MATERIALIZED (
                SELECT m.user_id AS id FROM accounts_membership m JOIN accounts_workspace s ON s.id = m.workspace_id
                WHERE s.account_id = %(account)s AND coalesce(%(space)s::bigint, s.id) = s.id
                EXCEPT SELECT id FROM own  -- unlike an anti-join it is never a loop over both
            ), everybody AS MATERIALIZED (
                SELECT id, buying_role, buying_confidence, last_seen_at, true AS own FROM own
                UNION ALL
                SELECT id, p.buying_role, p.buying_confidence, p.last_seen_at, false
                FROM guests JOIN accounts_productuser p USING (id)
            ), people AS MATERIALIZED (
                (SELECT id, buying_role, own FROM everybody WHERE buying_role NOT IN ('', 'end_user')
                 ORDER BY buying_confidence DESC, last_seen_at DESC NULLS LAST, id LIMIT %(most)s)
                UNION ALL
                (SELECT id, buying_role, own FROM everybody WHERE buying_role IN ('', 'end_user')
                 ORDER BY last_seen_at DESC NULLS LAST, id LIMIT %(most)s)
            ), others AS MATERIALIZED (
                SELECT a.buying_role, a.n - coalesce(b.n, 0) AS n
                FROM (SELECT buying_role, count(*) AS n FROM everybody GROUP BY 1) AS a
                LEFT JOIN (SELECT buying_role, count(*) AS n FROM people GROUP BY 1) AS b USING (buying_role)
            ), used AS (
                -- What is the same for all rows is looked up once: a workspace is asked for its account only where it is not ours.
                SELECT u.user_id,
                       count(DISTINCT u.day) FILTER (WHERE u.day > %(until)s - 28 AND u.event_type_id <> ALL (ARRAY(
                           SELECT id FROM accounts_eventtype WHERE category = 'noise'))) AS days,
                       coalesce(sum(u.count) FILTER (WHERE u.event_type_id = ANY (ARRAY(
                           SELECT id FROM accounts_eventtype WHERE signal = 'invite'))), 0) AS invites
                FROM people JOIN accounts_usage u ON u.user_id = people.id
                WHERE u.day > %(until)s - 90 AND u.day <= %(until)s
                AND (u.workspace_id = ANY (ARRAY(SELECT id FROM accounts_workspace WHERE account_id = %(account)s))
                     OR people.own AND NOT EXISTS (
                         SELECT FROM accounts_workspace w WHERE w.id = u.workspace_id AND w.account_id IS NOT NULL))
                AND coalesce(%(space)s::bigint, u.workspace_id) IS NOT DISTINCT FROM u.workspace_id
                GROUP BY 1
            ), known AS (
                SELECT p.id, coalesce(used.days, 0) AS days, p.buying_confidence AS sure,
                       -- An erased person counts, and is nobody who could be asked.
                       CASE WHEN p.erased_at IS NULL THEN coalesce(used.invites, 0) ELSE 0 END AS invites,
                       CASE WHEN coalesce(used.invites, 0) >= %(champion)s AND p.buying_confidence <= %(title)s
                                 AND (p.buying_role IN ('', 'end_user', 'influencer') OR (used.invites >= %(many)s
                                      AND p.buying_role <> 'economic_buyer' AND p.buying_confidence < %(likely)s))
                                 AND NOT p.role_evidence @> '[{"source": "human"}]' AND p.erased_at IS NULL
                            THEN 'champion' ELSE p.buying_role END AS role,
                       p.title = '' AND p.seniority = '' AND p.erased_at IS NULL AND coalesce(used.days, 0) > 0 AS is_bare
                FROM people JOIN accounts_productuser p USING (id) LEFT JOIN used ON used.user_id = p.id
            ), placed AS (
                SELECT *,
                    row_number() OVER (ORDER BY role = 'economic_buyer' DESC,
                                       CASE WHEN role = 'economic_buyer' THEN sure ELSE 0 END DESC,
                                       invites >= %(champion)s DESC, invites DESC, sure DESC, days DESC, id) AS place,
                    row_number() OVER (PARTITION BY role ORDER BY sure DESC, invites DESC, days DESC, id) AS of_role,
                    row_number() OVER (PARTITION BY is_bare ORDER BY days DESC, id) AS of_bare,
                    row_number() OVER (PARTITION BY invites >= %(champion)s ORDER BY invites DESC, days DESC, id) AS of_inviters,
                    count(*) OVER (PARTITION BY role) AS in_role
                FROM known
            )
            SELECT id, days, invites, role, place, of_role, CASE WHEN is_bare THEN of_bare END,
                   in_role + coalesce((SELECT n FROM others o WHERE o.buying_role = role), 0),
                   CASE WHEN invites >= %(champion)s THEN of_inviters END
            FROM placed
            WHERE place <= %(limit)s OR (of_role <= %(kind)s AND role <> '') OR (is_bare AND of_bare <= %(kind)s)
                OR (invites >= %(champion)s AND of_inviters <= %(kind)s)
            ORDER BY place
            """,
            {
                "account": account_id,
                "space": workspace_id,
                "until": until,
                "champion": evidence.CHAMPION_INVITES,
                "many": evidence.MANY_INVITES,
                "title": evidence.WORTH[evidence.TITLE],
                "likely": evidence.LIKELY,
                "limit": limit,
                "kind": OF_A_KIND,
                "most": MOST,
            },
        )
        rows = cursor.fetchall()
    users = ProductUser.objects.in_bulk([row[0] for row in rows])
    found = Group([], {}, [], [], {})
    for id_, days, invites, role, place, of_role, of_bare, in_role, of_inviters in rows:
        person = _person(users[id_], role, days, int(invites), until)
        if place <= limit:
            found.first.append(person)
        if role:
            found.counts[role] = in_role
            if of_role <= OF_A_KIND:
                found.by_role.setdefault(role, []).append(person)
        if of_bare is not None and of_bare <= OF_A_KIND:
            found.untitled.append(person)
        if of_inviters is not None and of_inviters <= OF_A_KIND:
            found.inviters.append(person)
    return found


def profile_words(user: ProductUser) -> str:
    """The title, else what else was said of the position: `"Director, Finance"`."""
    if user.title:
        return user.title
    said = [str(Seniority(user.seniority).label)] if user.seniority else []
    said += [str(Department(user.department).label)] if user.department else []
    return ", ".join(said)


def _person(user: ProductUser, role: str, days: int, invites: int, until: dt.date) -> Person:
    confidence = user.buying_confidence
    known = list(user.role_evidence)
    if role != user.buying_role:  # so new that the role was not worked out yet
        confidence = evidence.WORTH[evidence.BEHAVIOUR]
    if invites and not evidence.count_of(known, "invite"):
        known += evidence.of_behaviour({"invite": invites}, title_role="")
    words = evidence.words(known, title=profile_words(user))
    is_quiet = not days and role in _MISSED
    if days:
        words.append(ngettext("active on %(n)d day in 28", "active on %(n)d days in 28", days) % {"n": days})
    elif is_quiet and user.last_seen_at:
        gone = max((until - user.last_seen_at.date()).days, 28)
        words.append(ngettext("gone quiet: %(n)d day", "gone quiet: %(n)d days", gone) % {"n": gone})
    else:
        words.append(_("not active in 28 days"))
    return Person(
        user=user,
        role=role,
        role_label=str(BuyingRole(role).label) if role else "",
        confidence=round(confidence, 2),
        evidence=" · ".join(words),
        active_days_28=days,
        invites_90=invites,
        last_seen_at=user.last_seen_at,
        is_quiet=is_quiet,
        is_locked=evidence.is_locked(known),
    )
