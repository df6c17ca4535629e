"""What sales is told in the app: that another version came into force. Dismissed, it stays away until the next version."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from scoring import definitions

DAYS = 7
SEEN = "definition_seen"


def of(session: Any) -> definitions.News | None:
    """The version that came into force within a week, unless the member of this session dismissed it."""
    found = definitions.news(timezone.now() - dt.timedelta(days=DAYS))
    return None if found is None or session.get(SEEN, 0) >= found.version else found


def dismiss(session: Any) -> None:
    session[SEEN] = definitions.published().version
