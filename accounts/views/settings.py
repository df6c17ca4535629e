"""The way into the settings, and each member's own profile."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import members
from accounts.forms import LIKE_SYSTEM, ProfileForm, take_errors
from accounts.ladder import deciding
from accounts.models import DomainRule, HandRaiseForm, LoadState, Member, Persona, SetAside, Source, TitleRule
from accounts.views.answers import done
from accounts.views.requests import MemberRequest


@require_GET
def settings(request: MemberRequest) -> HttpResponse:
    context = {
        "sources": Source.objects.filter(is_active=True).count(),
        "last_seen_at": Source.objects.aggregate(at=Max("last_seen_at"))["at"],
        "waiting": SetAside.objects.filter(replayed_at=None).count(),
        "ambiguous": deciding.how_many_open(),
        "domain_rules": DomainRule.objects.filter(removed_at=None).count(),
        "title_rules": TitleRule.objects.filter(removed_at=None).count(),
        "personas": Persona.objects.filter(is_active=True, removed_at=None).count(),
        "forms": HandRaiseForm.objects.filter(is_active=True).count(),
        "members": Member.objects.filter(is_active=True).count(),
        "load": LoadState.objects.first(),
    }
    return render(request, "accounts/settings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: MemberRequest) -> HttpResponse:
    member = request.user
    initial = {name: getattr(member, name) for name in ("name", "timezone", "shortcuts")}
    initial["theme"] = member.theme or LIKE_SYSTEM
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        said = form.cleaned_data
        try:
            members.set_profile(
                # Read again, so that what is refused does not show in the head of this very page.
                member=Member.objects.get(pk=member.pk),
                name=said["name"],
                time_zone=said["timezone"],
                theme="" if said["theme"] == LIKE_SYSTEM else said["theme"],
                shortcuts=said["shortcuts"],
            )
        except ValidationError as error:
            take_errors(form, error)
        else:
            return done(request, to=reverse("profile"), words=_("Your profile is saved."))
    context = {"form": form, "zones": members.time_zones()}
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)
