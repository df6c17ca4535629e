"""What titles say: the admin's rules, the built-in ones, and a box to try a title."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import tasks
from accounts.forms import take_errors
from accounts.models import Department, Seniority, TitleRule
from accounts.personas import again, editing, told
from accounts.personas.forms import RuleForm
from accounts.views.answers import done
from accounts.views.requests import MemberRequest

BADGE = {"seniority": Seniority, "department": Department}


@require_http_methods(["GET", "HEAD", "POST"])
def title_rules(request: MemberRequest) -> HttpResponse:
    """`title` tries one; POST with `action` add, up, down, remove, back or again, and the `id` of a rule."""
    if request.method == "POST":
        return _act(request)
    if request.htmx and "box" in request.GET:
        return render(request, "accounts/title_rules.html#said", {"said": told.of_title(request.GET.get("title", ""))})
    if request.htmx and "run" in request.GET:
        return render(
            request, "accounts/profiling_run.html#run", {"run": again.newest(), "here": reverse("title_rules")}
        )
    return _page(request, RuleForm())


def _act(request: MemberRequest) -> HttpResponse:
    said = request.POST if "action" in request.POST else request.GET
    here, action = reverse("title_rules"), said.get("action", "")
    if action == "add":
        return _add(request, said)
    if action == "again":
        again.begin(by=request.user)
        tasks.profile_again.delay_on_commit()
        return done(request, to=here, words=_("Everybody’s title is looked at again."))
    rule_id = whole_id(said.get("id", ""))
    undo = f"{here}?action={{}}&id={rule_id}"
    try:
        match action:
            case "up" | "down":
                rule = editing.move_rule(rule_id=rule_id, up=action == "up", member=request.user)
                words = _("“%(rule)s” is tried earlier now.") if action == "up" else _("“%(rule)s” is tried later now.")
                undo = undo.format("down" if action == "up" else "up")
            case "remove":
                rule = editing.remove_rule(rule_id=rule_id, member=request.user)
                words, undo = _("The rule “%(rule)s” is removed."), undo.format("back")
            case "back":
                rule = editing.put_rule_back(rule_id=rule_id, member=request.user)
                words, undo = _("The rule “%(rule)s” is there again."), undo.format("remove")
            case _:
                raise Http404
    except TitleRule.DoesNotExist:
        return done(request, to=here, words=_("That rule is gone."), kind="warning")
    except ValidationError as error:
        return done(request, to=here, words=" ".join(error.messages), kind="error")
    tasks.profile_again.delay_on_commit()
    return done(request, to=here, words=words % {"rule": rule}, undo=undo)


def _add(request: MemberRequest, said: Any) -> HttpResponse:
    form, here = RuleForm(said), reverse("title_rules")
    if form.is_valid():
        try:
            rule = editing.add_rule(**form.said(), member=request.user)
        except ValidationError as error:
            take_errors(form, error)
        else:
            tasks.profile_again.delay_on_commit()
            words = _("“%(rule)s” says %(value)s now. Everybody’s title is looked at again.") % {
                "rule": rule,
                "value": BADGE[rule.kind](rule.value).label,
            }
            return done(request, to=f"{here}#profiling-run", words=words, undo=f"{here}?action=remove&id={rule.pk}")
    return _page(request, form)


def _page(request: MemberRequest, form: RuleForm) -> HttpResponse:
    rows = TitleRule.objects.filter(removed_at=None).select_related("created_by").order_by("position", "pk")
    context = {
        "rules": [(row, BADGE[row.kind](row.value).label) for row in rows],
        "form": form,
        "said": told.of_title(request.GET.get("title", "")),
        "built_in": told.built_in(),
        "run": again.newest(),
        "here": reverse("title_rules"),
    }
    return render(request, "accounts/title_rules.html", context, status=422 if form.errors else 200)


def whole_id(said: str) -> int:
    """The id in a form or an address. Raises `Http404`."""
    if said.isascii() and said.isdigit() and len(said) < 19:
        return int(said)
    raise Http404
