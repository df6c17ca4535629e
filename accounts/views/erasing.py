"""Erasing a person for good: look for an e-mail or an id, see what would go, and say it once more."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.erasing import verbs
from accounts.models import Membership, ProductUser
from accounts.views.answers import done
from accounts.views.requests import MemberRequest


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: MemberRequest) -> HttpResponse:
    """`q`: an e-mail or an id, posted, so that it is in no address and no log; `person`: the id of a product user.

    POST with `q` and the same again in `confirm` erases.
    """
    said = request.POST if request.method == "POST" else request.GET
    wanted = said.get("q", "").replace("\x00", "").strip()[:254] or _words_of(request.GET.get("person", ""))
    problem = ""
    if "confirm" in request.POST:
        if said.get("confirm", "").strip().lower() != wanted.lower() or not wanted:
            problem = _("confirm: type exactly what you looked for. Nothing was erased.")
        else:
            erased = verbs.erase(said=wanted, member=request.user)
            words = _in_words(erased) if not erased.is_nothing else _("Nobody is known by that: nothing was erased.")
            return done(request, to=reverse("erase"), words=words, kind="warning" if erased.is_nothing else "success")
    known = verbs.find(wanted) if wanted else None
    context = {
        "q": wanted,
        "known": known,
        "spaces": Membership.objects.filter(user__in=[one.pk for one in known.people]).count() if known else 0,
        "problem": problem,
        "confirm": said.get("confirm", ""),
    }
    return render(request, "accounts/erase.html", context, status=422 if problem else 200)


def _words_of(person: str) -> str:
    """What a product user is found by: the e-mail, else the id."""
    if not (person.isascii() and person.isdigit() and len(person) < 19):
        return ""
    found = ProductUser.objects.filter(pk=int(person)).exclude(key__startswith=verbs.ERASED).first()
    return (found.email or found.key[2:]) if found else ""


def _in_words(erased: verbs.Erased) -> str:
    """What went, never whom."""
    people = ngettext("%(n)d person", "%(n)d people", erased.people) % {"n": erased.people}
    contacts = ngettext("%(n)d contact", "%(n)d contacts", erased.contacts) % {"n": erased.contacts}
    messages = ngettext("%(n)d request", "%(n)d requests", erased.waiting + erased.set_aside) % {
        "n": erased.waiting + erased.set_aside
    }
    told = {"people": people, "contacts": contacts, "messages": messages}
    return _("Erased: %(people)s, %(contacts)s, and what %(messages)s said of them.") % told
