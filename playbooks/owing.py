"""What the owner of an item owes next, as the verbs tell it: see `playbooks.assignment.sla`."""

from playbooks.assignment.sla import COLUMNS, after

__all__ = ["COLUMNS", "after"]
