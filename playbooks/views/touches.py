"""Touches and next steps of a queue item: their quick forms, also as pages of their own, and what takes them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.views.requests import MemberRequest
from playbooks import steps, touches
from playbooks.models import QueueItem, Step, Touch
from playbooks.refused import Refused
from playbooks.touch_forms import PostponeForm, StepForm, TouchForm
from playbooks.views import fragments
from playbooks.views.fragments import place_of


@require_http_methods(["GET", "HEAD", "POST"])
def touch(request: MemberRequest, item_id: int) -> HttpResponse:
    """The form; POST logs a touch. What is wrong is told at its field, and nothing that was typed is lost."""
    item = _item(item_id)
    if not _may_write(request, item):
        return redirect(place_of(item))
    form = TouchForm(request.POST if request.method == "POST" else None, item=item)
    if request.method == "POST" and form.is_valid():
        try:
            made = touches.log(item_id=item_id, member=request.user, **form.said)
        except Refused as refused:
            _take(form, refused)
        else:
            words = _("Logged: %(kind)s with %(account)s.") % {
                "kind": made.get_kind_display(),
                "account": item.called,
            }
            undo = reverse("queue_touch_remove", args=[made.pk])
            return told(request, item, words, undo)
    return _form(request, "touch", item, form, _("Log a touch"))


@require_http_methods(["GET", "HEAD", "POST"])
def step(request: MemberRequest, item_id: int) -> HttpResponse:
    """The form; POST adds a next step."""
    item = _item(item_id)
    if not _may_write(request, item):
        return redirect(place_of(item))
    form = StepForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = steps.add(item_id=item_id, member=request.user, text=form.cleaned_data["text"], due_at=form.moment)
        except Refused as refused:
            _take(form, refused)
        else:
            words = _("Next step for %(account)s: %(text)s") % {"account": item.called, "text": made.text}
            return told(request, item, words, reverse("queue_step_drop", args=[made.pk]))
    return _form(request, "step", item, form, _("Next step"))


@require_http_methods(["GET", "HEAD", "POST"])
def step_due(request: MemberRequest, step_id: int) -> HttpResponse:
    """The form; POST gives a step another date."""
    found = get_object_or_404(Step.objects.select_related("item__account"), pk=step_id)
    item = found.item
    if not _may_write(request, item):
        return redirect(place_of(item))
    form = PostponeForm(request.POST if request.method == "POST" else None, initial={"due_at": found.due_at})
    if request.method == "POST" and form.is_valid():
        try:
            steps.postpone(step_id=step_id, member=request.user, due_at=form.moment)
        except Refused as refused:
            _take(form, refused)
        else:
            return told(request, item, _("The step has another date: %(text)s") % {"text": found.text})
    return _form(request, "step", item, form, _("Another date: %(text)s") % {"text": found.text})


@require_http_methods(["GET", "POST"])
def touch_remove(request: MemberRequest, touch_id: int) -> HttpResponse:
    return _act(request, Touch, touch_id, touches.remove, _("The touch is taken away."), undo="queue_touch_back")


@require_http_methods(["GET", "POST"])
def touch_back(request: MemberRequest, touch_id: int) -> HttpResponse:
    return _act(request, Touch, touch_id, touches.put_back, _("The touch is there again."), undo="queue_touch_remove")


@require_http_methods(["GET", "POST"])
def step_done(request: MemberRequest, step_id: int) -> HttpResponse:
    return _act(request, Step, step_id, steps.complete, _("Done: %(text)s"), undo="queue_step_reopen")


@require_http_methods(["GET", "POST"])
def step_drop(request: MemberRequest, step_id: int) -> HttpResponse:
    return _act(request, Step, step_id, steps.drop, _("Dropped: %(text)s"), undo="queue_step_reopen")


@require_http_methods(["GET", "POST"])
def step_reopen(request: MemberRequest, step_id: int) -> HttpResponse:
    return _act(request, Step, step_id, steps.reopen, _("To be done again: %(text)s"))


def told(request: MemberRequest, item: QueueItem, words: str, undo: str = "") -> HttpResponse:
    to = fragments.back(request, place_of(item))
    return fragments.told(request, item.pk, words=words, undo=undo, to=to)


def _act(
    request: MemberRequest,
    model: type[Touch] | type[Step],
    row_id: int,
    verb: Callable[..., Any],
    words: str,
    undo: str = "",
) -> HttpResponse:
    found: Any = get_object_or_404(model._default_manager.select_related("item"), pk=row_id)
    if request.method == "GET":  # whoever had to sign in first arrives here: nothing is done, the item is shown
        return redirect(place_of(found.item))
    verb(**{f"{model.__name__.lower()}_id": row_id, "member": request.user})
    said = words % {"text": getattr(found, "text", "")}
    return told(request, found.item, said, reverse(undo, args=[row_id]) if undo else "")


def _item(item_id: int) -> QueueItem:
    return get_object_or_404(QueueItem.objects.select_related("account"), pk=item_id)


def _may_write(request: MemberRequest, item: QueueItem) -> bool:
    """The form is for those who work the motion; others are shown the item. Raises `PermissionDenied` when something is sent."""
    if access.can(request.user, "work", item):
        return True
    if request.method == "POST":
        raise PermissionDenied
    return False


def _take(form: forms.Form, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, refused.words)


def _form(request: MemberRequest, kind: str, item: QueueItem, form: forms.Form, title: str) -> HttpResponse:
    """The page of a form; to htmx the form alone, which takes the place of the one that was sent."""
    context = {
        "form": form,
        "verb": kind,
        "title": title,
        "subject": item.called,
        "action": request.path,
        "back": fragments.back(request, place_of(item)),
        "submit": _("Log") if kind == "touch" else _("Save"),
    }
    name = "playbooks/verb.html" + ("#form" if request.htmx else "")
    return render(request, name, context, status=422 if form.errors else 200)
