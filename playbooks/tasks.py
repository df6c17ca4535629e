"""Routing as a job. Its messages are hints: the work table says which accounts were scored."""

from celery import shared_task

from accounts import changes
from playbooks import queue

#: Seconds after which the job begins no further batch.
SHARE = 0.5


@shared_task
def route_scored() -> None:
    """Moves scored accounts into and out of the queues; every second, and for about half of it."""
    changes.work_off(queue.route_scored, seconds=SHARE)
