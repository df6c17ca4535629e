"""Accepting that an event is over for good, and taking that back."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import EventType
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from scoring import silence, tasks


@require_POST
def event_silence(request: MemberRequest, event_type_id: int) -> HttpResponse:
    """The event is over; with `undo` in the address it is watched again."""
    is_undo = "undo" in request.GET
    verb = silence.reopen if is_undo else silence.accept
    try:
        found, run = verb(event_type_id=event_type_id, enqueue=tasks.score_all.delay_on_commit)
    except EventType.DoesNotExist:
        raise Http404 from None
    name, undo = {"event": found.name}, ""
    if is_undo and run:
        words = _("%(event)s is watched again. Accounts are being scored with what it fed.") % name
    elif is_undo:
        words = _("%(event)s is watched again.") % name
    else:
        undo = f"{reverse('event_silence', args=[found.pk])}?undo=1"
        words = _("%(event)s is over. Accounts are being scored without it.") if run else _("%(event)s is over.")
        words %= name
    # The page of runs shows how far it is.
    return done(request, to=reverse("runs" if run else "events"), words=words, undo=undo)
