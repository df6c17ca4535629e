"""What the owner of an item owes next, as the verbs tell it: see `playbooks.sla`."""

from playbooks.sla import COLUMNS, after

__all__ = ["COLUMNS", "after"]
