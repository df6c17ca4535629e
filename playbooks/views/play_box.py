"""The play of a queue item: begun, stopped, and its steps logged as touches."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import ProductUser
from accounts.views.answers import with_query
from accounts.views.requests import MemberRequest
from playbooks import steps, touches
from playbooks.models import PlayUse, QueueItem, Step, Touch
from playbooks.plays import plays
from playbooks.refused import Refused
from playbooks.screens import plays as screen
from playbooks.views import fragments
from playbooks.views.fragments import place_of


@require_http_methods(["GET", "HEAD", "POST"])
def play(request: MemberRequest, item_id: int) -> HttpResponse:
    """The play with its words as a page of its own; POST begins the one of `play`."""
    if request.method != "POST":
        item = QueueItem.objects.for_rows().filter(pk=item_id).first()
        if item is None:
            raise Http404
        back = fragments.back(request, place_of(item))
        context = {"box": screen.box(item, request.user), "item": item, "back": back}
        return render(request, "playbooks/play_page.html", context)
    chosen = request.POST.get("play", "")
    item = get_object_or_404(QueueItem.objects.select_related("account"), pk=item_id)
    try:
        use = plays.begin(
            item_id=item_id,
            play_id=int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else 0,
            member=request.user,
        )
    except Refused as refused:
        return _told(request, item, refused.words, won=False)
    words = (
        _("“%(play)s” has begun: its steps are your next steps.")
        if item.owner_id
        else _("“%(play)s” has begun, and %(account)s is yours: its steps are your next steps.")
    ) % {"play": use.play, "account": item.account}
    return _told(request, item, words, undo=reverse("queue_play_stop", args=[use.pk]))


@require_http_methods(["GET", "POST"])
def stop(request: MemberRequest, use_id: int) -> HttpResponse:
    use = get_object_or_404(PlayUse.objects.select_related("item", "play"), pk=use_id)
    if request.method == "GET":  # whoever had to sign in first arrives here: nothing is done, the item is shown
        return redirect(place_of(use.item))
    plays.stop(use_id=use_id, member=request.user)
    words = _("“%(play)s” is stopped; its open steps are dropped.") % {"play": use.play}
    return _told(request, use.item, words, undo=reverse("queue_play_resume", args=[use_id]))


@require_http_methods(["GET", "POST"])
def resume(request: MemberRequest, use_id: int) -> HttpResponse:
    use = get_object_or_404(PlayUse.objects.select_related("item", "play"), pk=use_id)
    if request.method == "GET":
        return redirect(place_of(use.item))
    try:
        plays.resume(use_id=use_id, member=request.user)
    except Refused as refused:
        return _told(request, use.item, refused.words, won=False)
    return _told(request, use.item, _("“%(play)s” goes on.") % {"play": use.play})


@require_http_methods(["GET", "POST"])
def logged(request: MemberRequest, step_id: int) -> HttpResponse:
    """The step was done: its touch is logged with the person it speaks to, and it is ticked."""
    step = get_object_or_404(Step.objects.select_related("item__account", "play_step"), pk=step_id)
    if request.method == "GET":
        return redirect(place_of(step.item))
    to = screen.recipient_of(step)
    named = {} if to is None else {"person_id" if isinstance(to, ProductUser) else "contact_id": to.pk}
    try:
        _step, touch = _logged(request, step, named)
    except Refused as refused:
        return _told(request, step.item, refused.words, won=False)
    words = _("Logged and done: %(text)s") % {"text": step.text}
    undo = with_query(reverse("queue_step_unlogged", args=[step_id]), touch=touch.pk)
    return _told(request, step.item, words, undo=undo)


def _logged(request: MemberRequest, step: Step, named: dict[str, int]) -> tuple[Step, Touch]:
    try:
        return touches.log_step(step_id=step.pk, member=request.user, **named)
    except Refused as refused:
        if refused.field != "who":
            raise
        # Who left the account since is no reason to lose the touch.
        return touches.log_step(step_id=step.pk, member=request.user)


@require_http_methods(["GET", "POST"])
def unlogged(request: MemberRequest, step_id: int) -> HttpResponse:
    """The undo of `logged`: `touch` of the address is taken away and the step is open again."""
    step = get_object_or_404(Step.objects.select_related("item"), pk=step_id)
    if request.method == "GET":
        return redirect(place_of(step.item))
    said = request.GET.get("touch", "")
    touch = Touch.objects.filter(pk=int(said) if said.isascii() and said.isdigit() and len(said) < 19 else 0).first()
    if touch is None or touch.item_id != step.item_id:
        raise PermissionDenied
    touches.remove(touch_id=touch.pk, member=request.user)
    steps.reopen(step_id=step_id, member=request.user)
    return _told(request, step.item, _("To be done again: %(text)s") % {"text": step.text})


def _told(request: MemberRequest, item: QueueItem, words: str, *, undo: str = "", won: bool = True) -> HttpResponse:
    to = fragments.back(request, place_of(item))
    return fragments.told(request, item.pk, words=words, undo=undo, won=won, to=to, play=True)
