"""`/healthz`: whether the app can do its work, for load balancers, monitors and `manage.py up`."""

from __future__ import annotations

import datetime as dt
import logging
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models import Max
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

import plsapp
from accounts.ladder import deciding
from accounts.models import Landing, LoadState
from playbooks import lead_guard
from plsapp import broker
from scoring.models import ScoringRun

logger = logging.getLogger(__name__)

#: Seconds for the whole answer.
PATIENCE = 1.5
#: A check that hangs keeps its thread until the network gives up; when all hang, the next one fails without waiting more.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when database and broker answer, else 503: `{status, database, broker, last_load, …}`, times in ISO 8601."""
    # In threads of their own: a server that does not answer at all must not take this answer with it.
    looks = {"database": _threads.submit(_look_at_database), "broker": _threads.submit(_look_at_broker)}
    wait(looks.values(), timeout=PATIENCE)
    found: dict[str, Any] = {"database": "failing", "broker": "failing"}
    found |= {"last_load": None, "last_score": None, "full_scoring": None, "landing_backlog": None}
    found |= {"bare_sign_ups_in_sales": None}
    for name, look in looks.items():
        if not look.done():
            look.cancel()
            logger.warning("The %s took longer than %s s to answer", name, PATIENCE)
        elif error := look.exception():
            # Into the log only: it may hold addresses.
            logger.warning("The %s does not answer: %s", name, error)
        else:
            found |= look.result() | {name: "ok"}
    is_well = found["database"] == found["broker"] == "ok"
    answer = {"status": "ok" if is_well else "failing"} | found | {"version": plsapp.__version__}
    return JsonResponse(answer, status=200 if is_well else 503)


def _look_at_database() -> dict[str, Any]:
    try:
        return {
            "last_load": LoadState.objects.values_list("loaded_at", flat=True).first(),
            "last_score": ScoringRun.objects.filter(state=ScoringRun.State.DONE).aggregate(at=Max("finished_at"))["at"],
            "full_scoring": _last_full_run(),
            # Counted no further than to where the intake refuses more: 5 ms.
            "ambiguous_workspaces": deciding.how_many_open(),
            "landing_backlog": Landing.objects.all()[: settings.LANDING_LIMIT + 1].count(),
            # Must be zero. It does not make the app unwell: a load balancer could do nothing about it.
            "bare_sign_ups_in_sales": lead_guard.count(),
        }
    finally:
        connections.close_all()


def _last_full_run() -> str | None:
    """How the last full run of two days ended: `ok` or `failing`, whose reason is on the page of runs."""
    full = ScoringRun.objects.filter(kind="full", started_at__gt=timezone.now() - dt.timedelta(days=2))
    ended = full.exclude(state=ScoringRun.State.RUNNING).order_by("-started_at").values_list("state", flat=True).first()
    return None if ended is None else "ok" if ended == ScoringRun.State.DONE else "failing"


def _look_at_broker() -> dict[str, Any]:
    try:
        broker.check()
    finally:
        connections.close_all()
    return {}
