"""The second step: the companies of a workspace's members, by the domains of their e-mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from accounts.ladder import links, plain

if TYPE_CHECKING:
    from accounts.identity import Directory
    from accounts.identity_rows import Space


def settle(directory: Directory, spaces: list[Space]) -> None:
    """Workspaces without a stated domain go to the company with strictly more members than every other.

    People of no company do not count, nor those whom only a contact's address gave one. When the most are tied, the workspace
    is ambiguous and stands for itself, as one does of which no member has a company, if it has a name or a second member.
    """
    if not spaces:
        return
    by_id = {space.id: space for space in spaces}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.workspace_id, a.id, count(*) FROM accounts_membership m
            JOIN accounts_productuser p ON p.id = m.user_id
            LEFT JOIN accounts_account a ON a.id = p.account_id AND NOT a.of_person AND p.account_by <> 'contact'
            WHERE m.workspace_id = ANY(%s) GROUP BY 1, 2
            """,
            [list(by_id)],
        )
        votes: dict[int, dict[int | None, int]] = {}
        for workspace_id, account_id, people in cursor.fetchall():
            votes.setdefault(workspace_id, {})[account_id] = people
    for workspace_id, space in by_id.items():
        counts = votes.get(workspace_id, {})  # type: ignore[arg-type]
        companies = {account: people for account, people in counts.items() if account is not None}
        best, tied = plain.majority(companies)
        if tied:
            directory.found_unclear(space, "members", dict.fromkeys(tied, ""))
            links.move(directory, space, links.own_account(space), "own")
        else:
            directory.found_plain(space)
            if best is not None:
                links.move(directory, space, best, "members")
            elif not space.name and sum(counts.values()) < 2:  # also when two members turned out to be one person
                links.move(directory, space, None, "")
            elif space.account_id is None or space.account_by in ("members", "domain"):  # nobody of a company is left
                links.move(directory, space, links.own_account(space), "own")
