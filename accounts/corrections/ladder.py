"""The loader's own ladder, walked again for workspaces whose people or domains went elsewhere."""

from __future__ import annotations

from collections.abc import Collection

from accounts import bulk, identity_read, identity_write
from accounts.identity import Directory


def climb(workspace_ids: Collection[int]) -> set[int]:
    """Places these workspaces as the loader would; those that a member has placed stay. Answers the accounts that this changed."""
    if not workspace_ids:
        return set()
    directory = Directory([])
    where = "account_by <> 'hand' AND id = ANY ((SELECT %s::bigint[])::bigint[])"
    spaces = identity_read.spaces(directory, where, bulk.plain(workspace_ids))
    before = {space.id: space.account_id for space in spaces}
    stating = [space for space in spaces if space.domain]
    accounts = identity_write._accounts_of_domains([], stating)
    for space in stating:
        identity_write._move(directory, space, accounts[space.domain], "domain")
    identity_write._save(stating, "accounts_workspace", identity_write.SPACE_COLUMNS)
    identity_write._accounts_of_members(directory, [space for space in spaces if not space.domain])
    moved = [space for space in spaces if before[space.id] != space.account_id]
    return directory.changed_accounts | {
        account for space in moved for account in (before[space.id], space.account_id) if account is not None
    }
