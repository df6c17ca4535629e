"""Why or why not, as asked on the account page: for a day, and by a draft."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.models import Account
from playbooks.screens import why
from scoring import definitions, explain, rules
from scoring.explain import Explained
from scoring.models import Definition, Score, Tier
from scoring.paths import Paths


@dataclass(frozen=True)
class Asked:
    """What was asked and what came of it. `paths` are those of the answer, or of the stored score when nothing was asked."""

    as_of: dt.date
    draft: Definition | None
    drafts: list[Definition]
    is_asked: bool
    problem: str = ""
    found: Explained | None = None
    why: why.Why | None = None
    paths: Paths = field(default_factory=Paths)

    @property
    def tier_words(self) -> str:
        return str(Tier(self.found.tier).label) if self.found else ""

    @property
    def before_words(self) -> str:
        """What the tier before did: an account keeps its tier while its score is only a few points below it."""
        found = self.found
        if found is None or not found.before:
            return ""
        told = {"before": Tier(found.tier_before).label, "alone": Tier(found.tier_alone).label}
        if found.before == "week_ago":
            words = _(
                "Nothing is stored from before that day, so it begins with the tier of the week before: %(before)s."
            )
        elif found.tier == found.tier_alone:
            return ""
        else:
            words = _("It was %(before)s before.")
        if found.tier != found.tier_alone:
            words += " " + _("By this score alone it would be %(alone)s; an account keeps its tier for a few points.")
        return words % told


def answer(account: Account, said: Mapping[str, str], *, today: dt.date, score: Score | None) -> Asked:
    """`score` is the account's, with its definition.

    `said`: `as_of` (a date, today without it) and `draft` (an id; without it the definition in force).
    """
    drafts = list(Definition.objects.filter(state="draft", discarded_at=None).order_by("-updated_at", "-pk")[:100])
    day, number = said.get("as_of", "").strip(), said.get("draft", "").strip()
    if not day and not number:
        return Asked(today, None, drafts, False, paths=explain.path_of(score) if score else Paths())
    try:
        as_of = dt.date.fromisoformat(day) if day else today
    except ValueError:
        words = _("As of: %(said)s is no date; write it as 2026-10-01.") % {"said": day[:20]}
        return Asked(today, None, drafts, True, problem=words)
    draft = next((one for one in drafts if str(one.pk) == number), None)
    if number and draft is None:
        return Asked(as_of, None, drafts, True, problem=_("Draft: there is none like that any more."))
    if as_of > today:
        return Asked(today, draft, drafts, True, problem=_("As of: the day lies in the future."))
    try:
        found = explain.at(account_id=account.pk, as_of=as_of, definition=draft or definitions.published())
    except rules.BadDefinition as bad:
        words = _("The draft cannot be used yet: %(problem)s.") % {"problem": bad.reason}
        return Asked(as_of, draft, drafts, True, problem=words)
    if found is None:
        return Asked(as_of, draft, drafts, True, problem=_("The account is not scored."))
    told = why.explain(found) if found.score is not None else None
    return Asked(as_of, draft, drafts, True, found=found, why=told, paths=found.paths)
