"""What members say of somebody's part in a purchase: the form, the buttons that say it at once, and what takes it back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import people, roles
from accounts.models import Account, BuyingRole, Contact, ProductUser, RoleWord
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks.views import fragments

#: What the form sends for "has no part in a purchase": an empty field would be one that was not filled in.
NO_PART = "none"


class RoleForm(forms.Form):
    """`role` is a `BuyingRole` or `NO_PART`."""

    role = forms.ChoiceField(
        label=gettext_lazy("Buying role"),
        choices=[
            ("", "---------"),
            *((value, capfirst(label)) for value, label in BuyingRole.choices),
            (NO_PART, gettext_lazy("None: has no part in it")),
        ],
        error_messages={"required": gettext_lazy("Choose one of the roles.")},
    )
    note = forms.CharField(
        label=gettext_lazy("How you know"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def person_role(request: MemberRequest, user_id: int) -> HttpResponse:
    """The form; POST says the role of a product user, and locks it."""
    person = get_object_or_404(ProductUser.objects.select_related("account"), pk=user_id, erased_at=None)
    return _say(request, person, person.account, people.profile_words(person), {"user_id": user_id})


@require_http_methods(["GET", "HEAD", "POST"])
def contact_role(request: MemberRequest, contact_id: int) -> HttpResponse:
    """The same of a contact, who does not use the product."""
    contact = get_object_or_404(Contact.objects.select_related("account"), pk=contact_id, removed_at=None)
    return _say(request, contact, contact.account, contact.title, {"contact_id": contact_id})


@require_http_methods(["GET", "POST"])
def role_withdraw(request: MemberRequest, word_id: int) -> HttpResponse:
    """Takes a word back."""
    word = get_object_or_404(RoleWord.objects.select_related("user", "contact"), pk=word_id)
    to = fragments.back(request, reverse("buyers"))
    if request.method == "GET":  # whoever had to sign in first arrives here: nothing is done
        return redirect(to)
    roles.withdraw(word_id=word_id, member=request.user)
    return done(
        request, to=to, words=_("What was said of %(name)s is taken back.") % {"name": word.user or word.contact}
    )


def _say(
    request: MemberRequest, who: ProductUser | Contact, account: Account | None, title: str, whose: dict[str, int]
) -> HttpResponse:
    otherwise = reverse("account_people", args=[account.pk]) if account else reverse("buyers")
    to = fragments.back(request, otherwise)
    kind, word = next(iter(whose)).removesuffix("_id"), roles.standing(**_ids(whose))
    said = next(iter(word.values()), None)
    form = RoleForm(
        request.POST if request.method == "POST" else None,
        initial={"role": (said.role or NO_PART) if said else who.buying_role, "note": said.note if said else ""},
    )
    if request.method == "POST" and form.is_valid():
        role = form.cleaned_data["role"]
        try:
            made = roles.say(
                member=request.user,
                role="" if role == NO_PART else role,
                note=form.cleaned_data["note"],
                user_id=whose.get("user_id"),
                contact_id=whose.get("contact_id"),
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            undo = reverse("role_withdraw", args=[made.pk])
            return done(request, to=to, words=words(who, made), undo=undo)
    context: dict[str, Any] = {
        "form": form,
        "verb": "role",
        "title": _("Buying role"),
        "subject": f"{who}, {title}" if title else str(who),
        "action": request.path,
        "back": to,
        "submit": _("Save"),
        "kind": kind,
    }
    name = "playbooks/verb.html" + ("#form" if request.htmx else "")
    return render(request, name, context, status=422 if form.errors else 200)


def words(who: ProductUser | Contact, word: RoleWord) -> str:
    """What happens next, in a sentence."""
    if word.role == BuyingRole.ECONOMIC_BUYER:
        return _("%(name)s is confirmed as the buyer. The account is routed anew in a few seconds.") % {"name": who}
    if not word.role:
        return _("%(name)s has no buying role. The account is routed anew in a few seconds.") % {"name": who}
    return _("%(name)s: %(role)s, by your word.") % {"name": who, "role": word.get_role_display()}


def _ids(whose: dict[str, int]) -> dict[str, list[int]]:
    return {f"{name}s": [id_] for name, id_ in whose.items()}
