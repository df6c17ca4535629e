"""The organisation map of an account: a picture by department and seniority, who brings others, and everybody in a list."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import evidence
from accounts.models import BuyingRole, Department, Seniority
from accounts.organisation import One, Organisation
from playbooks.screens import grid
from playbooks.screens.detail import ROLE_TAGS

#: So many people are drawn one by one; of more, so many of those who matter, and the others as one bubble a field.
DRAWN, MATTER = 150, 90
#: From the top of the picture to its foot.
LEVELS = (*(level.value for level in Seniority), "")
UNKNOWN = ""
DEPARTMENTS = frozenset(Department.values)
STATES = ("active", "quiet", "contact")
#: The groups of the picture; each has a shape of its own beside its colour.
KINDS = ("buyer", "champion", "helper", "other", "contact")


@dataclass(frozen=True)
class PeopleFilter:
    """What the address of the map asks for. Values that are not known filter nothing."""

    q: str = ""
    department: str = ""
    seniority: str = ""
    role: str = ""
    state: str = ""
    by: int = 0

    @classmethod
    def read(cls, data: Mapping[str, str]) -> PeopleFilter:
        by = data.get("by", "")
        return cls(
            q=data.get("q", "").replace("\x00", "").strip()[:100],
            department=_one_of(data.get("department", ""), (*DEPARTMENTS, "unknown")),
            seniority=_one_of(data.get("seniority", ""), (*Seniority.values, "unknown")),
            role=_one_of(data.get("role", ""), (*BuyingRole.values, "unknown")),
            state=_one_of(data.get("state", ""), STATES),
            by=int(by) if by.isascii() and by.isdigit() and len(by) < 19 else 0,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.query())

    def query(self) -> str:
        """`"q=…&role=…"`, without what is empty."""
        return urlencode({name: value for name, value in vars(self).items() if value})

    def fits(self, one: One) -> bool:
        words = f"{one.name}\n{one.email}\n{one.title}".casefold()
        return (
            all(word in words for word in self.q.casefold().split())
            and _is(self.department, one.department)
            and _is(self.seniority, one.seniority)
            and _is(self.role, one.role)
            and (not self.state or self.state == _state(one))
            and (not self.by or (one.by is not None and one.by.by == self.by))
        )


def _one_of(value: str, values: tuple[str, ...]) -> str:
    return value if value in values else ""


def _is(wanted: str, value: str) -> bool:
    return not wanted or (value == "" if wanted == "unknown" else wanted == value)


def _state(one: One) -> str:
    return "contact" if one.kind == "contact" else "active" if one.is_active else "quiet"


@dataclass(frozen=True)
class Line:
    """One row of the list. `brought_by` is empty when nobody is known to have brought them; `is_named`: an invitation says so."""

    kind: str
    id: int
    name: str
    email: str
    title: str
    department: str
    seniority: str
    role: str
    role_tag: str
    share: int
    is_locked: bool
    evidence: str
    brought_by: str
    is_named: bool
    brought: int
    last_seen_at: dt.datetime | None
    is_quiet: bool


@dataclass(frozen=True)
class ChampionLine:
    id: int
    name: str
    title: str
    words: str
    last_seen_at: dt.datetime | None
    is_quiet: bool
    share: float


@dataclass(frozen=True)
class Picture:
    """`data` is what the chart draws; `finding` its title; `left_out` how many stand in bubbles."""

    data: dict[str, Any]
    finding: str
    left_out: int


def listed(organisation: Organisation, wanted: PeopleFilter) -> list[One]:
    """Those who fit: roles in a purchase first, then leaders, then who brings others, then who was here last."""
    return sorted((one for one in organisation.everybody if wanted.fits(one)), key=_rank)


def _rank(one: One) -> tuple[Any, ...]:
    role = ROLE_ORDER.get(one.role, len(ROLE_ORDER))
    seen = -one.last_seen_at.timestamp() if one.last_seen_at else 0.0
    return role, -one.sure if role < len(ROLE_ORDER) else 0.0, _level(one), -len(one.brought), seen, one.id


ROLE_ORDER = {
    role.value: place
    for place, role in enumerate(
        (
            BuyingRole.ECONOMIC_BUYER,
            BuyingRole.CHAMPION,
            BuyingRole.EVALUATOR,
            BuyingRole.INFLUENCER,
            BuyingRole.PROCUREMENT,
        )
    )
}


def _level(one: One) -> int:
    return LEVELS.index(one.seniority) if one.seniority in LEVELS else len(LEVELS) - 1


def line(one: One, organisation: Organisation) -> Line:
    known = one.reasons if one.kind == "user" else []
    by = organisation.people.get(one.by.by) if one.by else None
    return Line(
        kind=one.kind,
        id=one.id,
        name=one.name,
        email=one.email if one.email != one.name else "",
        title=one.title,
        department=str(Department(one.department).label) if one.department in DEPARTMENTS else "",
        seniority=str(Seniority(one.seniority).label) if one.seniority in Seniority.values else "",
        role=str(BuyingRole(one.role).label) if one.role else "",
        role_tag=ROLE_TAGS.get(BuyingRole(one.role), "grey") if one.role else "grey",
        share=round(one.sure * 100),
        is_locked=one.is_locked,
        evidence=" · ".join(evidence.words(known)),
        brought_by=by.name if by else "",
        is_named=bool(one.by and one.by.is_named),
        brought=len(one.brought),
        last_seen_at=one.last_seen_at,
        is_quiet=one.is_quiet,
    )


def champion_lines(organisation: Organisation) -> list[ChampionLine]:
    found = organisation.champions()
    most = max((len(one.brought) for one in found), default=0)
    return [_champion(one, organisation, most) for one in found]


def _champion(one: One, organisation: Organisation, most: int) -> ChampionLine:
    n, here = len(one.brought), organisation.still_here(one)
    if n:
        words = ngettext("brought %(n)d person", "brought %(n)d people", n) % {"n": n}
        words += ", " + _("%(n)d of them active") % {"n": here}
    else:
        words = ngettext("sent %(n)d invitation", "sent %(n)d invitations", one.invites_90) % {"n": one.invites_90}
    return ChampionLine(
        one.id, one.name, one.title, words, one.last_seen_at, one.is_quiet, 100 * n / most if most else 0
    )


# The picture ---------------------------------------------------------------------------------------------------------


def picture(organisation: Organisation) -> Picture:
    """Departments from left to right, the fullest first; the highest level on top. Who was brought hangs on a line."""
    everybody = sorted(organisation.everybody, key=_rank)
    drawn = everybody if len(everybody) <= DRAWN else _who_matter(everybody)
    is_drawn = {one.key for one in drawn}
    counts: dict[str, int] = {}
    for one in everybody:
        department = _department(one)
        counts[department] = counts.get(department, 0) + 1
    departments = sorted(counts, key=lambda name: (name in (UNKNOWN, "other"), -counts[name], name))
    levels = [level for level in LEVELS if any(LEVELS[_level(one)] == level for one in everybody)]
    fields: dict[tuple[int, int], list[One]] = {}
    crowd: dict[tuple[int, int], int] = {}
    for one in everybody:
        field = departments.index(_department(one)), len(levels) - 1 - levels.index(LEVELS[_level(one)])
        if one.key in is_drawn:
            fields.setdefault(field, []).append(one)
        else:
            crowd[field] = crowd.get(field, 0) + 1
    columns = grid.spans(
        len(departments), {(x, y): grid.columns(len(found)) for (x, y), found in fields.items()}, 0, 0.3
    )
    rows = grid.spans(len(levels), {place: grid.rows(len(found)) for place, found in fields.items()}, 1, 0.34)
    places, labelled = _places(fields, crowd, columns, rows)
    nodes: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
    for one in drawn:
        x, y = places[one.key]
        nodes[_kind(one)].append(
            {
                "value": [x, y],
                "name": one.name,
                "words": _node_words(one, organisation),
                "size": round(9 + min(len(one.brought), 12) * 1.5, 1),
                "quiet": one.is_quiet,
                "label": one.key in labelled and (len(drawn) <= 30 or _kind(one) in ("buyer", "champion")),
            }
        )
    bubbles = [
        {
            "value": _bubble_place(field, fields, columns, rows),
            "name": ngettext("%(n)d person", "%(n)d people", n) % {"n": n},
            "size": round(18 + 9 * math.log10(n), 1),
            "count": n,
        }
        for field, n in crowd.items()
    ]
    edges = [
        [places[f"user-{one.by.by}"], places[one.key], one.by.is_named]
        for one in drawn
        if one.by is not None and f"user-{one.by.by}" in places
    ]
    data = {
        "departments": grid.labels([_department_words(name) for name in departments], columns),
        "levels": grid.labels(
            [str(Seniority(level).label) if level else _("Level unknown") for level in reversed(levels)], rows
        ),
        "groups": [{"kind": kind, "name": _kind_words(kind), "nodes": nodes[kind]} for kind in KINDS if nodes[kind]],
        "bubbles": bubbles,
        "bubbles_name": _("others, by number"),
        "edges": edges,
        "edges_name": _("who brought whom"),
        "quiet": _("quiet"),
    }
    return Picture(data, _finding(organisation), len(everybody) - len(drawn))


def _who_matter(everybody: list[One]) -> list[One]:
    """Buyers, champions and others whose role is likely, leaders, and those who brought most; the foremost `MATTER` of them.

    However many buyers a title makes, whoever is confirmed or brought most is drawn.
    """
    found = [
        one
        for one in everybody
        if (one.role in ROLE_ORDER and one.sure >= evidence.LIKELY)
        or _kind(one) == "champion"
        or one.seniority in ("c_level", "vp")
        or len(one.brought) > 1
    ]
    inviters = sorted((one for one in found if len(one.brought) > 1), key=lambda one: -len(one.brought))[: MATTER // 3]
    first = {one.key for one in inviters} | {one.key for one in found if one.sure >= evidence.CONFIRMED}

    def foremost(one: One) -> tuple[Any, ...]:
        return one.key not in first, _kind(one) not in ("buyer", "champion"), -len(one.brought), _rank(one)

    return sorted(found, key=foremost)[:MATTER]


def _places(
    fields: Mapping[tuple[int, int], list[One]],
    crowd: Mapping[tuple[int, int], int],
    columns: list[tuple[float, float]],
    rows: list[tuple[float, float]],
) -> tuple[dict[str, tuple[float, float]], set[str]]:
    """Where each stands, in rows of equal width within its field, its foot the crowd's; and whose names have room: one a row."""
    places, labelled = {}, set()
    for (x, y), people in fields.items():
        (left, right), (bottom, top) = columns[x], rows[y]
        across, down = grid.columns(len(people)), grid.rows(len(people))
        foot = 0.36 if (x, y) in crowd else 0.1
        for place, one in enumerate(people):
            row, column = divmod(place, across)
            in_row = min(across, len(people) - row * across)
            places[one.key] = (
                round(left + (right - left) * (0.08 + 0.84 * (column + 0.5) / in_row), 3),
                round(bottom + (top - bottom) * (foot + (0.94 - foot) * (1 - (row + 0.5) / down)), 3),
            )
            if not column:  # the foremost of the row
                labelled.add(one.key)
    return places, labelled


def _bubble_place(
    field: tuple[int, int],
    fields: Mapping[tuple[int, int], list[One]],
    columns: list[tuple[float, float]],
    rows: list[tuple[float, float]],
) -> list[float]:
    (left, right), (bottom, top) = columns[field[0]], rows[field[1]]
    return [round((left + right) / 2, 3), round(bottom + (top - bottom) * (0.2 if field in fields else 0.5), 3)]


def _department(one: One) -> str:
    return one.department if one.department in DEPARTMENTS else UNKNOWN


def _department_words(name: str) -> str:
    return str(Department(name).label) if name else _("Department unknown")


def _kind(one: One) -> str:
    if one.kind == "contact":
        return "contact"
    if one.role == BuyingRole.ECONOMIC_BUYER:
        return "buyer"
    if one.role == BuyingRole.CHAMPION:
        return "champion"
    return "helper" if one.role in ROLE_ORDER else "other"


def _kind_words(kind: str) -> str:
    return {
        "buyer": _("buyer"),
        "champion": _("champion"),
        "helper": _("evaluator, influencer, legal"),
        "other": _("others"),
        "contact": _("contact outside"),
    }[kind]


def _node_words(one: One, organisation: Organisation) -> str:
    said = [one.title] if one.title else []
    if one.role:
        said.append(f"{BuyingRole(one.role).label} {round(one.sure * 100)} %")
        said += [evidence.also_words(role, sure) for role, sure in evidence.also(one.reasons).items()]
    if n := len(one.brought):
        said.append(ngettext("brought %(n)d person", "brought %(n)d people", n) % {"n": n})
    if one.by and (by := organisation.people.get(one.by.by)):
        said.append(_("brought by %(name)s") % {"name": by.name})
    if one.is_quiet:
        said.append(_("quiet for 28 days or more"))
    return "\n".join(said)


def _finding(organisation: Organisation) -> str:
    everybody = organisation.everybody
    n, active = len(organisation.people), sum(one.is_active for one in everybody)
    words = ngettext("%(n)s person, %(active)s active", "%(n)s people, %(active)s active", n) % {
        "n": intcomma(n),
        "active": intcomma(active),
    }
    brought = sum(one.by is not None for one in everybody)
    champions = organisation.champions(limit=1)
    if brought and champions and champions[0].brought:
        best = champions[0]
        words += "; " + ngettext(
            "%(n)s was brought by others, most by %(name)s (%(most)d)",
            "%(n)s were brought by others, most by %(name)s (%(most)d)",
            brought,
        ) % {"n": intcomma(brought), "name": best.name, "most": len(best.brought)}
    return words
