"""How a page answers after something was done to a queue item: without htmx by going back with a message, with it by the parts that
changed, read again: the row, the buttons, what was done and is to be done, the counts, and a toast with its undo.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import trigger_client_event

from accounts.models import Role
from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks import columns
from playbooks.filters import QueueFilter
from playbooks.models import Motion, QueueItem
from playbooks.screens import history, tabs
from playbooks.screens import plays as play_screen
from playbooks.screens import queue as screen
from playbooks.screens.actions import actions
from playbooks.verbs import early

#: A role's own queue; product and admin look at sales first.
OWN = {Role.SALES: Motion.SALES, Role.SUCCESS: Motion.SUCCESS, Role.MARKETING: Motion.MARKETING}
#: What static/js/queue.js does after an answer: open the next account, or this one again.
ONWARD, OPEN = "queue:onward", "queue:open"


def told(
    request: MemberRequest,
    item_id: int,
    *,
    words: str,
    undo: str = "",
    won: bool = True,
    to: str = "",
    then: str = "",
    form: dict[str, Any] | None = None,
    play: bool = False,
) -> HttpResponse:
    """The answer after something was done to an item, or (`won` false, 409) was not.

    `undo` is the address that takes it back; `to` where a page without htmx goes; `then` ONWARD or OPEN. `form` is the context of
    the form that comes next, in place of the one that was sent; `play`: its play was changed too. Raises `QueueItem.DoesNotExist`.
    """
    if not request.htmx:
        if won:
            messages.success(request, words, extra_tags=f"undo={undo}" if undo else "")
        else:
            messages.warning(request, words)
        return redirect(to or place_of(QueueItem.objects.get(pk=item_id)))
    item = QueueItem.objects.for_rows().get(pk=item_id)
    context: dict[str, Any] = {
        "changed": _changed(request, [item], whole=item_id, lost="" if won else words),
        "toast": words,
        **_ways_back(request, undo),
        "kind": "success" if won else "warning",
        "back": back(request, place_of(item)),
        "form_context": form,
        "box": play_screen.box(item, request.user) if play else None,
        **_counts(request, item.motion),
    }
    response = render(request, "playbooks/queue_answer.html", context, status=200 if won else 409)
    return trigger_client_event(response, then, {"item": item_id}) if then else response


def told_of_many(
    request: MemberRequest,
    motion: str,
    ids: list[int],
    *,
    words: str,
    undo: str = "",
    won: bool = True,
    to: str = "",
    then: str = "",
) -> HttpResponse:
    """The same for several items of one queue at once; of more than a page of them by loading the page anew."""
    if len(ids) > screen.PAGE:
        place = reverse("queue_motion", args=[motion])
        return done(request, to=to or place, words=words, undo=undo, kind="success" if won else "warning")
    if not request.htmx:
        messages.add_message(
            request, messages.SUCCESS if won else messages.WARNING, words, extra_tags=f"undo={undo}" if undo else ""
        )
        return redirect(to or reverse("queue_motion", args=[motion]))
    selected = _selected(request)
    context: dict[str, Any] = {
        "changed": _changed(request, QueueItem.objects.these(ids, motion), whole=selected),
        "toast": words,
        **_ways_back(request, undo),
        "kind": "success" if won else "warning",
        "back": back(request, reverse("queue_motion", args=[motion])),
        **_counts(request, motion),
    }
    response = render(request, "playbooks/queue_answer.html", context, status=200 if won else 409)
    return trigger_client_event(response, then, {"item": selected}) if then and selected in ids else response


def _ways_back(request: MemberRequest, undo: str) -> dict[str, str]:
    """After an undo the key for it takes back what came before; what was taken back can be done again by its button alone."""
    return {"undo": "", "redo": undo} if "undoing" in request.POST else {"undo": undo, "redo": ""}


def place_of(item: QueueItem) -> str:
    """The item in its queue."""
    return reverse("queue_motion", args=[item.motion]) + f"?item={item.pk}"


def back(request: MemberRequest, otherwise: str) -> str:
    """Where the member was: `next` of the form or of the address when it is an address of this app, else `otherwise`."""
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else otherwise


def with_next(path: str, onward: str) -> str:
    return f"{path}?{urlencode({'next': onward})}"


def note_open_work(request: MemberRequest, motion: str, counts: dict[str, Any]) -> None:
    """The navigation counts the member's own queue too: not twice on one page."""
    if OWN.get(Role(request.user.role)) == motion:
        request.open_work = counts["unclaimed"]


def _changed(
    request: MemberRequest, items: list[QueueItem], *, whole: int | None, lost: str = ""
) -> list[dict[str, Any]]:
    """Rows, and of the item `whole`, which is beside them, what is in the pane: no query an item."""
    member, selected = request.user, _selected(request) or whole
    days = early.days_of(items[0].motion) if items else 0
    shows = columns.of(member, columns.QUEUE)
    found = []
    for item in items:
        href = row_href(request, item)
        parts: dict[str, Any] = {
            "row": screen.row(item, member, early_days=days, shows=shows, href=href, selected=selected, lost=lost)
        }
        if item.pk == whole:
            parts["actions"] = actions(item, member, early_days=days, lost=lost)
            parts["work"] = history.of_item(item, member)
        found.append(parts)
    return found


def _counts(request: MemberRequest, motion: str) -> dict[str, Any]:
    counts = screen.counts_of(motion, request.user)
    note_open_work(request, motion, counts)
    return {"counts": tabs.counts_words(counts)}


def _here(request: MemberRequest) -> tuple[str, QueryDict]:
    path, _mark, query = (request.htmx.current_url_abs_path or "").partition("?")
    return path, QueryDict(query)


def _selected(request: MemberRequest) -> int | None:
    said = request.POST.get("selected", "") or _here(request)[1].get("item", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None


def row_href(request: MemberRequest, item: QueueItem) -> str:
    """The row's link again, with the filters of the page the member is on."""
    path = reverse("queue_motion", args=[item.motion])
    here, params = _here(request)
    if here != path:
        return f"{path}?item={item.pk}"
    wanted = QueueFilter.read(item.motion, params)
    number = params.get("page", "")
    return path + wanted.query(page=number if number.isdigit() else None, item=item.pk)
