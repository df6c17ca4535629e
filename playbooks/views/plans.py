"""Activation plans and contacts of queue items: their quick forms, also as pages of their own, and what takes them back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import access
from accounts.models import Contact
from accounts.views.requests import MemberRequest
from playbooks import contacts, plans
from playbooks.models import QueueItem
from playbooks.plan_forms import ContactForm, LineForm, PlanForm
from playbooks.refused import Refused
from playbooks.views import fragments
from playbooks.views.fragments import place_of


@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: MemberRequest, item_id: int) -> HttpResponse:
    """The ways to PQA to choose from; POST makes the plan of `way`, the cheapest when none is named."""
    item = _item(item_id)
    if not _may_write(request, item):
        return redirect(place_of(item))
    is_quick = request.method == "POST" and "way" not in request.POST
    found = plans.Paths() if is_quick else plans.ways(item)
    form = PlanForm(request.POST if request.method == "POST" else None, found=found, initial={"way": "0"})
    if not found.paths and not is_quick:
        form = PlanForm({}, found=found)
        form.add_error(None, found.problem or _("It qualifies already: there is nothing left to plan."))
        return _form(request, "plan", item, form, _("Plan"), submit=_("Make the plan"), status=200)
    if request.method == "POST" and (is_quick or form.is_valid()):
        try:
            made = plans.make(
                item_id=item_id, member=request.user, way=0 if is_quick else int(form.cleaned_data["way"])
            )
        except Refused as refused:
            if is_quick:
                return _told(request, item, refused.words, won=False)
            _take(form, refused)
        else:
            words = ngettext("The plan has %(n)d line.", "The plan has %(n)d lines.", len(made)) % {"n": len(made)}
            return _told(request, item, words, undo=reverse("queue_plan_drop", args=[item_id]))
    return _form(request, "plan", item, form, _("Plan"), submit=_("Make the plan"))


@require_http_methods(["GET", "HEAD", "POST"])
def line(request: MemberRequest, item_id: int) -> HttpResponse:
    """The form; POST adds a line to the plan."""
    item = _item(item_id)
    if not _may_write(request, item):
        return redirect(place_of(item))
    form = LineForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = plans.add(item_id=item_id, member=request.user, **form.said)
        except Refused as refused:
            _take(form, refused)
        else:
            words = _("Added to the plan: %(text)s") % {"text": made.text}
            return _told(request, item, words, undo=reverse("queue_step_drop", args=[made.pk]))
    return _form(request, "line", item, form, _("Add to the plan"), submit=_("Add"))


@require_http_methods(["GET", "POST"])
def plan_drop(request: MemberRequest, item_id: int) -> HttpResponse:
    item = _item(item_id)
    if request.method == "GET":  # whoever had to sign in first arrives here: nothing is done, the item is shown
        return redirect(place_of(item))
    plans.drop(item_id=item_id, member=request.user)
    return _told(request, item, _("The plan is dropped."), undo=reverse("queue_plan_back", args=[item_id]))


@require_http_methods(["GET", "POST"])
def plan_back(request: MemberRequest, item_id: int) -> HttpResponse:
    item = _item(item_id)
    if request.method == "GET":
        return redirect(place_of(item))
    plans.put_back(item_id=item_id, member=request.user)
    return _told(request, item, _("The plan is there again."))


@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: MemberRequest, item_id: int) -> HttpResponse:
    """The form; POST adds a contact. An address of another domain is asked about first."""
    item = _item(item_id)
    if not _may_write(request, item):
        return redirect(place_of(item))
    form = ContactForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = contacts.add(item_id=item_id, member=request.user, **form.cleaned_data)
        except Refused as refused:
            if isinstance(refused, contacts.Doubt):
                form.doubt()
            _take(form, refused)
        else:
            words = _("%(name)s is a contact of %(account)s now.") % {"name": made, "account": item.account.name}
            if made.buying_role == "economic_buyer":
                words = _("%(words)s With a buyer it is routed anew in a few seconds.") % {"words": words}
            return _told(request, item, words, undo=reverse("queue_contact_remove", args=[item_id, made.pk]))
    return _form(request, "contact", item, form, _("Add a contact"), submit=_("Add"))


@require_http_methods(["GET", "POST"])
def contact_remove(request: MemberRequest, item_id: int, contact_id: int) -> HttpResponse:
    item = _item(item_id)
    get_object_or_404(Contact, pk=contact_id, account=item.account_id)
    if request.method == "GET":
        return redirect(place_of(item))
    gone = contacts.remove(item_id=item_id, contact_id=contact_id, member=request.user)
    undo = reverse("queue_contact_back", args=[item_id, contact_id])
    return _told(request, item, _("%(name)s is taken away.") % {"name": gone}, undo=undo)


@require_http_methods(["GET", "POST"])
def contact_back(request: MemberRequest, item_id: int, contact_id: int) -> HttpResponse:
    item = _item(item_id)
    get_object_or_404(Contact, pk=contact_id, account=item.account_id)
    if request.method == "GET":
        return redirect(place_of(item))
    back = contacts.put_back(item_id=item_id, contact_id=contact_id, member=request.user)
    return _told(request, item, _("%(name)s is there again.") % {"name": back})


def _told(request: MemberRequest, item: QueueItem, words: str, *, undo: str = "", won: bool = True) -> HttpResponse:
    to = fragments.back(request, place_of(item))
    return fragments.told(request, item.pk, words=words, undo=undo, won=won, to=to)


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


def _form(
    request: MemberRequest,
    kind: str,
    item: QueueItem,
    form: forms.Form,
    title: str,
    *,
    submit: str,
    status: int | None = None,
) -> HttpResponse:
    """The page of a form; to htmx the form alone, which takes the place of the one that was sent."""
    context: dict[str, Any] = {
        "form": form,
        "verb": kind,
        "title": title,
        "subject": item.called,
        "action": request.path,
        "back": fragments.back(request, place_of(item)),
        "submit": submit,
    }
    name = "playbooks/verb.html" + ("#form" if request.htmx else "")
    return render(request, name, context, status=status or (422 if form.errors else 200))
