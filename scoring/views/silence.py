"""Accepting that an event is over for good, and taking that back."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import EventType
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from scoring import silence


@require_POST
def event_silence(request: MemberRequest, event_type_id: int) -> HttpResponse:
    """The event is over; with `undo` in the address it is watched again."""
    is_undo = "undo" in request.GET
    try:
        verb = silence.reopen if is_undo else silence.accept
        found = verb(event_type_id=event_type_id)
    except EventType.DoesNotExist:
        raise Http404 from None
    if is_undo:
        words, undo = _("%(event)s is watched again.") % {"event": found.name}, ""
    else:
        words = _("%(event)s is over. Scores count without it from the next run on.") % {"event": found.name}
        undo = f"{reverse('event_silence', args=[found.pk])}?undo=1"
    return done(request, to=reverse("events"), words=words, undo=undo)
