"""The people of this app."""

from __future__ import annotations

import logging

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import members as verbs
from accounts.forms import MemberForm, NewMemberForm, take_errors
from accounts.models import Member
from accounts.views.answers import done, with_query
from accounts.views.requests import MemberRequest

log = logging.getLogger(__name__)
SHOWN_ONCE = "set_password_link"


@require_http_methods(["GET", "HEAD", "POST"])
def members(request: MemberRequest) -> HttpResponse:
    """The list; POST adds a member and sends the set-password link."""
    form = NewMemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = verbs.add(**form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            return _send_link(request, made, added=True)
    context = {"form": form, "rows": Member.objects.order_by("-is_active", "name", "email")}
    return render(request, "accounts/members.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def member(request: MemberRequest, member_id: int) -> HttpResponse:
    """One member. POST with `action` save, deactivate, reactivate or link."""
    found = get_object_or_404(Member, pk=member_id)
    form = MemberForm(initial={"name": found.name, "role": found.role, "weekly_capacity": found.weekly_capacity})
    problem = ""
    if request.method == "POST":
        said = request.POST if "action" in request.POST else request.GET
        form = MemberForm(said if said.get("action") == "save" else None, initial=form.initial)
        try:
            answer = _act(request, found, said.get("action", ""), form)
        except Member.DoesNotExist:
            raise Http404 from None
        except ValidationError as error:
            if form.is_bound:
                take_errors(form, error)
            else:
                problem = " ".join(error.messages)
        else:
            if answer is not None:
                return answer
    link = request.session.pop(SHOWN_ONCE, None) if request.method == "GET" else None
    context = {
        "member": found,
        "form": form,
        "problem": problem,
        "link": link["url"] if link and link["member"] == member_id else "",
        "is_oneself": found.pk == request.user.pk,
    }
    is_wrong = bool(problem or (form.is_bound and form.errors))
    return render(request, "accounts/member.html", context, status=422 if is_wrong else 200)


def _act(request: MemberRequest, found: Member, action: str, form: MemberForm) -> HttpResponse | None:
    here = reverse("member", args=[found.pk])
    match action:
        case "save":
            if not form.is_valid():
                return None
            changed = verbs.change(member_id=found.pk, **form.cleaned_data)
            undo = with_query(
                here, action="save", name=found.name, role=found.role, weekly_capacity=found.weekly_capacity
            )
            return done(request, to=here, words=_("%(member)s is saved.") % {"member": changed}, undo=undo)
        case "deactivate":
            verbs.deactivate(member_id=found.pk, actor=request.user)
            words = _("%(member)s cannot sign in any more.") % {"member": found}
            return done(request, to=here, words=words, undo=with_query(here, action="reactivate"))
        case "reactivate":
            verbs.reactivate(member_id=found.pk)
            return done(request, to=here, words=_("%(member)s can sign in again.") % {"member": found})
        case "link":
            if not found.is_active:
                raise ValidationError(_("Reactivate the member first."))
            return _send_link(request, found, added=False)
    raise ValidationError(_("action: must be save, deactivate, reactivate or link."))


def _send_link(request: MemberRequest, found: Member, *, added: bool) -> HttpResponse:
    """Mails the set-password link. Where no mail leaves this machine, the admin sees it once to hand it on."""
    adapter = get_adapter(request)
    uid, token = user_pk_to_url_str(found), default_token_generator.make_token(found)
    url = adapter.get_reset_password_from_key_url(f"{uid}-{token}")
    context = {"user": found, "password_reset_url": url, "uid": uid, "key": token, "request": request}
    is_sent = True
    try:
        adapter.send_password_reset_mail(found, found.email, context)
    except OSError:  # smtplib's errors are OSErrors too
        log.exception("The set-password link could not be sent")
        is_sent = False
    is_handed = not is_sent or settings.EMAIL_BACKEND.endswith(".console.EmailBackend")
    if is_handed:
        request.session[SHOWN_ONCE] = {"member": found.pk, "url": url}
    if not is_sent:
        words = _("The e-mail to %(email)s could not be sent: hand on the link below.") % {"email": found.email}
    elif is_handed and added:
        words = _("%(member)s is added. Hand on the link below.") % {"member": found}
    elif is_handed:
        words = _("Hand on the link below.")
    elif added:
        words = _("%(member)s is added; the set-password link went to %(email)s.") % {
            "member": found,
            "email": found.email,
        }
    else:
        words = _("A set-password link went to %(email)s.") % {"email": found.email}
    to = reverse("member", args=[found.pk])
    return done(request, to=to, words=words, kind="success" if is_sent else "warning")
