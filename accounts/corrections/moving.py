"""What moves between two accounts: one statement a table, whatever its size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from accounts import account_facts, bulk, domains
from accounts.identity import Directory
from accounts.ladder import again
from accounts.models import Account, AccountDomain, Correction, Workspace

#: How a link says that a member made it: the loader leaves it alone.
HAND = "hand"
MEMBER = "member"
#: What is worked out of an account from its people and workspaces, and its main domain.
FACTS = ("name", "domain", "employees", "employees_at", "industry", "plan", "source", "told")
_HOST = "split_part(lower(email), '@', 2)"


@dataclass
class Moved:
    """What a correction moved: what becomes its row. `kept` has what was before, by table."""

    people: list[int] = field(default_factory=list)
    workspaces: list[int] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    contacts: list[int] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def is_nothing(self) -> bool:
        return not (self.people or self.workspaces or self.domains or self.contacts)


def everything(away: Account, into: Account, *, by: int | None, now: dt.datetime) -> Moved:
    """All of one account, which then only forwards. Its own domains and workspaces keep their places on the ladder."""
    moved = Moved()
    moved.kept["strays"] = _belonging_to(into.pk, at=away.pk)
    names = list(AccountDomain.objects.filter(account=away).order_by("domain").values_list("domain", flat=True))
    _take_domains(moved, names, into.pk, by, now)
    where = {"account": away.pk}
    # Found by its domain or its members it still is, for those moved too. One that stood for itself was placed by this.
    spaces = list(Workspace.objects.filter(**where).order_by("pk").values_list("pk", flat=True))
    _take_spaces(moved, spaces, into.pk, now, by="CASE WHEN account_by IN ('own', '') THEN 'hand' ELSE account_by END")
    people_by = HAND if away.of_person else None
    moved.people = _take("productuser", into.pk, "account_id = %s", [away.pk], account_by=people_by)
    if people_by:
        moved.kept["people_by"] = {str(id_): "" for id_ in moved.people}
    moved.contacts = _take("contact", into.pk, "account_id = %s", [away.pk])
    moved.kept["signals"] = _take("signal", into.pk, "account_id = %s", [away.pk])
    moved.kept["hand_raises"] = _take("handraise", into.pk, "account_id = %s", [away.pk])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_account SET merged_into_id = %s WHERE merged_into_id = %s RETURNING id",
            [into.pk, away.pk],
        )
        moved.kept["merged"] = sorted(id_ for (id_,) in cursor.fetchall())
        cursor.execute("UPDATE accounts_account SET merged_into_id = %s WHERE id = %s", [into.pk, away.pk])
    return moved


def some(
    away: Account,
    into: Account,
    *,
    names: Collection[str] = (),
    spaces: Collection[int] = (),
    people: Collection[int] = (),
    by: int | None,
    now: dt.datetime,
) -> Moved:
    """Domains with their people, contacts and workspaces; workspaces; people. What is named by itself is linked by hand."""
    moved = Moved()
    moved.kept["strays"] = []
    _take_domains(moved, sorted(names), into.pk, by, now)
    hosts = hosts_of(away.pk, names) if names else []
    if names:
        stating = Workspace.objects.filter(account=away, account_by="domain", domain__in=names).exclude(pk__in=spaces)
        _take_spaces(moved, sorted(stating.values_list("pk", flat=True)), into.pk, now, by="account_by")
        moved.contacts = _take("contact", into.pk, f"account_id = %s AND {_HOST} = ANY(%s)", [away.pk, hosts])
    _take_spaces(moved, sorted(spaces), into.pk, now, by="'hand'")
    if people:
        moved.kept["people_by"] = _by_of(people)
        moved.people = _take("productuser", into.pk, "id = ANY(%s)", [bulk.plain(people)], account_by=HAND)
    if hosts:
        where = f"account_id = %s AND account_by <> 'hand' AND {_HOST} = ANY(%s)"
        moved.people += _take("productuser", into.pk, where, [away.pk, hosts])
    return moved


def back(correction: Correction, here: Account, home: Account) -> set[int]:
    """Takes back what a correction moved, from where it is now; who came with its domains since goes along. Accounts that changed.

    Who has left that place by himself since stays where he is: that is what would have become of him without the correction.
    """
    kept = correction.kept
    return_domains(kept.get("domains", {}), here.pk, home.pk)
    owners = _owners(here.pk)
    ours = [host for host, owner in owners.items() if owner == home.pk]
    theirs = [host for host, owner in owners.items() if owner == here.pk]
    by = kept.get("people_by", {})
    with connection.cursor() as cursor:
        # The table is large and the list is long: as a set of its own it is hashed once.
        cursor.execute(
            f"""
            WITH said AS (SELECT unnest(people) AS id FROM accounts_correction WHERE id = %(correction)s)
            UPDATE accounts_productuser AS p SET account_id = %(home)s
            WHERE account_id = %(here)s AND (
                account_by <> 'hand' AND {_HOST} = ANY(%(ours)s)
                OR id IN (SELECT id FROM said)
                   AND (account_by = 'hand' OR {_HOST} <> ALL(%(theirs)s) OR id = ANY(%(strays)s::bigint[]))
            )
            """,
            {
                "correction": correction.pk,
                "home": home.pk,
                "here": here.pk,
                "ours": ours,
                "theirs": theirs,
                "strays": bulk.plain(kept.get("strays", ())),
            },
        )
        if by:
            cursor.execute(
                "UPDATE accounts_productuser AS p SET account_by = was.by "
                "FROM unnest(%s::bigint[], %s::text[]) AS was (id, by) WHERE p.id = was.id AND p.account_id = %s",
                [bulk.plain(map(int, by)), bulk.texts(by.values()), home.pk],
            )
    named = [int(id_) for id_, was in by.items() if was != HAND]
    where = f"account_id = %s AND (id = ANY(%s::bigint[]) OR {_HOST} = ANY(%s))"
    _take("contact", home.pk, where, [here.pk, correction.contacts, ours])
    for name, table in (("signals", "signal"), ("hand_raises", "handraise")):
        _take(table, home.pk, "account_id = %s AND id = ANY(%s::bigint[])", [here.pk, kept.get(name, [])])
    spaces = _return_spaces(correction, here.pk, home.pk)
    # Who was named and has another address since belongs where that leads.
    return {here.pk, home.pk} | again.workspaces(spaces) | (again.people(named)[1] if named else set())


def unsettled(account_ids: Collection[int], *, members: bool = True) -> list[int]:
    """Workspaces whose place may be another one once these accounts changed: ambiguous between them, stating domains of theirs, or
    placed by their people."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.workspace_id FROM accounts_ambiguity a, jsonb_array_elements(a.candidates) c
            WHERE a.settled_at IS NULL AND (c ->> 'account')::bigint = ANY (%(accounts)s)
            UNION
            SELECT id FROM accounts_workspace
            WHERE account_by IN ('domain', 'own') AND NOT (further_domains = '{}') AND further_domains && ARRAY(
                SELECT domain FROM accounts_accountdomain WHERE account_id = ANY (%(accounts)s)
            )::varchar[]
            UNION
            SELECT w.id FROM accounts_workspace w
            JOIN accounts_membership m ON m.workspace_id = w.id JOIN accounts_productuser p ON p.id = m.user_id
            WHERE p.account_id = ANY (%(accounts)s) AND w.account_by IN ('members', 'own') AND %(members)s
            """,
            {"accounts": list(account_ids), "members": members},
        )
        return sorted(id_ for (id_,) in cursor.fetchall())


def facts_of(account: Account) -> dict[str, Any]:
    return {name: _plain(getattr(account, name)) for name in FACTS}


def work_out_facts(account_ids: Collection[int]) -> None:
    """Name, staff, industry and plan again, from the people and workspaces that these accounts have now."""
    directory = Directory([])
    directory.changed_accounts |= set(account_ids)
    account_facts.write(directory, [], [])


def changed_facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [before[name], after[name]] for name in FACTS if before[name] != after[name]}


def hosts_of(account_id: int, names: Collection[str]) -> list[str]:
    """The hosts of its people's and contacts' addresses that belong to these domains."""
    wanted = set(names)
    return [host for host in _hosts(account_id) if domains.of_email(f"x@{host}") in wanted]


def _hosts(account_id: int) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {_HOST} FROM accounts_productuser WHERE account_id = %s AND email <> '' GROUP BY 1
            UNION SELECT {_HOST} FROM accounts_contact WHERE account_id = %s
            """,
            [account_id, account_id],
        )
        return [host for (host,) in cursor.fetchall() if host]


def _owners(account_id: int) -> dict[str, int]:
    """The hosts of its people → the account that their domain belongs to; of those without a company's domain none."""
    named = {host: domain for host in _hosts(account_id) if (domain := domains.of_email(f"x@{host}"))}
    accounts = dict(AccountDomain.objects.filter(domain__in=set(named.values())).values_list("domain", "account_id"))
    return {host: accounts[domain] for host, domain in named.items() if domain in accounts}


def _belonging_to(account_id: int, *, at: int) -> list[int]:
    """People who are at one account although their address belongs to the other: a member, or an older version, put them there."""
    hosts = [host for host, owner in _owners(at).items() if owner == account_id]
    if not hosts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM accounts_productuser WHERE account_id = %s AND {_HOST} = ANY(%s)", [at, hosts])
        return [id_ for (id_,) in cursor.fetchall()]


def _take(table: str, into: int, where: str, params: list[Any], **values: Any) -> list[int]:
    """Gives rows another account, and the other values that are not none; their ids."""
    values = {name: value for name, value in values.items() if value is not None}
    also = "".join(f", {name} = %s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE accounts_{table} SET account_id = %s{also} WHERE {where} RETURNING id",
            [into, *values.values(), *params],
        )
        return [id_ for (id_,) in cursor.fetchall()]


def _take_domains(moved: Moved, names: list[str], into: int, by: int | None, now: dt.datetime) -> None:
    rows = AccountDomain.objects.filter(domain__in=names)
    moved.kept["domains"] = {
        row.domain: [row.source, row.confidence, _plain(row.added_at), row.added_by_id] for row in rows
    }
    moved.domains += names
    rows.update(account_id=into, source=MEMBER, confidence=1.0, added_at=now, added_by_id=by)


def return_domains(kept: Mapping[str, list[Any]], here: int, home: int) -> None:
    """Gives these domains, as far as they are here, back with who said so before, when and how surely."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_accountdomain AS d
            SET account_id = %s, source = was.source, confidence = was.confidence, added_at = was.at, added_by_id = was.by
            FROM unnest(%s::text[], %s::text[], %s::float8[], %s::timestamptz[], %s::bigint[])
                AS was (domain, source, confidence, at, by)
            WHERE d.domain = was.domain AND d.account_id = %s
            """,
            [home, list(kept), *([row[place] for row in kept.values()] for place in range(4)), here],
        )


def _take_spaces(moved: Moved, ids: list[int], into: int, now: dt.datetime, *, by: str) -> None:
    if not ids:
        return
    rows = Workspace.objects.filter(pk__in=ids)
    was = {
        str(id_): [by, confidence, _plain(at)]
        for id_, by, confidence, at in rows.values_list("pk", "account_by", "account_confidence", "account_at")
    }
    moved.kept["workspaces"] = moved.kept.get("workspaces", {}) | was
    moved.workspaces += ids
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE accounts_workspace SET account_id = %s, account_at = %s, account_by = {by},
                account_confidence = CASE WHEN {by} = 'hand' THEN 1 ELSE account_confidence END
            WHERE id = ANY(%s)
            """,
            [into, now, ids],
        )


def _return_spaces(correction: Correction, here: int, home: int) -> list[int]:
    """Answers the workspaces whose place on the ladder may be another one by now."""
    kept = correction.kept.get("workspaces", {})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_workspace AS w SET account_id = %s, account_by = was.by, account_confidence = was.confidence,
                account_at = was.at
            FROM unnest(%s::bigint[], %s::text[], %s::float8[], %s::timestamptz[]) AS was (id, by, confidence, at)
            WHERE w.id = was.id AND w.account_id = %s RETURNING w.id
            """,
            [home, [int(id_) for id_ in kept], *([row[place] for row in kept.values()] for place in range(3)), here],
        )
        found = {id_ for (id_,) in cursor.fetchall()}
        # New ones that state one of the domains.
        cursor.execute(
            "UPDATE accounts_workspace SET account_id = %s "
            "WHERE account_id = %s AND account_by = 'domain' AND domain = ANY(%s) RETURNING id",
            [home, here, correction.domains],
        )
        found |= {id_ for (id_,) in cursor.fetchall()}
    return sorted(found | set(unsettled((here, home))))


def _by_of(people: Collection[int]) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, account_by FROM accounts_productuser WHERE id = ANY(%s::bigint[])", [bulk.plain(people)]
        )
        return {str(id_): by for id_, by in cursor.fetchall()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value
