"""The audit log in words: a sentence for every action, and what was before and after it by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import BuyingRole, Department, Seniority

#: action → sentence; `%(it)s` is the name of what was changed. An action that is not here is told by its own name.
SENTENCES: dict[str, Any] = {
    "member.add": gettext_lazy("added %(it)s to this app"),
    "member.change": gettext_lazy("changed the member %(it)s"),
    "member.deactivate": gettext_lazy("keeps %(it)s from signing in"),
    "member.reactivate": gettext_lazy("lets %(it)s sign in again"),
    "member.work": gettext_lazy("changed what %(it)s gets"),
    "source.add": gettext_lazy("added the source %(it)s"),
    "source.rename": gettext_lazy("renamed the source %(it)s"),
    "source.on": gettext_lazy("switched the source %(it)s on"),
    "source.off": gettext_lazy("switched the source %(it)s off"),
    "source.rotate": gettext_lazy("gave the source %(it)s another write key"),
    "event.classify": gettext_lazy("changed what %(it)s counts as"),
    "event.silence": gettext_lazy("said that %(it)s is over for good"),
    "event.watch": gettext_lazy("watches %(it)s again"),
    "set_aside.replay": gettext_lazy("replayed what was set aside: %(it)s"),
    "definition.publish": gettext_lazy("published the definition %(it)s"),
    "definition.roll_back": gettext_lazy("went back to an earlier definition: %(it)s"),
    "draft.discard": gettext_lazy("discarded the draft %(it)s"),
    "draft.restore": gettext_lazy("brought the draft %(it)s back"),
    "queue.rules": gettext_lazy("changed the rules of the %(it)s queue"),
    "queue.cool_downs": gettext_lazy("changed the cool-downs of the %(it)s queue"),
    "queue.holiday": gettext_lazy("added a holiday of %(it)s"),
    "queue.no_holiday": gettext_lazy("removed a holiday of %(it)s"),
    "play.add": gettext_lazy("added the play %(it)s"),
    "play.change": gettext_lazy("changed the play %(it)s"),
    "play.reset": gettext_lazy("put the play %(it)s back to its built-in text"),
    "play.on": gettext_lazy("lets the play %(it)s be suggested"),
    "play.off": gettext_lazy("stopped suggesting the play %(it)s"),
    "play.remove": gettext_lazy("removed the play %(it)s"),
    "play.back": gettext_lazy("brought the play %(it)s back"),
    "title_rule.add": gettext_lazy("added the rule of titles %(it)s"),
    "title_rule.move": gettext_lazy("moved the rule of titles %(it)s"),
    "title_rule.remove": gettext_lazy("removed the rule of titles %(it)s"),
    "title_rule.back": gettext_lazy("brought the rule of titles %(it)s back"),
    "persona.add": gettext_lazy("added the persona %(it)s"),
    "persona.change": gettext_lazy("changed the persona %(it)s"),
    "persona.switch": gettext_lazy("switched the persona %(it)s on or off"),
    "persona.move": gettext_lazy("moved the persona %(it)s"),
    "persona.remove": gettext_lazy("removed the persona %(it)s"),
    "persona.back": gettext_lazy("brought the persona %(it)s back"),
    "view.share": gettext_lazy("shared the view %(it)s"),
    "view.unshare": gettext_lazy("shares the view %(it)s no more"),
    "view.rename": gettext_lazy("renamed the shared view %(it)s"),
    "view.remove": gettext_lazy("deleted the shared view %(it)s"),
    "outcome.add": gettext_lazy("told an outcome of %(it)s"),
    "outcome.import": gettext_lazy("imported outcomes from %(it)s"),
    "account.merge": gettext_lazy("merged an account into %(it)s"),
    "account.move_domain": gettext_lazy("moved a domain to %(it)s"),
    "account.move_space": gettext_lazy("moved a workspace to %(it)s"),
    "account.split": gettext_lazy("split off %(it)s"),
    "account.undo_merge": gettext_lazy("undid a merge into %(it)s"),
    "account.undo_move_domain": gettext_lazy("took back that a domain moved to %(it)s"),
    "account.undo_move_space": gettext_lazy("took back that a workspace moved to %(it)s"),
    "account.undo_split": gettext_lazy("took back that %(it)s was split off"),
    "account.not_the_same": gettext_lazy("said that another account is not %(it)s"),
    "account.perhaps_the_same": gettext_lazy("takes another account for %(it)s again, perhaps"),
    "account.forget": gettext_lazy("forgot %(it)s, which nobody states or uses any more"),
    "account.add_domain": gettext_lazy("gave %(it)s another domain"),
    "account.remove_domain": gettext_lazy("took a domain from %(it)s"),
    "ambiguity.decide": gettext_lazy("said whose the workspace %(it)s is"),
    "ambiguity.reopen": gettext_lazy("took back whose the workspace %(it)s is"),
    "domain_rule.add": gettext_lazy("said what the domain %(it)s is"),
    "domain_rule.remove": gettext_lazy("removed the rule of the domain %(it)s"),
    "domains.import": gettext_lazy("took over a list of companies and their domains"),
    "routing.change": gettext_lazy("changed the routing table"),
    "contacts.import": gettext_lazy("imported contacts from %(it)s"),
    "contacts.import_undone": gettext_lazy("took the contacts from %(it)s back"),
    "form.make": gettext_lazy("made the form %(it)s"),
    "form.change": gettext_lazy("changed the form %(it)s"),
    "form.on": gettext_lazy("switched the form %(it)s on"),
    "form.off": gettext_lazy("switched the form %(it)s off"),
    "form.remove": gettext_lazy("removed the form %(it)s"),
    "form.put_back": gettext_lazy("put the form %(it)s back"),
    "hand_raise.not_spam": gettext_lazy("let a raised hand through that was taken for spam"),
    "role.say": gettext_lazy("said somebody’s buying role"),
    "role.withdraw": gettext_lazy("took back what was said of somebody’s buying role"),
    "person.erase": gettext_lazy("erased a person"),
    "contact.erase": gettext_lazy("erased a contact"),
    "messages.erase": gettext_lazy("erased somebody’s messages that waited or were set aside"),
}
#: What an empty name is called, by subject.
WHOLE = {"queue": gettext_lazy("every queue")}
#: What is kept as a code, in the words of the other pages. Codes of one plain word are read as they are.
CODES = {
    value: label
    for choices in (BuyingRole.choices, Seniority.choices, Department.choices)
    for value, label in choices
    if "_" in value
}
#: A moment as it is kept: of `2026-11-22 10:50:37.092204+00:00` the minute is shown.
_TIME = re.compile(r"^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d):\d\d[\d.]*\+00:00$")
#: Letters of a value that a row shows.
SHOWN = 120


@dataclass(frozen=True)
class Change:
    """One field: `before` is empty where it was not there, `after` where it is gone; both for a plain fact are told by `after`."""

    field: str
    before: str
    after: str
    is_change: bool


def sentence(action: str, *, label: str, subject: str, subject_id: int | None) -> str:
    """What was done, to be read after the name of who did it."""
    it = label or str(WHOLE.get(subject, "")) or (f"{subject} {subject_id}" if subject_id else subject)
    words = SENTENCES.get(action)
    if words is None:
        noun, _dot, verb = action.partition(".")
        return _("%(verb)s %(noun)s: %(it)s") % {"verb": plain(verb or noun), "noun": plain(noun), "it": it}
    return str(words) % {"it": it}


def changes(detail: Mapping[str, Any]) -> list[Change]:
    """What an entry's detail says: fields with before and after, then further facts."""
    before, after = detail.get("before"), detail.get("after")
    told = []
    if isinstance(before, Mapping) or isinstance(after, Mapping):
        was, now = (side if isinstance(side, Mapping) else {} for side in (before, after))
        for name in dict.fromkeys([*was, *now]):
            if name in was and name in now and was[name] == now[name]:
                continue
            told.append(Change(plain(name), value(was.get(name)), value(now.get(name)), is_change=True))
    else:
        told += [
            Change(plain(name), "", value(detail[name]), False)
            for name in ("before", "after")
            if _says(detail.get(name))
        ]
    facts = [name for name in detail if name not in ("before", "after")]
    return told + [
        Change(plain(name), "", value(detail[name]), is_change=False) for name in facts if _says(detail[name])
    ]


def plain(name: str) -> str:
    """`"cool_downs"` → `"cool downs"`."""
    return name.replace("_", " ").replace(".", " ")


def value(said: Any) -> str:
    if said is None or said == "" or said == [] or said == {}:
        return ""
    if isinstance(said, bool):
        return _("yes") if said else _("no")
    if isinstance(said, Mapping):
        words = ", ".join(f"{plain(str(name))}: {value(one)}" for name, one in said.items())
    elif isinstance(said, list | tuple):
        words = ", ".join(value(one) for one in said)
    elif isinstance(said, str) and said in CODES:
        words = str(CODES[said])
    else:
        words = _TIME.sub(r"\1 \2", str(said))
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"


def _says(said: Any) -> bool:
    return said is not None and said != "" and said != [] and said != {}
