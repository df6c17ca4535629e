"""Routing as a job. Its messages are hints: the work table says which accounts were scored."""

from celery import shared_task

from playbooks import queue


@shared_task
def route_scored() -> None:
    """Moves scored accounts into and out of the queues; every second."""
    for _ in range(20):
        if not queue.route_scored():
            break
