"""The Celery app and everything that happens by the clock.

celery -A plsapp worker --without-heartbeat
celery -A plsapp beat
"""

from __future__ import annotations

import logging
import os
import warnings

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plsapp.settings")

app = Celery("plsapp", task_cls="plsapp.broker:Task")


def configure() -> dict[str, object]:
    """Every Celery setting. Read when one is first needed, since most commands need none."""
    from django.conf import settings

    from plsapp import broker

    return broker.configuration() | {
        "timezone": "UTC",
        "task_default_queue": broker.QUEUE,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        # A message is deleted when its task has ended, so a killed worker loses none; tasks may run twice.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_retry_on_worker_lost": True,
        "task_time_limit": broker.TIME_LIMIT,
        "task_soft_time_limit": broker.SOFT_LIMIT,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "worker_concurrency": 2,
        "worker_prefetch_multiplier": 4,
        # A process that has not said hello by then is killed and replaced: on a busy machine four seconds are few.
        "worker_proc_alive_timeout": 60.0,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "beat_scheduler": "plsapp.beat:Scheduler",
        "beat_schedule_filename": str(settings.HOME / "beat-schedule"),
        "beat_schedule": SCHEDULE
        | from_warehouse(every_minutes=settings.USAGE_EVERY_MINUTES if settings.USAGE_URL else 0),
    }


def every(seconds: float, task: str, *, expires: float) -> dict[str, object]:
    """A line of the schedule. A message not begun within `expires` seconds is dropped: the next one does its work."""
    return {"task": task, "schedule": seconds, "options": {"expires": expires}}


def from_warehouse(*, every_minutes: int) -> dict[str, dict[str, object]]:
    """The line of the schedule that scores everything anew when usage lives in the customer's engine; 0: none."""
    if not every_minutes:
        return {}
    seconds = 60 * every_minutes
    return {"score everything from the warehouse": every(seconds, "scoring.tasks.score_all", expires=seconds)}


SCHEDULE: dict[str, dict[str, object]] = {
    "load what landed": every(1, "accounts.tasks.load_landed", expires=3),
    "score what changed": every(1, "scoring.tasks.score_changed", expires=3),
    "route what was scored": every(1, "playbooks.tasks.route_scored", expires=3),
    "wake what slept": every(60, "playbooks.tasks.wake_items", expires=50),
    "assign new items": every(5, "playbooks.tasks.assign_items", expires=10),
    "watch times to answer": every(60, "playbooks.tasks.watch_times", expires=50),
    "keep the queues": every(60, "playbooks.tasks.keep_queues", expires=50),
    "count buckets": every(60, "playbooks.tasks.keep_counts", expires=50),
    "add up crowds": every(3600, "playbooks.tasks.keep_crowds", expires=1800),
    "find events that fell silent": every(3600, "scoring.tasks.find_silent", expires=1800),
    "prune": every(3600, "accounts.tasks.prune", expires=1800),
    "digests": {
        "task": "playbooks.tasks.send_digests",
        "schedule": crontab(minute="*/15"),
        "options": {"expires": 600},
    },
    "months of usage": {
        "task": "accounts.tasks.keep_months",
        "schedule": crontab(hour="1", minute="40"),
        "options": {"expires": 4 * 3600},
    },
    "look at everybody": {
        "task": "accounts.tasks.profile_everybody",
        "schedule": crontab(hour="0", minute="40"),
        "options": {"expires": 4 * 3600},
    },
    # Before the full run, which would score them.
    "forget empty accounts": {
        "task": "accounts.tasks.forget_empty_accounts",
        "schedule": crontab(hour="1", minute="20"),
        "options": {"expires": 4 * 3600},
    },
    "suggest merges": {
        "task": "accounts.tasks.suggest_merges",
        "schedule": crontab(hour="3", minute="40"),
        "options": {"expires": 4 * 3600},
    },
    "score everything": {
        "task": "scoring.tasks.score_all",
        "schedule": crontab(hour="2", minute="10"),
        "options": {"expires": 4 * 3600},
    },
    # Before the full run, which scores by them.
    "roles by what people did": {
        "task": "accounts.tasks.refresh_roles",
        "schedule": crontab(hour="1", minute="50"),
        "options": {"expires": 4 * 3600},
    },
    "how much is known of people": {
        "task": "playbooks.tasks.keep_profiling",
        "schedule": crontab(hour="3", minute="10"),
        "options": {"expires": 4 * 3600},
    },
    # Before the working day, by the scores of the full run.
    "draw audits": {
        "task": "playbooks.tasks.draw_audits",
        "schedule": crontab(hour="4", minute="10"),
        "options": {"expires": 4 * 3600},
    },
    # After the full run, whose mirror of usage it reads.
    "weeks for backtests": {
        "task": "scoring.tasks.keep_matrices",
        "schedule": crontab(hour="2", minute="40"),
        "options": {"expires": 4 * 3600},
    },
}

app.add_defaults(configure)
app.autodiscover_tasks()

# Celery warns of root because a pickled message can run anything. Ours are JSON.
warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

# Three tasks a second: their coming and going is no news. Failures and retries are, and stay.
for name in ("celery.beat", "celery.worker.strategy", "celery.app.trace"):
    logging.getLogger(name).setLevel(logging.WARNING)
