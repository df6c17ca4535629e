"""`/healthz`: whether the app can do its work, for load balancers, monitors and `manage.py up`."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Max
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

import plsapp
from accounts.models import Landing, LoadState
from plsapp import broker
from scoring.models import ScoringRun

logger = logging.getLogger(__name__)

#: Seconds for the whole answer. A check that hangs keeps its thread until the network gives up, at most two of them.
PATIENCE = 1.5
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="health")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when database and broker answer, else 503: `{status, database, broker, last_load, …}`, times in ISO 8601."""
    found: dict[str, Any] = {"database": "failing", "broker": "failing"}
    found |= {"last_load": None, "last_score": None, "landing_backlog": None}
    try:
        # In a thread of its own: a server that does not answer at all must not take this answer with it.
        found |= _threads.submit(_look).result(timeout=PATIENCE)
    except TimeoutError:
        logger.warning("The health check took longer than %s s", PATIENCE)
    is_well = found["database"] == found["broker"] == "ok"
    answer = {"status": "ok" if is_well else "failing"} | found | {"version": plsapp.__version__}
    return JsonResponse(answer, status=200 if is_well else 503)


def _look() -> dict[str, Any]:
    """What could be found out. The reasons of a failure go to the log: they may hold addresses."""
    found: dict[str, Any] = {}
    try:
        loaded = LoadState.objects.values_list("loaded_at", flat=True).first()
        scored = ScoringRun.objects.filter(state=ScoringRun.State.DONE).aggregate(at=Max("finished_at"))["at"]
        # Counted no further than to where the intake refuses more: 5 ms.
        waiting = Landing.objects.all()[: settings.LANDING_LIMIT + 1].count()
        found |= {"database": "ok", "last_load": loaded, "last_score": scored, "landing_backlog": waiting}
    except Exception:
        logger.warning("The database does not answer", exc_info=True)
    try:
        broker.check()
        found["broker"] = "ok"
    except Exception:
        logger.warning("The broker does not answer", exc_info=True)
    finally:
        connections.close_all()
    return found
