"""Contacts: the list, and one of them added, changed, taken away and put back."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import access
from accounts.contacts import CONFIRMED, book, rating
from accounts.models import BuyingRole, Contact, RoleWord
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import exports
from playbooks.contact_forms import ContactPageForm, initial_of
from playbooks.filters import CONTACT_SORTS, ContactFilter
from playbooks.one_pass import start_of
from playbooks.querysets import contact_sources, contacts_page, rows_of
from playbooks.refused import Refused
from playbooks.screens import contacts as screen
from playbooks.screens import lists
from playbooks.views.fragments import back
from playbooks.views.saved import file_answer, origin
from scoring import buckets

PAGE = 50
SHOWN = ("account__score", "added_by")


@require_GET
def contacts(request: MemberRequest) -> HttpResponse:
    wanted = ContactFilter.read(request.GET)
    number = request.GET.get("page")
    ids = contacts_page(Contact.objects.all(), wanted, start=start_of(number, PAGE), size=PAGE)
    page = Paginator(ids, PAGE).get_page(number)
    found = rows_of(Contact.objects.select_related(*SHOWN), page)
    context = {
        "filter": wanted,
        "page": page,
        "rows": screen.rows(found),
        "buckets": lists.bucket_chips(buckets.of_contacts(), wanted),
        "sources": contact_sources(),
        "roles": [(value, capfirst(label)) for value, label in BuyingRole.choices],
        "may_write": access.can(request.user, "keep_contacts"),
        "here": request.get_full_path(),
        "next_sort": {name: f"-{name}" if wanted.sort == name else name for name in CONTACT_SORTS},
    }
    return render(request, "playbooks/contacts.html", context)


@require_GET
def contacts_csv(request: MemberRequest) -> HttpResponseBase:
    wanted = ContactFilter.read(request.GET)
    return file_answer(request, exports.of_contacts(wanted, origin=origin(request)), wanted.errors)


@require_http_methods(["GET", "HEAD", "POST"])
def contact_new(request: MemberRequest) -> HttpResponse:
    form = ContactPageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = book.add(member=request.user, said=form.said, is_sure=form.cleaned_data["is_sure"])
        except Refused as refused:
            _take(form, refused)
        else:
            buckets.forget()
            return done(request, to=reverse("contacts"), words=_added(made), undo=_address("contact_remove", made))
    return _form(request, form, _("Add a contact"), submit=_("Add"))


@require_http_methods(["GET", "HEAD", "POST"])
def contact_change(request: MemberRequest, contact_id: int) -> HttpResponse:
    rows = Contact.objects.select_related("account", "user").filter(removed_at=None)
    contact = get_object_or_404(rows, pk=contact_id)
    initial = _initial(contact)
    form = ContactPageForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changed = book.change(
                contact_id=contact_id,
                member=request.user,
                said=form.said,
                is_sure=form.cleaned_data["is_sure"],
                last_seen=form.cleaned_data["seen"],
            )
        except Refused as refused:
            _take(form, refused)
        except book.StaleError as late:
            form.is_late(_initial(late.contact))
            return _form(request, form, str(late.contact), submit=_("Save again"), contact=late.contact, status=409)
        else:
            buckets.forget()
            undo = reverse("contact_change_undo", args=[contact_id, changed.undo])
            words = _("%(name)s is saved.") % {"name": changed.contact}
            return done(request, to=reverse("contacts"), words=words, undo=undo)
    return _form(request, form, str(contact), submit=_("Save"), contact=contact)


def _initial(contact: Contact) -> dict[str, Any]:
    """What the form shows of a contact, with what stands for it (`seen`)."""
    word = rating.standing(contacts=[contact.pk]).get(("contact", contact.pk))
    human = word if word is not None and word.source == RoleWord.By.HUMAN else None
    role, sure = (human.role, human.confidence >= CONFIRMED) if human else ("", False)
    return initial_of(contact, role, is_sure=sure) | {"seen": book.seen(contact)}


@require_http_methods(["GET", "HEAD", "POST"])
def contact_change_undo(request: MemberRequest, contact_id: int, token: str) -> HttpResponse:
    """The undo of a change, for a quarter of an hour."""
    get_object_or_404(Contact, pk=contact_id, removed_at=None)
    if request.method != "POST":
        return redirect("contacts")
    try:
        there = book.undo_change(contact_id=contact_id, token=token)
    except Refused as refused:
        return done(request, to=reverse("contacts"), words=refused.words, kind="warning")
    buckets.forget()
    return done(request, to=reverse("contacts"), words=_("%(name)s is as before.") % {"name": there})


@require_http_methods(["GET", "HEAD", "POST"])
def contact_remove(request: MemberRequest, contact_id: int) -> HttpResponse:
    get_object_or_404(Contact, pk=contact_id)
    if request.method != "POST":  # whoever had to sign in first arrives here: nothing is done
        return redirect("contacts")
    gone = book.remove(contact_id=contact_id)
    buckets.forget()
    words = _("%(name)s is taken away.") % {"name": gone}
    return done(request, to=reverse("contacts"), words=words, undo=_address("contact_back", gone))


@require_http_methods(["GET", "HEAD", "POST"])
def contact_back(request: MemberRequest, contact_id: int) -> HttpResponse:
    get_object_or_404(Contact, pk=contact_id)
    if request.method != "POST":
        return redirect("contacts")
    there = book.put_back(contact_id=contact_id)
    buckets.forget()
    return done(request, to=reverse("contacts"), words=_("%(name)s is there again.") % {"name": there})


def _address(name: str, contact: Contact) -> str:
    return reverse(name, args=[contact.pk])


def _added(made: Contact) -> str:
    if made.user_id is not None:
        words = _("%(name)s uses the product already, and is linked to that person.")
    elif made.account is not None:
        words = _("%(name)s is a contact of %(account)s now.")
    else:
        words = _("%(name)s is a contact now, of no company that is known.")
    return words % {"name": made, "account": made.account.name if made.account else ""}


def _take(form: ContactPageForm, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, refused.words)


def _form(
    request: MemberRequest,
    form: ContactPageForm,
    title: str,
    *,
    submit: str,
    contact: Contact | None = None,
    status: int = 422,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "title": title,
        "submit": submit,
        "contact": contact,
        "back": back(request, reverse("contacts")),
    }
    return render(request, "playbooks/contact.html", context, status=status if form.errors else 200)
