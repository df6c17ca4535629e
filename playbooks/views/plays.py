"""The plays: their list with what came of them, and the editor with a preview on a real account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.views.answers import done
from accounts.views.requests import MemberRequest
from playbooks.models import Motion, Play
from playbooks.plays import editing as play_editing
from playbooks.plays import forms as play_forms
from playbooks.plays import library as play_library
from playbooks.plays import merging
from playbooks.plays import rows as play_rows
from playbooks.plays.library import PlayText, StepText
from playbooks.screens import play_preview
from playbooks.screens import plays as screen

STEPS = "step"
#: A session keeps what the last saved or reset play said before.
BEFORE = "play_before"


@require_GET
def plays(request: MemberRequest) -> HttpResponse:
    motions = [motion.value for motion in play_editing.MOTIONS]
    motion = request.GET.get("motion", "")
    context = {
        "lines": screen.lines(
            request.user, motion=motion if motion in motions else "", removed="removed" in request.GET
        ),
        "motions": [(known.value, known.label) for known in play_editing.MOTIONS],
        "motion": motion if motion in motions else "",
        "is_removed": "removed" in request.GET,
        "may_add": bool(_motions(request)),
    }
    return render(request, "playbooks/plays.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def play_new(request: MemberRequest) -> HttpResponse:
    """An empty editor; POST adds the play."""
    if not _motions(request):
        raise PermissionDenied
    if request.method == "POST":
        return _sent(request, None)
    text = PlayText(
        name="", motion=_motions(request)[0][0], exits=("replied", "meeting"), steps=(StepText("email", 0, ""),)
    )
    return _editor(request, None, *_forms(request, text))


@require_http_methods(["GET", "HEAD", "POST"])
def play(request: MemberRequest, play_id: int) -> HttpResponse:
    """The editor, for others the play to read; POST saves, adds a step, or shows the preview, by `action`."""
    found = get_object_or_404(Play.objects.select_related("updated_by"), pk=play_id)
    if request.method == "POST":
        if not play_editing.may_edit(request.user, found.motion):
            raise PermissionDenied
        return _sent(request, found)
    return _editor(request, found, *_forms(request, play_rows.text_of(found)))


@require_POST
def preview(request: MemberRequest) -> HttpResponse:
    """The play as it is typed, on the account that was chosen: the fragment beside the editor."""
    form, steps = _forms(request)
    context = {"preview": _preview(request, play_forms.text_of(form, steps), request.POST)}
    return render(request, "playbooks/play.html#preview", context)


@require_POST
def play_copy(request: MemberRequest, play_id: int) -> HttpResponse:
    made = _do(play_editing.copy, play_id, request)
    words = _("“%(play)s” is a copy that is not suggested yet. Change it, then switch it on.") % {"play": made}
    return done(request, to=reverse("play", args=[made.pk]), words=words, undo=reverse("play_remove", args=[made.pk]))


@require_POST
def play_switch(request: MemberRequest, play_id: int) -> HttpResponse:
    """`on` of the form or the address: 1 or 0."""
    on = (request.POST.get("on") or request.GET.get("on")) == "1"
    play = _do(play_editing.switch, play_id, request, on=on)
    words = _("“%(play)s” is suggested again.") if on else _("“%(play)s” is not suggested any more.")
    undo = reverse("play_switch", args=[play_id]) + f"?on={0 if on else 1}"
    return done(request, to=reverse("plays"), words=words % {"play": play}, undo=undo)


@require_POST
def play_remove(request: MemberRequest, play_id: int) -> HttpResponse:
    play = _do(play_editing.remove, play_id, request)
    words = _("“%(play)s” is removed. Accounts that run it go on with it.") % {"play": play}
    return done(request, to=reverse("plays"), words=words, undo=reverse("play_back", args=[play_id]))


@require_POST
def play_back(request: MemberRequest, play_id: int) -> HttpResponse:
    play = _do(play_editing.put_back, play_id, request)
    return done(request, to=reverse("plays"), words=_("“%(play)s” is there again.") % {"play": play})


@require_POST
def play_reset(request: MemberRequest, play_id: int) -> HttpResponse:
    """A built-in play gets its text back."""
    get_object_or_404(Play, pk=play_id, key__in=play_library.LIBRARY)
    play, before = _do(play_editing.reset, play_id, request)
    return _saved(request, play, before, _("“%(play)s” says again what it came with.") % {"play": play})


@require_POST
def play_undo(request: MemberRequest, play_id: int) -> HttpResponse:
    """Puts back what the play said before the member's last save or reset, unless somebody changed it since."""
    kept = request.session.get(BEFORE, {})
    to = reverse("play", args=[play_id])
    if kept.get("play") != play_id:
        return done(request, to=to, words=_("What it said before is not known any more."), kind="warning")
    try:
        text = play_editing.from_json(kept["text"])
        _do(play_editing.save, play_id, request, revision=kept["revision"], text=text)
    except play_editing.Changed as changed:
        return done(request, to=to, words=_changed_words(changed.current), kind="warning")
    del request.session[BEFORE]
    return done(request, to=to, words=_("The play says what it said before."))


# Parts ---------------------------------------------------------------------------------------------------------------


def _motions(request: MemberRequest) -> list[tuple[str, str]]:
    """The queues whose plays the member edits."""
    known = [(motion.value, str(motion.label)) for motion in play_editing.MOTIONS]
    return [(value, label) for value, label in known if play_editing.may_edit(request.user, value)]


def _forms(request: MemberRequest, text: PlayText | None = None, data: QueryDict | None = None) -> tuple[Any, Any]:
    """Of what was sent, or of a text."""
    motions = _motions(request)
    if text is None:
        sent = data or request.POST
        return play_forms.PlayForm(sent, motions=motions), play_forms.StepForms(sent, prefix=STEPS)
    if text.motion not in dict(motions):  # to read
        motions = [(text.motion, str(Motion(text.motion).label))]
    about, steps = play_forms.initial_of(text)
    form = play_forms.PlayForm(initial=about, motions=motions)
    return form, play_forms.StepForms(initial=steps, prefix=STEPS)


def _sent(request: MemberRequest, found: Play | None) -> HttpResponse:
    action = request.POST.get("action", "save")
    if action == "step":
        form, steps = _forms(request, data=play_forms.with_another_step(request.POST, STEPS))
        play_forms.forget_errors(form, steps)
        return _editor(request, found, form, steps)
    form, steps = _forms(request)
    text = play_forms.text_of(form, steps)
    if action == "preview":
        play_forms.forget_errors(form, steps)
        return _editor(request, found, form, steps)
    wrong = play_forms.take_problems(form, steps, text, but=found.pk if found else 0)
    if wrong:
        return _editor(request, found, form, steps, text=text, status=422)
    if found is None:
        made = play_editing.add(member=request.user, text=text)
        words = _("“%(play)s” is one of the plays now.") % {"play": made}
        return done(
            request, to=reverse("play", args=[made.pk]), words=words, undo=reverse("play_remove", args=[made.pk])
        )
    before = play_rows.text_of(found)
    said = request.POST.get("revision", "")
    try:
        revision = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
        saved = play_editing.save(play_id=found.pk, revision=revision, member=request.user, text=text)
    except play_editing.Changed as changed:
        words = _changed_words(changed.current)
        return _editor(request, changed.current, form, steps, text=text, conflict=words, status=409)
    if saved.revision == revision:
        return done(request, to=reverse("play", args=[found.pk]), words=_("Nothing was changed."))
    return _saved(request, saved, before, _("“%(play)s” is saved. It is suggested as it is now.") % {"play": saved})


def _saved(request: MemberRequest, play: Play, before: PlayText, words: str) -> HttpResponse:
    request.session[BEFORE] = {
        "play": play.pk,
        "revision": play.revision,
        "text": play_editing.as_json(before),
    }
    to = reverse("play", args=[play.pk])
    return done(request, to=to, words=words, undo=reverse("play_undo", args=[play.pk]))


def _changed_words(play: Play) -> str:
    who = str(play.updated_by) if play.updated_by else _("somebody")
    if play.removed_at:
        return _("%(who)s has removed this play since you opened it.") % {"who": who}
    return _(
        "%(who)s changed this play since you opened it. What you typed is below; "
        "save again to put it in place of theirs."
    ) % {"who": who}


def _do(verb: Callable[..., Any], play_id: int, request: MemberRequest, **said: Any) -> Any:
    get_object_or_404(Play, pk=play_id)
    return verb(play_id=play_id, member=request.user, **said)


def _preview(request: MemberRequest, text: PlayText, said: QueryDict) -> play_preview.Preview:
    return play_preview.of_text(text, request.user, account=said.get("account", "").replace("\x00", "")[:100])


def _editor(
    request: MemberRequest,
    found: Play | None,
    form: Any,
    steps: Any,
    *,
    text: PlayText | None = None,
    conflict: str = "",
    status: int = 200,
) -> HttpResponse:
    if text is None and form.is_bound:
        text = play_forms.text_of(form, steps)
    elif text is None:
        text = play_rows.text_of(found) if found else PlayText(name="", motion=form.initial["motion"])
    said = request.POST if request.method == "POST" else request.GET
    context = {
        "play": found,
        "form": form,
        "steps": steps,
        "conflict": conflict,
        "wrong": form.is_bound and (bool(form.errors) or any(step.errors for step in steps)),
        # After a form with errors the one that was read stays, so that a change meanwhile is still told.
        "revision": said.get("revision", "") if form.is_bound and not conflict else found.revision if found else 0,
        "may_edit": play_editing.may_edit(request.user, found.motion) if found else True,
        "is_built_in": bool(found and found.key in play_library.LIBRARY),
        "preview": _preview(request, text, said),
        "fields": merging.FIELDS.items(),
        "most_steps": play_editing.MOST_STEPS,
    }
    return render(request, "playbooks/play.html", context, status=status)
