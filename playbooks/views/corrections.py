"""Corrections of who belongs to which account: look before, do, undo; and likely merges."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import corrections, tasks
from accounts.corrections import Refused, listing
from accounts.corrections.listing import CorrectionFilter
from accounts.models import Account, Correction, Member, MergeSuggestion
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import exports, following, foreseeing
from playbooks.correction_asks import Ask
from playbooks.screens import corrections as screen
from playbooks.views.saved import file_answer, origin

PAGE, LIKELY = 50, 20


@require_http_methods(["GET", "HEAD", "POST"])
def account_correct(request: MemberRequest, account_id: int) -> HttpResponse:
    """What is wrong with an account: search, look at what would change, and POST to do it."""
    account = get_object_or_404(Account.objects.select_related("merged_into"), pk=account_id)
    if account.merged_into is not None:
        if request.method != "POST":
            return redirect("account", account_id=account.merged_into_id)
        words = _("Nothing was done: %(name)s was merged into %(into)s meanwhile. Correct that one, or undo the merge.")
        told = words % {"name": account.name, "into": account.merged_into.name}
        return done(request, to=reverse("account_correct", args=[account.merged_into_id]), words=told, kind="warning")
    ask = Ask.read(request.POST if request.method == "POST" else request.GET)
    problems, foreseen, is_busy, first = list(ask.problems), None, False, None
    if request.method == "POST" and ask.is_whole:
        try:
            verb, said = ask.verb(account)
            made = following.correct(verb, **said, member=request.user)
        except Refused as refused:
            problems.append(refused.words)
        else:
            return _made(request, made)
    elif ask.is_whole:
        try:
            verb, said = ask.verb(account)
            foreseen = foreseeing.foresee(verb, **said, member=request.user)
        except Refused as refused:
            problems.append(refused.words)
        except foreseeing.Busy:
            is_busy = True
    elif request.method == "POST" and not problems:
        problems.append(_("Choose what is to be corrected first."))
    chosen = Account.objects.filter(pk=ask.other).first() if ask.other is not None else None
    context = {
        "account": account,
        "ask": ask,
        "tabs": screen.tabs(ask),
        "others": screen.others(account, ask.q) if ask.do != "split" else [],
        "chosen": chosen,
        "parts": screen.parts(account, ask),
        "problems": problems,
        "first": first,
        "foreseen": foreseen,
        "lines": screen.lines(foreseen) if foreseen else [],
        "moves": screen.moved_in_words(foreseen.counts) if foreseen else "",
        "consequences": screen.consequences(foreseen) if foreseen else [],
        "is_busy": is_busy,
    }
    return render(request, "playbooks/correct.html", context, status=422 if request.method == "POST" else 200)


def _made(request: MemberRequest, made: Correction) -> HttpResponse:
    words = _("Done: %(what)s. The score follows within seconds.") % {"what": corrections.in_words(made)}
    undo = reverse("correction_undo", args=[made.pk])
    return done(request, to=reverse("account", args=[made.to_account_id]), words=words, undo=undo)


@require_http_methods(["GET", "HEAD", "POST"])
def correction_undo(request: MemberRequest, correction_id: int) -> HttpResponse:
    """Takes one back, whenever it was made."""
    here = reverse("corrections")
    if request.method != "POST":
        get_object_or_404(Correction, pk=correction_id)
        return redirect(here)
    try:
        undone = following.correct(corrections.undo, correction_id=correction_id, member=request.user)
    except Correction.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return done(request, to=here, words=refused.words, kind="warning")
    return done(request, to=here, words=_("Undone: %(what)s.") % {"what": corrections.in_words(undone)})


@require_http_methods(["GET", "HEAD", "POST"])
def correction_list(request: MemberRequest) -> HttpResponse:
    """The list, and likely merges above it. POST looks for those now instead of in the night."""
    if request.method == "POST":
        tasks.suggest_merges.delay_on_commit()
        words = _("Looking for accounts that may be one company. They show here in a minute.")
        return done(request, to=reverse("corrections"), words=words)
    wanted = CorrectionFilter.read(request.GET)
    page = Paginator(wanted.rows(), PAGE).get_page(request.GET.get("page"))
    dismissed = request.GET.get("likely") == "dismissed"
    found = listing.suggestions(dismissed=dismissed)
    context = {
        "filter": wanted,
        "page": page,
        "rows": screen.rows(page.object_list),
        "kinds": Correction.Kind.choices,
        "members": Member.objects.order_by("name", "email"),
        "likely": screen.likely(found[:LIKELY]),
        "likely_in_all": found.count(),
        "dismissed": dismissed,
    }
    return render(request, "playbooks/corrections.html", context)


@require_GET
def corrections_csv(request: MemberRequest) -> HttpResponseBase:
    wanted = CorrectionFilter.read(request.GET)
    rows = wanted.rows()
    heads = [
        *(_("Made"), _("By"), _("Kind"), _("What"), _("From account"), _("To account"), _("People"), _("Workspaces")),
        *(_("Domains"), _("Contacts"), _("Note"), _("Undone"), _("Undone by"), _("Link")),
    ]
    base = origin(request)

    def cells(one: Correction) -> list[object]:
        counts = one.counts or {}  # type: ignore[attr-defined]
        return [
            *(one.made_at, str(one.made_by or ""), str(one.get_kind_display()), corrections.in_words(one)),
            *(one.from_account_id, one.to_account_id, counts.get("people", 0), counts.get("workspaces", 0)),
            *(" ".join(one.domains), counts.get("contacts", 0), one.note, one.undone_at, str(one.undone_by or "")),
            base + reverse("account", args=[one.to_account_id]),
        ]

    found = (cells(one) for one in rows[: exports.MOST].iterator(chunk_size=exports.CHUNK))
    export = exports.Export("corrections", heads, found, max(0, rows.count() - exports.MOST))
    return file_answer(request, export, wanted.errors)


@require_http_methods(["GET", "HEAD", "POST"])
def suggestion_dismiss(request: MemberRequest, suggestion_id: int) -> HttpResponse:
    """These two are not the same company."""
    if request.method != "POST":
        get_object_or_404(MergeSuggestion, pk=suggestion_id)
        return redirect("corrections")
    try:
        found = listing.dismiss(suggestion_id=suggestion_id, member=request.user)
    except MergeSuggestion.DoesNotExist:
        raise Http404 from None
    words = _("%(away)s and %(into)s are two companies.") % {"away": found.account.name, "into": found.into.name}
    return done(request, to=reverse("corrections"), words=words, undo=reverse("suggestion_back", args=[suggestion_id]))


@require_http_methods(["GET", "HEAD", "POST"])
def suggestion_back(request: MemberRequest, suggestion_id: int) -> HttpResponse:
    """The undo of `suggestion_dismiss`."""
    if request.method != "POST":
        get_object_or_404(MergeSuggestion, pk=suggestion_id)
        return redirect("corrections")
    try:
        listing.put_back(suggestion_id=suggestion_id, member=request.user)
    except MergeSuggestion.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return done(request, to=reverse("corrections"), words=refused.words, kind="warning")
    return done(request, to=reverse("corrections"), words=_("It is among the likely merges again."))
