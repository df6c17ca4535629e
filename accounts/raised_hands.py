"""Raised hands of people without a company: no raised hand is lost from view.

Somebody with a freemail address, or an unknown domain, or no address at all has no account. His raised hand goes to the
account of a workspace he is in, else to an account that stands for him alone (`Account.of_person`), until his company is
known. Nobody can answer an anonymous visitor without an address: his signal waits until he is identified, or is in a workspace.

Where a hand was raised is kept (`Signal.raised_in`) when it goes home to a workspace, so that each is placed anew by what is
known now, whatever order that came in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from accounts import account_facts, bulk
from accounts.identity import Directory
from accounts.identity_write import merge_accounts


@dataclass(frozen=True, slots=True)
class _Hand:
    """A signal with the person's account and the first workspace of theirs that has one. Ids; 0 is none."""

    id: int
    workspace: int
    raised_in: int | None
    has_own: bool
    user: int
    account: int
    of_person: bool
    label: str
    is_known: bool
    home: int
    home_account: int

    @property
    def original(self) -> int:
        return self.workspace if self.raised_in is None else self.raised_in

    @property
    def has_company(self) -> bool:
        return bool(self.account) and not self.of_person

    @property
    def goes_home(self) -> bool:
        return not self.has_company and not self.has_own and bool(self.home)

    @property
    def place(self) -> int:
        return self.home if self.goes_home else self.original

    @property
    def is_placed(self) -> bool:
        return self.workspace == self.place and (self.raised_in is not None) == self.goes_home


def settle(directory: Directory) -> Collection[int]:
    """Gives every raised hand of this batch's people, and of the members of its workspaces, an account.

    Answers who of them raised a hand. One query when nobody did.
    """
    raisers = _raisers(directory)
    if not raisers:
        return raisers
    hands = _hands(raisers)
    moved = [hand for hand in hands if not hand.is_placed]
    _place(moved)
    directory.changed_accounts.update(
        _accounts_of({space for hand in moved for space in (hand.workspace, hand.place) if space})
    )
    directory.changed_accounts.update(hand.account for hand in moved if hand.account)
    made = []
    for hand in {hand.user: hand for hand in hands if not hand.has_company}.values():
        if hand.home:
            if hand.of_person:
                _leave(directory, hand)
        elif not hand.is_known:
            continue
        elif hand.of_person:
            _name(hand)
        elif any(not one.has_own for one in hands if one.user == hand.user):
            made.append(_account_of_its_own(hand))
    directory.changed_accounts.update(made)
    account_facts.work_out(made)
    return raisers


def _raisers(directory: Directory) -> list[int]:
    """People of the batch, members of workspaces that have an account only now or none any more, and who has one of their own."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT user_id FROM accounts_signal
            WHERE kind = 'hand_raise' AND user_id = ANY (%(people)s::bigint[])
            UNION
            SELECT p.id FROM accounts_account a
            JOIN accounts_productuser p ON p.account_id = a.id
            JOIN accounts_membership m ON m.user_id = p.id
            WHERE a.of_person AND m.workspace_id = ANY (%(spaces)s::bigint[])
            UNION
            SELECT s.user_id FROM accounts_membership m
            JOIN accounts_signal s ON s.user_id = m.user_id AND s.kind = 'hand_raise'
            WHERE m.workspace_id = ANY (%(housed)s::bigint[])
            """,
            {
                "people": bulk.plain(person.id for person in directory.roots()),
                "spaces": bulk.plain(space.id for space in directory.spaces.values()),
                "housed": bulk.plain(space.id for space in directory.housed),
            },
        )
        return [user for (user,) in cursor.fetchall()]


def _hands(raisers: Collection[int]) -> list[_Hand]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.id, coalesce(s.workspace_id, 0), s.raised_in, own.account_id IS NOT NULL,
                   p.id, coalesce(p.account_id, 0), coalesce(a.of_person, false),
                   coalesce(nullif(p.email, ''), nullif(p.name, ''), substr(p.key, 3)), p.key LIKE 'u:%%' OR p.email <> '',
                   coalesce(home.workspace_id, 0), coalesce(home.account_id, 0)
            FROM accounts_signal s
            JOIN accounts_productuser p ON p.id = s.user_id
            LEFT JOIN accounts_account a ON a.id = p.account_id
            LEFT JOIN accounts_workspace own ON own.id = coalesce(s.raised_in, s.workspace_id)
            LEFT JOIN LATERAL (
                SELECT w.id AS workspace_id, w.account_id
                FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
                WHERE m.user_id = p.id AND w.account_id IS NOT NULL ORDER BY m.first_seen_at, w.external_id LIMIT 1
            ) AS home ON true
            WHERE s.kind = 'hand_raise' AND s.user_id = ANY (%s::bigint[])
            """,
            [bulk.plain(raisers)],
        )
        return [_Hand(*row) for row in cursor.fetchall()]


def _place(hands: Collection[_Hand]) -> None:
    if not hands:
        return
    columns = {"id": "bigint", "workspace_id": "bigint", "raised_in": "bigint"}
    rows = [(hand.id, hand.place or None, hand.original if hand.goes_home else None) for hand in hands]
    sent, arrays = bulk.rows(columns, rows)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE accounts_signal AS s SET workspace_id = new.workspace_id, raised_in = new.raised_in "
            f"FROM {sent} AS new WHERE s.id = new.id",
            arrays,
        )


def _accounts_of(spaces: Collection[int]) -> list[int]:
    if not spaces:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT account_id FROM accounts_workspace WHERE id = ANY (%s::bigint[]) AND account_id IS NOT NULL",
            [bulk.plain(spaces)],
        )
        return [account for (account,) in cursor.fetchall()]


def _leave(directory: Directory, hand: _Hand) -> None:
    """A workspace of theirs has an account: the one that stood for the person alone gives way."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_productuser SET account_id = NULL WHERE account_id = %s", [hand.account])
    merge_accounts(directory, hand.account, hand.home_account)
    directory.changed_accounts.add(hand.home_account)


def _name(hand: _Hand) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET name = %s WHERE id = %s", [hand.label[:200], hand.account])


def _account_of_its_own(hand: _Hand) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO accounts_account (name, domain, industry, plan, of_person, created_at)
            VALUES (%s, '', '', '', true, now()) RETURNING id
            """,
            [hand.label[:200]],
        )
        account_id: int = cursor.fetchone()[0]
        cursor.execute("UPDATE accounts_productuser SET account_id = %s WHERE id = %s", [account_id, hand.user])
    return account_id
