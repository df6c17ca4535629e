"""The first step: domains that workspaces state. Most state one; what follows is about those that state several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from accounts import bulk, domains, identity_read
from accounts.ladder import links, plain

if TYPE_CHECKING:
    from accounts.identity import Directory

#: Rounds of looking for workspaces that state the same domains; real ones need two.
ROUNDS = 6


@dataclass
class _Row:
    """A domain's row: whose it is, who said so, and the main domain of that account."""

    account_id: int
    source: str
    main: str


def touched(directory: Directory) -> set[str]:
    """The domains whose statements this batch changed, and those of workspaces that state several and are looked at."""
    found: set[str] = set()
    for space in directory.spaces.values():
        if space.states_anew and space.stated != space.was_stated:
            found |= space.stated | space.was_stated
        elif space.further_domains and (space.changed or space.is_ambiguous) and len(space.stated) > 1:
            found |= space.stated
    return found


def settle(directory: Directory, concerned: set[str]) -> None:
    """Makes the domains that workspaces state together one account, parts those that are two, and moves the workspaces.

    Statements are in the database by now. One query when nobody states several domains.
    """
    statements = _statements(concerned)
    if not statements:
        return
    known = [(main, stated) for _id, main, stated in statements]
    home = plain.homes(known)
    home |= {domain: domain for domain in concerned if domain not in home}
    rows = _rows(home)
    _part(directory, home, rows)
    rows = _rows(home)
    _join(directory, home, rows)
    links.state(list(set().union(*(stated for _main, stated in known))))
    _name(directory, home, _rows(home))
    several = {id_ for id_, _main, stated in statements if len(stated) > 1}
    loaded = {space.id for space in directory.spaces.values()}
    identity_read.spaces(directory, "id = ANY (%s::bigint[])", bulk.plain(several - loaded))
    accounts = {domain: row.account_id for domain, row in _rows(home).items()}
    mains = {main for main, _stated in known}
    for space in list(directory.spaces.values()):
        if space.account_by == "hand" or not (space.id in several or (space.main in home and len(space.stated) == 1)):
            continue
        if not space.main or space.main not in accounts:
            continue
        counted = plain.companies(space.main, space.stated, home, mains)
        told = {accounts[domain]: domain for domain in sorted(counted, reverse=True) if domain in accounts}
        if len(told) > 1:
            directory.found_unclear(space, "domain", told)
            links.move(directory, space, links.own_account(space), "own")
        else:
            directory.found_plain(space)
            links.move(directory, space, accounts[space.main], "domain")


def _statements(concerned: set[str]) -> list[tuple[int, str, frozenset[str]]]:
    """`(workspace id, main domain, all domains)` of those that matter for these domains; none when nobody states several."""
    if not concerned:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT domain, further_domains FROM accounts_workspace
            WHERE NOT (further_domains = '{}') AND further_domains && %(domains)s::varchar[]
            """,
            {"domains": list(concerned)},
        )
        several = cursor.fetchall()
        if not several:
            return []
        wanted = concerned.union(*(set(further) | {main} for main, further in several)) - {""}
        for _round in range(ROUNDS):
            cursor.execute(
                """
                SELECT min(id), domain, further_domains FROM accounts_workspace
                WHERE domain = ANY (%(domains)s) AND domain <> '' AND further_domains = '{}' GROUP BY 2, 3
                UNION ALL
                SELECT id, domain, further_domains FROM accounts_workspace
                WHERE NOT (further_domains = '{}')
                    AND (further_domains && %(domains)s::varchar[] OR (domain = ANY (%(domains)s) AND domain <> ''))
                """,
                {"domains": list(wanted)},
            )
            found = []
            for id_, main, further in cursor.fetchall():
                stated = frozenset(d for d in (main, *further) if d and not domains.is_shared(d))
                if main in stated:
                    found.append((id_, main, stated))
            more = set().union(*(stated for _id, _main, stated in found)) - wanted
            if not more:
                break
            wanted |= more
    return found


def _rows(wanted: dict[str, str]) -> dict[str, _Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT d.domain, d.account_id, d.source, a.domain FROM accounts_accountdomain d
            JOIN accounts_account a ON a.id = d.account_id WHERE d.domain = ANY (%s)
            """,
            [list(wanted)],
        )
        return {domain: _Row(*row) for domain, *row in cursor.fetchall()}


def _part(directory: Directory, home: dict[str, str], rows: dict[str, _Row]) -> None:
    """Domains that were taken for those of another company, as far as was known then."""
    for domain in sorted(rows):
        row = rows[domain]
        if row.source not in links.LOOSE or not row.main:
            continue
        # An account that somebody gave its main domain never goes by another one: what belongs with that other one leaves it.
        is_given = row.main in rows and rows[row.main].source not in links.LOOSE
        if home.get(row.main, row.main) != home[domain] or (is_given and home[domain] != row.main):
            links.part(directory, domain, row.account_id)


def _name(directory: Directory, home: dict[str, str], rows: dict[str, _Row]) -> None:
    """The main domain of an account is that which stands for its company, whichever came first."""
    new = {
        row.account_id: domain
        for domain, row in rows.items()
        if home[domain] == domain
        and row.main not in ("", domain)
        and home.get(row.main) == domain
        and all(source in links.LOOSE for source in (row.source, rows[row.main].source) if row.main in rows)
    }
    if not new:
        return
    directory.changed_accounts.update(new)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_account AS a SET domain = new.domain, name = CASE WHEN name = a.domain THEN new.domain ELSE name END
            FROM unnest(%s::bigint[], %s::text[]) AS new (id, domain) WHERE a.id = new.id
            """,
            [list(new), list(new.values())],
        )


def _join(directory: Directory, home: dict[str, str], rows: dict[str, _Row]) -> None:
    """Brings the domains of one company to the account of its main one. What somebody decided stays where it is."""
    all_of_accounts: dict[int, list[tuple[str, str]]] = {}
    if accounts := {row.account_id for row in rows.values()}:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT account_id, domain, source FROM accounts_accountdomain WHERE account_id = ANY (%s::bigint[])",
                [bulk.plain(accounts)],
            )
            for account_id, domain, source in cursor.fetchall():
                all_of_accounts.setdefault(account_id, []).append((domain, source))
    new: dict[str, int] = {}
    into: dict[int, int] = {}
    for domain, main in sorted(home.items()):
        if domain == main or main not in rows:
            continue
        target = into.get(rows[main].account_id, rows[main].account_id)
        row = rows.get(domain)
        if row is None:
            new[domain] = target
            continue
        account_id = into.get(row.account_id, row.account_id)
        if account_id == target or row.source not in links.LOOSE:
            continue
        theirs = all_of_accounts[row.account_id]
        is_loose = all(source in links.LOOSE and home.get(other) == main for other, source in theirs)
        if is_loose and not links.is_kept(account_id) and not links.is_parted(account_id, target):
            links.merge_accounts(directory, account_id, target, because="domains stated together")
            into[account_id] = target
    links.give(new, dict.fromkeys(new, "workspace"))
