"""Tasks of the shell itself."""

from __future__ import annotations

import os
import time

from celery import shared_task
from django.core.cache import cache


@shared_task
def ping(key: str, seconds: float = 0) -> None:
    """Writes this process's pid into the cache under `key`, after so many seconds: shows that the queue works."""
    cache.set(f"{key}:begun", os.getpid(), 3600)
    time.sleep(seconds)
    cache.set(key, os.getpid(), 3600)
