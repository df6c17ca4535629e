"""What is done to queue items: at once, by a quick form, to several, and back again.

Each form is a page of its own; to htmx it is the fragment that the page's dialog shows. A lost race is 409 and says who did what,
with the form as it was sent; what is wrong in a form is 422.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access
from accounts.views.requests import MemberRequest
from playbooks import plans
from playbooks.feedback import answers
from playbooks.filters import QueueFilter
from playbooks.models import QueueItem, QueueItemEvent
from playbooks.refused import Refused
from playbooks.screens import queue as screen
from playbooks.verbs import transitions, undo, verbs
from playbooks.verbs.forms import FORMS, AnswerForm, VerbForm, ready_answer
from playbooks.views import fragments

#: Verbs after which the next account opens, and those whose account is then asked about.
CLOSING = frozenset({"finish", "disqualify"})
ONWARD = CLOSING | {"snooze", "give_back"}
URLS = {"finish": "queue_done", "give_back": "queue_return"}


@require_http_methods(["GET", "POST"])
def act(request: MemberRequest, item_id: int, verb: str) -> HttpResponse:
    """A verb that needs no words: done, then told."""
    if request.method == "GET":  # whoever had to sign in first arrives here: nothing is done, the item is shown
        return redirect(fragments.place_of(_item(item_id)))
    outcome = _do(verb, item_id, request)
    if verb == "claim" and outcome.won:
        plans.begin(item_id)
    return fragments.told(
        request,
        item_id,
        words=verbs.in_words(verb, outcome),
        undo=_undo_of(outcome),
        won=outcome.won,
        to=fragments.back(request, fragments.place_of(outcome.item)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: MemberRequest, item_id: int, verb: str) -> HttpResponse:
    """The form of a verb; POST does it."""
    item = _item(item_id)
    if not access.can(request.user, "work", item):
        if request.method == "POST":
            raise PermissionDenied
        return redirect(fragments.place_of(item))
    if request.method != "POST":
        return _asked(request, item, verb)
    form = _form(verb, request, item)
    if form.is_valid():
        try:
            outcome = _do(verb, item_id, request, **form.said)
        except Refused as refused:
            _take(form, refused)
        else:
            if outcome.won:
                return _done(request, verb, outcome)
            return _page(request, verb, form, item=outcome.item, lost=verbs.in_words(verb, outcome), status=409)
    return _page(request, verb, form, item=item, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: MemberRequest, item_id: int) -> HttpResponse:
    """Was the account worth the time? Asked after it is closed; Escape or the link leave it open."""
    item = _item(item_id)
    if not access.can(request.user, "work", item):
        if request.method == "POST":
            raise PermissionDenied
        return redirect(fragments.place_of(item))
    if request.method != "POST":
        return _page(request, "answer", _answer_form(request, item), item=item)
    form = _form("answer", request, item)
    if form.is_valid():
        try:
            answers.give(item_id=item_id, member=request.user, **form.said)
        except Refused as refused:
            _take(form, refused)
        else:
            words = _("Thank you. What you answer about %(account)s teaches the score.") % {"account": item.called}
            return fragments.told(request, item_id, words=words, to=fragments.back(request, fragments.place_of(item)))
    return _page(request, "answer", form, item=item, status=422)


@require_http_methods(["GET", "POST"])
def take_back(request: MemberRequest, event_id: int) -> HttpResponse:
    """Undoes one event of an item."""
    event = get_object_or_404(QueueItemEvent.objects.select_related("item"), pk=event_id)
    if request.method == "GET":
        return redirect(fragments.place_of(event.item))
    outcome = undo.undo(event_id=event_id, member=request.user)
    return fragments.told(
        request,
        outcome.item.pk,
        words=verbs.in_words("undo", outcome),
        won=outcome.won,
        then=fragments.OPEN if outcome.won else "",
        to=fragments.back(request, fragments.place_of(outcome.item)),
    )


# Several at once -----------------------------------------------------------------------------------------------------


@require_POST
def bulk(request: MemberRequest, motion: str) -> HttpResponse:
    """A verb on all that are selected, or on all that `match` a list's query string, a thousand at most.

    A verb with a form is asked about first; `confirmed` says that it was.
    """
    if not access.can(request.user, "work", screen.Worked(motion)):
        raise PermissionDenied
    verb = request.POST.get("verb", "")
    allowed = {"claim", "snooze", "disqualify"} | ({"assign"} if access.can(request.user, "administer") else set())
    if verb not in allowed:
        raise PermissionDenied
    ids = list(dict.fromkeys(int(said) for said in request.POST.getlist("ids") if said.isascii() and said.isdigit()))
    ids = [id_ for id_ in ids if id_ < 2**63][: verbs.MOST]
    here = fragments.back(request, reverse("queue_motion", args=[motion]))
    match = request.POST.get("match", "")[:600]
    try:
        wanted = _matched(match, motion, request) if match else _of_motion(ids, motion)
    except Refused as refused:
        return fragments.told_of_many(request, motion, ids, words=refused.words, won=False, to=here)
    if not (wanted if match else ids):
        words = _("Select accounts first: by their boxes, or with the space bar.")
        return fragments.told_of_many(request, motion, [], words=words, won=False, to=here)
    said: dict[str, Any] = {}
    form: VerbForm | None = None
    if verb in FORMS:
        is_confirmed = request.POST.get("confirmed") == "1"
        form = FORMS[verb][0](
            request.POST if is_confirmed else None, item=None, motion=motion, member=request.user, auto_id="bulk_%s"
        )
        if not is_confirmed or not form.is_valid():
            status = 422 if is_confirmed else 200
            return _page(request, verb, form, ids=ids, n=len(wanted), match=match, motion=motion, status=status)
        said = form.said
    try:
        many = verbs.many(verb, item_ids=wanted, member=request.user, most=screen.MOST_MATCHED, **said)
    except Refused as refused:
        if form is None:
            return fragments.told_of_many(request, motion, ids, words=refused.words, won=False, to=here)
        _take(form, refused)
        return _page(request, verb, form, ids=ids, n=len(wanted), match=match, motion=motion, status=422)
    return fragments.told_of_many(
        request,
        motion,
        [*many.won, *many.lost],
        words=many_in_words(verb, many),
        undo=reverse("queue_undo_batch", args=[many.batch]) if many.won else "",
        won=bool(many.won),
        to=here,
        then=fragments.ONWARD if verb in ONWARD else "",
    )


@require_http_methods(["GET", "POST"])
def take_back_batch(request: MemberRequest, batch: uuid.UUID) -> HttpResponse:
    """Undoes all that was done at once."""
    event = QueueItemEvent.objects.filter(batch=batch).select_related("item").first()
    if event is None:
        raise Http404
    motion = event.item.motion
    if request.method == "GET":
        return redirect("queue_motion", motion=motion)
    many = undo.undo_batch(batch=batch, member=request.user)
    return fragments.told_of_many(
        request,
        motion,
        [*many.won, *many.lost],
        words=many_in_words("undo", many),
        won=bool(many.won),
        to=fragments.back(request, reverse("queue_motion", args=[motion])),
    )


def many_in_words(verb: str, many: verbs.Many) -> str:
    """`"12 claimed. 2 were not: Ana Diaz claimed Acme 2 minutes ago. …"`: the first three of what was lost are told whole."""
    done = {
        "claim": ngettext("%(n)d claimed.", "%(n)d claimed.", len(many.won)),
        "snooze": ngettext("%(n)d snoozed.", "%(n)d snoozed.", len(many.won)),
        "disqualify": ngettext("%(n)d disqualified.", "%(n)d disqualified.", len(many.won)),
        "assign": ngettext("%(n)d assigned.", "%(n)d assigned.", len(many.won)),
        "undo": ngettext("%(n)d undone.", "%(n)d undone.", len(many.won)),
    }[verb] % {"n": len(many.won)}
    if not many.lost:
        return done
    owners: dict[str, int] = {}
    told = []
    for outcome in many.lost.values():
        if outcome.reason == "taken" and outcome.item.owner is not None:
            name = str(outcome.item.owner)
            owners[name] = owners.get(name, 0) + 1
        else:
            told.append(verbs.in_words(verb, outcome))
    taken = [
        ngettext("%(n)d was taken by %(who)s.", "%(n)d were taken by %(who)s.", n) % {"n": n, "who": who}
        for who, n in owners.items()
    ]
    rest = len(told) - 3
    more = [ngettext("%(n)d more was not.", "%(n)d more were not.", rest) % {"n": rest}] if rest > 0 else []
    return " ".join([done, *taken, *told[:3], *more])


# Parts ---------------------------------------------------------------------------------------------------------------


def _item(item_id: int) -> QueueItem:
    return get_object_or_404(QueueItem.objects.select_related("account", "owner", "closed_by"), pk=item_id)


def _of_motion(ids: list[int], motion: str) -> list[int]:
    return list(QueueItem.objects.filter(pk__in=ids, motion=motion).values_list("pk", flat=True))


def _matched(match: str, motion: str, request: MemberRequest) -> list[int]:
    """Raises `Refused` when a filter is not understood: what was meant is not guessed."""
    wanted = QueueFilter.read(motion, QueryDict(match.removeprefix("?")))
    if wanted.errors:
        raise Refused("match", " ".join(wanted.errors))
    return screen.matched(wanted, request.user)


def _do(verb: str, item_id: int, request: MemberRequest, **said: Any) -> verbs.Outcome:
    try:
        outcome: verbs.Outcome = getattr(verbs, verb)(item_id=item_id, member=request.user, **said)
    except QueueItem.DoesNotExist:
        raise Http404 from None
    return outcome


def _undo_of(outcome: verbs.Outcome) -> str:
    return reverse("queue_undo", args=[outcome.event_id]) if outcome.won and outcome.event_id else ""


def _form(verb: str, request: MemberRequest, item: QueueItem, initial: Any = None) -> VerbForm:
    sent = request.POST if request.method == "POST" and initial is None else None
    return FORMS[verb][0](sent, item=item, motion=item.motion, member=request.user, initial=initial, auto_id="verb_%s")


def _answer_form(request: MemberRequest, item: QueueItem) -> VerbForm:
    given = answers.of_item(item.pk)
    said = {"verdict": given.verdict, "reason": given.reason, "words": given.words} if given else ready_answer(item)
    return AnswerForm(item=item, motion=item.motion, member=request.user, initial=said, auto_id="verb_%s")


def _asked(request: MemberRequest, item: QueueItem, verb: str) -> HttpResponse:
    """The empty form, or why it is no use: somebody was faster."""
    reason = transitions.refusal(
        verb,
        state=item.state,
        is_owner=item.owner_id == request.user.pk,
        is_admin=access.can(request.user, "administer"),
    )
    if reason:
        words = verbs.in_words(verb, verbs.Outcome(won=False, item=item, reason=reason))
        return fragments.told(request, item.pk, words=words, won=False)
    return _page(request, verb, _form(verb, request, item), item=item)


def _done(request: MemberRequest, verb: str, outcome: verbs.Outcome) -> HttpResponse:
    """Told; after closing an item its answer is asked for, and the next account opens meanwhile."""
    item = outcome.item
    here = fragments.back(request, fragments.place_of(item))
    then = fragments.ONWARD if verb in ONWARD else ""
    form = None
    if verb in CLOSING:
        here = fragments.with_next(reverse("queue_answer", args=[item.pk]), here)
        form = _context(request, "answer", _answer_form(request, item), item=item)
    words = verbs.in_words(verb, outcome)
    return fragments.told(request, item.pk, words=words, undo=_undo_of(outcome), to=here, then=then, form=form)


def _take(form: VerbForm, refused: Refused) -> None:
    names = {"until": "on", "items": None}
    field = names.get(refused.field, refused.field)
    form.add_error(field if field in form.fields else None, refused.words)


def _context(
    request: MemberRequest,
    verb: str,
    form: VerbForm,
    *,
    item: QueueItem | None = None,
    ids: list[int] | None = None,
    n: int = 0,
    match: str = "",
    motion: str = "",
    lost: str = "",
) -> dict[str, Any]:
    otherwise = fragments.place_of(item) if item else reverse("queue_motion", args=[motion])
    if item:
        action, subject = reverse(URLS.get(verb, f"queue_{verb}"), args=[item.pk]), item.called
    else:
        action = reverse("queue_bulk", args=[motion])
        subject = ngettext("%(n)d account", "%(n)d accounts", n) % {"n": n}
    return {
        "form": form,
        "verb": verb,
        "title": FORMS[verb][1],
        "subject": subject,
        "item": item,
        "ids": ids or (),
        "match": match,
        "action": action,
        "back": fragments.back(request, otherwise),
        "lost": lost,
        "selected": request.POST.get("selected", ""),
        "submit": _("Answer") if verb == "answer" else "",
    }


def _page(request: MemberRequest, verb: str, form: VerbForm, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a form; to htmx the form alone."""
    name = "playbooks/verb.html" + ("#form" if request.htmx else "")
    return render(request, name, _context(request, verb, form, **more), status=status)
