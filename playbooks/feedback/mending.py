"""From an answer to a draft: the change that would have removed wrong accounts, as a draft of the definition in force."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Member
from playbooks.feedback import feedback
from playbooks.feedback.feedback import Mending, Told
from playbooks.feedback.filter import FeedbackFilter
from playbooks.screens import feedback as screen
from scoring import definitions, drafts
from scoring.models import Definition


def arrays_of(wanted: FeedbackFilter) -> tuple[Told, Told]:
    """The answers that are shown, and those that counterfactuals weigh. One query where they are the same, else two."""
    wide = feedback.arrays(wanted.wide.rows())
    return (wide if wanted.wide == wanted else feedback.arrays(wanted.rows())), wide


def found_for(wanted: FeedbackFilter) -> Mending:
    """The counterfactuals of a queue and a time, by the definition in force."""
    spec = definitions.spec_of(definitions.published())
    told = feedback.arrays(wanted.wide.rows())
    return feedback.mending(told, spec, motion=wanted.motion, keep=wanted.keep / 100, of=wanted.of)


def begin(*, member: Member, wanted: FeedbackFilter, kind: str, key: str, reason: str) -> Definition | None:
    """A draft of the definition in force with the change, and a note that says why; none when it is no finding any more.

    Raises `PermissionDenied`, and `rules.BadDefinition` naming the field.
    """
    weighed = found_for(wanted)
    one = feedback.find(weighed, kind=kind, key=key, reason=reason)
    if one is None:
        return None
    published, tier = definitions.published(), feedback.tier_of(wanted.motion)
    spec = definitions.spec_of(published)
    of_spaces = weighed.of_spaces
    title = screen.title_of(one.change, feedback.recipe_for(spec, of_spaces=of_spaces), tier)
    words = screen.gate_reason(one.change)
    changed = feedback.changed(spec.as_json(), one.change, tier=tier, words=words, of_spaces=of_spaces)
    if of_spaces:
        title = _("Workspaces: %(change)s") % {"change": title}
    note = _("%(change)s %(removes)s.") % {"change": title, "removes": screen.sentence(one)}
    if one.is_later:
        note += " " + _("Found on older answers, told on newer ones.")
    name = f"{screen.name_of(reason)}: {title[:1].lower()}{title[1:]}"
    return drafts.begin(member=member, based_on=published, name=name[: drafts.NAME_LENGTH], spec=changed, note=note)
