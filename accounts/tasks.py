"""The loader as a job. Its messages are hints: the landing table says what is to do."""

from celery import shared_task

from accounts import loading


@shared_task
def load_landed() -> None:
    """Loads what has landed; every second."""
    loading.drain(seconds=20)


@shared_task
def prune() -> None:
    """Forgets old message ids and old refusals; every hour."""
    loading.prune()
