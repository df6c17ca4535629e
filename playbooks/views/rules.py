"""How the queues are run: a card a motion, holidays, cool-downs. And how a member works, by himself or by an admin."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import members
from accounts.access import WORKERS
from accounts.forms import take_errors
from accounts.models import Member, Role
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import tasks
from playbooks.assignment import policies
from playbooks.assignment.rule_forms import CoolDownForm, HolidayForm, PolicyForm, WorkForm, of_work, packed
from playbooks.models import Holiday, Motion


@require_http_methods(["GET", "HEAD", "POST"])
def queue_rules(request: MemberRequest) -> HttpResponse:
    """POST with `action` save or cool and a `motion`, holiday_add, or holiday_remove with an `id`."""
    if request.method != "POST":
        return _page(request)
    said = request.POST if "action" in request.POST else request.GET
    action, motion = said.get("action", ""), said.get("motion", "")
    if action in ("save", "cool") and motion not in WORKERS:
        raise Http404
    match action:
        case "save":
            return _save(request, said, motion)
        case "cool":
            return _cool(request, said, motion)
        case "holiday_add":
            return _add_holiday(request, said)
        case "holiday_remove":
            return _remove_holiday(request, said.get("id", ""))
    raise Http404


@require_http_methods(["GET", "HEAD", "POST"])
def own_work(request: MemberRequest) -> HttpResponse:
    return _work(request, request.user, reverse("own_work"), "playbooks/own_work.html")


@require_http_methods(["GET", "HEAD", "POST"])
def member_work(request: MemberRequest, member_id: int) -> HttpResponse:
    """The same by an admin."""
    found = get_object_or_404(Member, pk=member_id)
    return _work(request, found, reverse("member_work", args=[member_id]), "playbooks/member_work.html")


def _save(request: MemberRequest, said: Any, motion: str) -> HttpResponse:
    here, policy = reverse("queue_rules"), policies.of(motion)
    before = packed(_as_said(policy), policies.FIELDS, action="save", motion=motion)
    form = PolicyForm(motion, said, policy=policy)
    if form.is_valid():
        try:
            policies.save(motion=motion, **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            tasks.set_times.delay_on_commit(motion)
            words = _("The rules of %(queue)s are saved.") % {"queue": Motion(motion).label}
            return done(request, to=f"{here}#{motion}", words=words, undo=f"{here}?{before}")
    return _page(request, policy=(motion, form))


def _as_said(policy: Any) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in policies.FIELDS} | {"weekdays": list(policy.weekdays)}


def _cool(request: MemberRequest, said: Any, motion: str) -> HttpResponse:
    here, before = reverse("queue_rules"), policies.cool_downs(motion)
    form = CoolDownForm(motion, said, days=before)
    if form.is_valid():
        policies.set_cool_downs(motion=motion, days=form.cleaned_data)
        undo = f"{here}?{packed(before, before, action='cool', motion=motion)}"
        words = _("The cool-downs of %(queue)s are saved. They count for what is closed from now on.") % {
            "queue": Motion(motion).label
        }
        return done(request, to=f"{here}#{motion}", words=words, undo=undo)
    return _page(request, cool=(motion, form))


def _add_holiday(request: MemberRequest, said: Any) -> HttpResponse:
    here, form = reverse("queue_rules"), HolidayForm(said)
    if form.is_valid():
        try:
            made = policies.add_holiday(**form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            _times_of(made.motion)
            words = _("%(day)s is a holiday.") % {"day": date_format(made.day)}
            return done(request, to=f"{here}#holidays", words=words, undo=f"{here}?action=holiday_remove&id={made.pk}")
    return _page(request, holiday=form)


def _remove_holiday(request: MemberRequest, said: str) -> HttpResponse:
    here = reverse("queue_rules")
    if not (said.isascii() and said.isdigit() and len(said) < 19):
        raise Http404
    try:
        was = policies.remove_holiday(holiday_id=int(said))
    except Holiday.DoesNotExist:
        return done(request, to=f"{here}#holidays", words=_("That holiday was removed already."), kind="warning")
    _times_of(was.motion)
    words = _("%(day)s is a working day again.") % {"day": date_format(was.day)}
    fields = {"day": was.day, "name": was.name, "motion": was.motion}
    undo = f"{here}?{packed(fields, fields, action='holiday_add')}"
    return done(request, to=f"{here}#holidays", words=words, undo=undo)


def _times_of(motion: str) -> None:
    for one in [motion] if motion else WORKERS:
        tasks.set_times.delay_on_commit(one)


def _page(
    request: MemberRequest,
    *,
    policy: tuple[str, PolicyForm] | None = None,
    cool: tuple[str, CoolDownForm] | None = None,
    holiday: HolidayForm | None = None,
) -> HttpResponse:
    stored = policies.all_of()
    cards = []
    for motion in WORKERS:
        form = PolicyForm(motion, policy=stored[motion])
        cools = CoolDownForm(motion, days=policies.cool_downs(motion))
        cards.append(
            {
                "motion": motion,
                "label": Motion(motion).label,
                "is_automatic": stored[motion].is_automatic,
                "form": policy[1] if policy and policy[0] == motion else form,
                "cool": cool[1] if cool and cool[0] == motion else cools,
                "is_open": bool(policy and policy[0] == motion),
                "cool_is_open": bool(cool and cool[0] == motion),
            }
        )
    context = {
        "cards": cards,
        "holiday_form": holiday or HolidayForm(),
        "holidays": Holiday.objects.order_by("day", "motion"),
        "zones": members.time_zones(),
    }
    is_wrong = policy or cool or holiday
    return render(request, "playbooks/rules.html", context, status=422 if is_wrong else 200)


def _work(request: MemberRequest, member: Member, here: str, template: str) -> HttpResponse:
    before = of_work(policies.work_settings([member.pk])[member.pk])
    form = WorkForm(initial=before)
    if request.method == "POST":
        form = WorkForm(request.POST if "action" in request.POST else request.GET, initial=before)
        if form.is_valid():
            try:
                policies.save_work(member=member, **form.cleaned_data)
            except ValidationError as error:
                take_errors(form, error)
            else:
                undo = f"{here}?{packed(before, before, action='save')}"
                return done(request, to=here, words=_("Saved: what %(member)s gets.") % {"member": member}, undo=undo)
    gets = [str(Motion(motion).label) for motion, roles in WORKERS.items() if member.role in roles - {Role.ADMIN}]
    context = {"member": member, "form": form, "queue": gets[0] if gets else ""}
    return render(request, template, context, status=422 if form.errors else 200)
