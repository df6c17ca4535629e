"""Whether there is anything to tell on every page: a new definition, a silent event. Most days there is not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from scoring import holding, news
from scoring.expressions import WINDOW


@dataclass(frozen=True)
class Pending:
    has_news: bool
    has_silence: bool


def of(request: Any) -> Pending:
    """Read once a request, by one query."""
    found: Pending | None = getattr(request, "notices", None)
    if found is None:
        now = timezone.now()
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT EXISTS (SELECT FROM scoring_definition WHERE version IS NOT NULL AND published_at > %s),
                       EXISTS (SELECT FROM scoring_silence WHERE since <= %s AND since > %s)
                """,
                [now - dt.timedelta(days=news.DAYS), now.date(), now.date() - WINDOW * holding.DAY],
            )
            found = request.notices = Pending(*cursor.fetchone())
    return found
