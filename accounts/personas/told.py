"""What a title says, told with the rules that said it; and the built-in rules in a form that people can read."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import title_departments, title_words, titles
from accounts.models import BuyingRole, Department, Persona, Seniority
from accounts.personas import reading


@dataclass(frozen=True)
class Said:
    """What a title says. `…_by`: the rule in words; labels, empty where nothing is known."""

    title: str
    seniority: str
    seniority_by: str
    department: str
    department_by: str
    persona: str
    persona_id: int | None
    role: str
    confidence: float
    angle: str
    #: The values of the labels above.
    seniority_value: str
    department_value: str
    role_value: str


@dataclass(frozen=True)
class Words:
    """The built-in words of one seniority or department."""

    label: str
    words: list[str]


def of_title(title: str) -> Said | None:
    """None for no title. Without a company size and a use case. Two queries at most, one of them the rules'."""
    title = title.replace("\x00", "").strip()[: titles.LONGEST]
    if not title:
        return None
    rules = reading.refresh()
    now, (_built_in, why) = rules.titles.classify(title), titles.explained(title)
    by = rules.titles.deciding(title)
    rated = rules.rate(now.seniority, now.department, None, "")
    persona = Persona.objects.filter(pk=rated.persona_id).first() if rated.persona_id else None

    def said_by(kind: str, words: str, value: str) -> str:
        if kind in by:
            return _("your rule “%(rule)s”") % {"rule": by[kind].pattern}
        if words:
            return _("built in: “%(words)s”") % {"words": words}
        return _("no rule: nothing in it says more") if value else _("this is no title")

    return Said(
        title=title,
        seniority=str(Seniority(now.seniority).label) if now.seniority else "",
        seniority_by=said_by("seniority", why.seniority, now.seniority),
        department=str(Department(now.department).label) if now.department else "",
        department_by=said_by("department", why.department, now.department),
        persona=persona.name if persona else "",
        persona_id=rated.persona_id,
        role=str(BuyingRole(rated.role).label) if rated.role else "",
        confidence=rated.confidence,
        angle=persona.angle if persona else "",
        seniority_value=now.seniority,
        department_value=now.department,
        role_value=rated.role,
    )


def built_in() -> list[tuple[str, list[Words]]]:
    """(heading, words by value), in the order in which they are tried."""
    ranks = [
        (Seniority.C_LEVEL, title_words.CHIEF_EXECUTIVE),
        (Seniority.VP, title_words.VICE_PRESIDENT),
        (Seniority.C_LEVEL, title_words.BOARD),
        (Seniority.C_LEVEL, title_words.CHIEF),
        (Seniority.C_LEVEL, title_words.PRESIDENT),
        (Seniority.DIRECTOR, title_words.DIRECTOR),
        (Seniority.MANAGER, title_words.MANAGER),
        (Seniority.INDIVIDUAL, title_words.INDIVIDUAL),
    ]
    seniority: dict[str, list[str]] = {}
    for value, words in ranks:
        seniority.setdefault(str(value.label), []).extend(words.told)
    department: dict[str, list[str]] = {}
    for name, words in title_departments.DEPARTMENTS:
        department.setdefault(str(Department(name).label), []).extend(words.told)
    return [
        (_("Seniority"), [Words(label, list(dict.fromkeys(words))) for label, words in seniority.items()]),
        (_("Department"), [Words(label, list(dict.fromkeys(words))) for label, words in department.items()]),
    ]
