"""Corrections: what a member says of who belongs to which company, each with its way back.

`merge` two accounts, `move_domain`, `move_workspace`, `split` an account, and `undo`. Usage has no account of its own, so history
follows its people and workspaces by itself; scores are redone within seconds. What stands on queues follows in
`playbooks.following`. docs/identity.md tells it to people.
"""

from accounts.corrections.refusing import Refused
from accounts.corrections.undoing import in_words, undo
from accounts.corrections.verbs import NOTE, merge, move_domain, move_workspace, split

__all__ = ["NOTE", "Refused", "in_words", "merge", "move_domain", "move_workspace", "split", "undo"]
