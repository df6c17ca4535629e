"""Routing as a job. Its messages are hints: the work table says which accounts were scored."""

import time

from celery import shared_task

from playbooks import queue

#: Seconds after which the job begins no further batch.
SHARE = 0.5


@shared_task
def route_scored() -> None:
    """Moves scored accounts into and out of the queues; every second, and for about half of it."""
    until = time.monotonic() + SHARE
    while queue.route_scored() and time.monotonic() < until:
        pass
