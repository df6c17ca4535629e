"""The rows of links: accounts of domains, merging and parting them. In the loader's transaction, under its lock."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from django.db import connection

from accounts import bulk, domains
from accounts.models import AccountDomain, AuditEntry

if TYPE_CHECKING:
    from accounts.identity import Directory
    from accounts.identity_rows import Person, Space

#: What a source of a domain, and a step of the ladder, is worth: 0 to 1.
DOMAIN_CONFIDENCE = {"member": 1.0, "import": 0.95, "workspace": 0.9, "e-mail": 0.8, "contact": 0.7}
STEP_CONFIDENCE = {"hand": 1.0, "domain": 0.9, "members": 0.7, "own": 0.0, "": 0.0}
#: Sources that messages alone made: later messages may change what follows from them.
LOOSE = ("workspace", "e-mail")


def accounts_of_domains(
    people: Iterable[Person], spaces: Iterable[Space], mentioned: Mapping[str, str]
) -> dict[str, int]:
    """The account of every domain that this batch needs or has `mentioned` (domain → source), made where there is none."""
    wanted = dict(mentioned)
    for person in people:
        if person.account_id is None and person.email and (domain := domains.of_email(person.email)):
            wanted.setdefault(domain, "e-mail")
    for space in spaces:
        if space.main:
            wanted[space.main] = "workspace"
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT domain, account_id, source FROM accounts_accountdomain "
            "WHERE domain = ANY ((SELECT %s::text[])::text[])",
            [bulk.texts(wanted)],
        )
        rows = cursor.fetchall()
    found, weak = {}, []
    for domain, account_id, source in rows:
        found[domain] = account_id
        if source == "e-mail" and wanted[domain] == "workspace":
            weak.append(domain)
    if weak:
        state(weak)
    missing = sorted(set(wanted) - set(found))
    if missing:
        wanted |= dict.fromkeys(
            _stated_beside({domain for domain in missing if wanted[domain] == "e-mail"}), "workspace"
        )
        found |= make({domain: wanted[domain] for domain in missing})
    return found


def _stated_beside(domain_names: set[str]) -> list[str]:
    """Those of the domains that a workspace states beside its main one."""
    if not domain_names:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT unnest(further_domains) FROM accounts_workspace
            WHERE NOT (further_domains = '{}') AND further_domains && %s::varchar[]
            """,
            [list(domain_names)],
        )
        return [domain for (domain,) in cursor.fetchall() if domain in domain_names]


def make(wanted: dict[str, str]) -> dict[str, int]:
    """New accounts for these domains: domain → source, answers domain → account."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_account (name, domain, industry, plan, created_at)
            SELECT domain, domain, '', '', now() FROM unnest(%s::text[]) AS domain RETURNING domain, id
            """,
            [list(wanted)],
        )
        made = dict(cursor.fetchall())
    give(made, wanted)
    return made


def give(accounts: dict[str, int], sources: dict[str, str]) -> None:
    """New rows of domains: domain → account, domain → source."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_accountdomain (domain, account_id, source, confidence)
            SELECT * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::float8[]) ON CONFLICT (domain) DO NOTHING
            """,
            [
                list(accounts),
                list(accounts.values()),
                [sources[domain] for domain in accounts],
                [DOMAIN_CONFIDENCE[sources[domain]] for domain in accounts],
            ],
        )


def state(stated: list[str]) -> None:
    """These domains are known from e-mails, and a workspace states them too."""
    AccountDomain.objects.filter(domain__in=stated, source="e-mail").update(
        source="workspace", confidence=DOMAIN_CONFIDENCE["workspace"]
    )


def state_no_more(domain_names: set[str]) -> None:
    """Of these domains, which a workspace stated before, those that none states now are known as if from e-mails alone."""
    if not domain_names:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_accountdomain d SET source = 'e-mail', confidence = %(confidence)s
            WHERE domain = ANY (%(domains)s) AND source = 'workspace'
            AND NOT EXISTS (SELECT FROM accounts_workspace w WHERE w.domain = d.domain)
            AND NOT EXISTS (SELECT FROM accounts_workspace w WHERE w.further_domains @> ARRAY[d.domain]::varchar[]
                                                               AND NOT (w.further_domains = '{}'))
            """,
            {"domains": list(domain_names), "confidence": DOMAIN_CONFIDENCE["e-mail"]},
        )


def state_anew(domain_names: Collection[str]) -> None:
    """What was set aside for a while is known from workspaces when one states it now, else from e-mails."""
    state_no_more(set(domain_names))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT domain FROM accounts_workspace WHERE domain = ANY (%(domains)s)
            UNION SELECT unnest(further_domains) FROM accounts_workspace
            WHERE NOT (further_domains = '{}') AND further_domains && %(domains)s::varchar[]
            """,
            {"domains": list(domain_names)},
        )
        stated = {domain for (domain,) in cursor.fetchall()}
    state(sorted(stated.intersection(domain_names)))


def move(directory: Directory, space: Space, account_id: int | None, by: str) -> None:
    """Gives the workspace an account. One that stood for it alone gives way to a company, unless a member made something of it."""
    if space.account_id is not None and space.account_id != account_id:
        directory.changed_accounts.add(space.account_id)
        if space.account_by == "own" and account_id is not None and not is_kept(space.account_id):
            merge_accounts(directory, space.account_id, account_id, because="company of a workspace")
    if (space.account_id is None) != (account_id is None):
        directory.housed.add(space)
    if (space.account_id, space.account_by) != (account_id, by):
        space.account_id, space.account_by, space.changed = account_id, by, True
        space.account_confidence = STEP_CONFIDENCE[by]


def is_kept(account_id: int) -> bool:
    """Whether somebody decided that something belongs to this account."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (SELECT FROM accounts_accountdomain WHERE account_id = %(id)s AND source <> ALL (%(loose)s))
                OR EXISTS (SELECT FROM accounts_workspace WHERE account_id = %(id)s AND account_by = 'hand')
                OR EXISTS (SELECT FROM accounts_productuser WHERE account_id = %(id)s AND account_by = 'hand')
            """,
            {"id": account_id, "loose": list(LOOSE)},
        )
        return bool(cursor.fetchone()[0])


def is_parted(one_id: int, other_id: int) -> bool:
    """Whether a member gave a domain of one of them to the other, which tells two companies apart, whatever is stated."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT EXISTS (
                SELECT FROM accounts_correction c
                JOIN accounts_account f ON f.id = c.from_account_id JOIN accounts_account t ON t.id = c.to_account_id
                WHERE c.undone_at IS NULL AND c.kind IN ('split', 'move_domain') AND NOT (c.domains = '{}')
                AND ARRAY[coalesce(f.merged_into_id, f.id), coalesce(t.merged_into_id, t.id)] @> %s::bigint[]
            )
            """,
            [[one_id, other_id]],
        )
        return bool(cursor.fetchone()[0])


def merge_accounts(directory: Directory, old_id: int, into_id: int, *, because: str = "") -> None:
    """Moves everything of an account to another; the old one stays as a forwarding address. The audit log is told on `log`."""
    directory.changed_accounts.update((old_id, into_id))
    directory.merged.append((old_id, into_id, because))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_workspace SET account_id = %s, account_at = now() WHERE account_id = %s", [into_id, old_id]
        )
        for table in ("accountdomain", "signal", "contact", "handraise"):
            cursor.execute(f"UPDATE accounts_{table} SET account_id = %s WHERE account_id = %s", [into_id, old_id])
        cursor.execute(
            "UPDATE accounts_productuser SET account_id = %s WHERE account_id = %s RETURNING id", [into_id, old_id]
        )
        directory.resettled.update(id_ for (id_,) in cursor.fetchall())
        cursor.execute(
            "UPDATE accounts_account SET merged_into_id = %s WHERE id = %s OR merged_into_id = %s",
            [into_id, old_id, old_id],
        )
    for person in directory.roots():
        if person.account_id == old_id:
            person.account_id = into_id
    for space in directory.spaces.values():
        if space.account_id == old_id:
            space.account_id = into_id


def part(directory: Directory, domain: str, old_id: int) -> None:
    """A domain leaves an account that messages gave it to, with its people, contacts and workspaces: it is another company.

    The account that it had before is used again. A domain that nobody uses is forgotten.
    """
    # Registrable, and a domain has neither % nor _: hosts below it are the same company's.
    of_domain = "(email LIKE '%%@' || %(domain)s OR email LIKE '%%.' || %(domain)s)"
    told: dict[str, str | int] = {"domain": domain, "old": old_id}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT EXISTS (SELECT FROM accounts_productuser WHERE account_id = %(old)s AND account_by = '' AND {of_domain})
                OR EXISTS (SELECT FROM accounts_contact WHERE account_id = %(old)s AND {of_domain})
                OR EXISTS (SELECT FROM accounts_workspace WHERE domain = %(domain)s)
            """,
            told,
        )
        if not cursor.fetchone()[0]:
            cursor.execute("DELETE FROM accounts_accountdomain WHERE domain = %(domain)s", told)
            return
        cursor.execute(
            """
            UPDATE accounts_account SET merged_into_id = NULL WHERE id = (
                SELECT min(id) FROM accounts_account WHERE domain = %(domain)s AND merged_into_id = %(old)s
            ) RETURNING id
            """,
            told,
        )
        found = cursor.fetchone()
        cursor.execute("DELETE FROM accounts_accountdomain WHERE domain = %(domain)s", told)
        new_id = found[0] if found else make({domain: "workspace"})[domain]
        if found:
            give({domain: new_id}, {domain: "workspace"})
        told["new"] = new_id
        cursor.execute(
            f"UPDATE accounts_productuser SET account_id = %(new)s "
            f"WHERE account_id = %(old)s AND account_by = '' AND {of_domain} RETURNING id",
            told,
        )
        people = {id_ for (id_,) in cursor.fetchall()}
        cursor.execute(
            f"UPDATE accounts_contact SET account_id = %(new)s WHERE account_id = %(old)s AND {of_domain}", told
        )
        cursor.execute(
            "UPDATE accounts_workspace SET account_id = %(new)s, account_at = now() "
            "WHERE account_id = %(old)s AND domain = %(domain)s AND account_by = 'domain'",
            told,
        )
    directory.resettled |= people
    directory.changed_accounts.update((old_id, new_id))
    for person in directory.roots():
        if person.id in people:
            person.account_id = new_id
    for space in directory.spaces.values():
        if space.account_id == old_id and space.domain == domain and space.account_by == "domain":
            space.account_id = new_id


def own_account(space: Space) -> int:
    """The account that stands for this workspace alone: the one it had before, else a new one."""
    with connection.cursor() as cursor:
        if space.own_account_id is not None:
            cursor.execute(
                "UPDATE accounts_account SET merged_into_id = NULL WHERE id = %s RETURNING id", [space.own_account_id]
            )
            if cursor.fetchone():
                return space.own_account_id
        cursor.execute(
            "INSERT INTO accounts_account (name, domain, industry, plan, created_at) "
            "VALUES (%s, '', '', '', now()) RETURNING id",
            [space.name or space.external_id],
        )
        space.own_account_id = cursor.fetchone()[0]
    return space.own_account_id


def log(directory: Directory) -> None:
    """Tells the audit log which accounts messages made one. Accounts may be named by a person's e-mail, so only by their id."""
    AuditEntry.objects.bulk_create(
        AuditEntry(
            by_name="plsapp",
            action="account.merge",
            subject="account",
            subject_id=old_id,
            detail={"into": into_id, "because": because},
            way="message",
        )
        for old_id, into_id, because in directory.merged
    )
    directory.merged.clear()
