"""What a row of a motion says first: success, how long ago the plan moved; marketing, which role is missing. No query."""

from __future__ import annotations

import datetime as dt

from playbooks.models import QueueItem
from playbooks.screens import find_buyer, plan
from playbooks.screens.states import Chip


def first_of_motion(item: QueueItem, now: dt.datetime) -> tuple[Chip, ...]:
    return tuple(chip for chip in (plan.chip(item, now), find_buyer.chip(item)) if chip is not None)
