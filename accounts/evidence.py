"""What speaks for somebody's part in a purchase, and how sure that makes it: pure.

A piece of evidence is `{"source", "role", "confidence", "what", "count"}`, kept with the person. Sources are a member's
word (0.9), the CRM (0.9), the title or its persona (up to 0.6) and behaviour in 90 days (0.3). Sources that agree add up:
1 − ∏(1 − confidence), so 0.6 and 0.3 make 0.72. A member's word stands alone, whatever the others say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

HUMAN, CRM, TITLE, BEHAVIOUR = "human", "crm", "title", "behaviour"
#: What each is worth at most, 0 to 1.
WORTH = {HUMAN: 0.9, CRM: 0.9, TITLE: 0.6, BEHAVIOUR: 0.3}
LIKELY, CONFIRMED = 0.6, 0.9

#: Days that behaviour counts.
WINDOW = 90
#: Invitations within them that make a champion, and those that say more than a title which is not clear.
CHAMPION_INVITES, MANY_INVITES = 2, 10
#: What somebody does who looks at buying or at being in charge: by `SignalKind`, and billing, which is no signal.
PURCHASE = ("pricing", "billing", "terms", "admin_switch")
BEHAVIOURS = ("invite", *PURCHASE)
#: Roles that such acts speak for when the title says one of them.
_IN_THE_PURCHASE = frozenset({"economic_buyer", "evaluator", "procurement"})
_BUYER, _CHAMPION, _INFLUENCER = "economic_buyer", "champion", "influencer"
#: The weaker part: whoever shows any other has that one.
_LAST = "end_user"
#: What speaks for a second part must be as sure as a title that is not clear.
_WORTH_TELLING = 0.4

type Evidence = dict[str, Any]


def piece(source: str, role: str, confidence: float, *, what: str = "", count: int = 1) -> Evidence:
    return {"source": source, "role": role, "confidence": confidence, "what": what, "count": count}


def of_behaviour(counts: Mapping[str, int], *, title_role: str) -> list[Evidence]:
    """What these acts say, by `BEHAVIOURS`; `title_role` is what the title says, `""`: nothing.

    One invitation is noted and speaks for nothing yet. Looking at prices, terms or the administration speaks for the part in the
    purchase that the title names; of an end user for an evaluator; where nothing is known, prices and billing speak for the buyer,
    the rest for an evaluator.
    """
    found = []
    if invites := counts.get("invite", 0):
        worth = WORTH[BEHAVIOUR] if invites >= CHAMPION_INVITES else 0.0
        found.append(piece(BEHAVIOUR, _CHAMPION, worth, what="invite", count=invites))
    for kind in PURCHASE:
        if count := counts.get(kind, 0):
            role = title_role if title_role in _IN_THE_PURCHASE else "evaluator"
            if not title_role and kind in ("pricing", "billing"):
                role = "economic_buyer"
            found.append(piece(BEHAVIOUR, role, WORTH[BEHAVIOUR], what=kind, count=count))
    return found


def fuse(evidence: Iterable[Evidence]) -> tuple[str, float]:
    """The likeliest role and how sure it is, 0 to 1; `("", 0.0)` when nothing speaks for any.

    A member's word gives its role, which may be none, with what it is worth. Of each source only the strongest for a role counts:
    looking at prices twice is one reason, not two. "End user" is said only of whom nothing else can be said. Who brings others is
    a champion before an influencer by title, and who invited many before any part but the buyer's that a title only suggests.
    """
    evidence = list(evidence)
    for one in evidence:
        if one["source"] == HUMAN:
            return one["role"], one["confidence"] if one["role"] else 0.0
    fused = _by_role(evidence)
    if not fused:
        return "", 0.0
    invites = count_of(evidence, "invite")
    role = max(fused, key=lambda role: _weight(role, fused[role], invites))
    return role, fused[role]


def _weight(role: str, sure: float, invites: int) -> tuple[int, float, bool, str]:
    if role == _CHAMPION and invites >= MANY_INVITES:
        return 3, sure, True, role
    if role == _LAST:
        return 0, sure, False, role
    if role == _INFLUENCER and invites >= CHAMPION_INVITES and sure <= WORTH[TITLE]:
        return 1, sure, False, role
    outranks = invites >= MANY_INVITES and (sure >= LIKELY or role == _BUYER)
    return (3 if outranks else 2), sure, role == _CHAMPION, role


def also(evidence: Iterable[Evidence]) -> dict[str, float]:
    """The other parts that somebody seems to have beside the one of `fuse`, with how sure that is: the champion's of a likely
    buyer who brings others, or what the title says of a champion. None when a member said what the role is."""
    evidence = list(evidence)
    role, _sure = fuse(evidence)
    if not role or is_locked(evidence):
        return {}
    return {
        other: sure
        for other, sure in sorted(_by_role(evidence).items(), key=lambda one: -one[1])
        if other not in (role, _LAST) and (other == _CHAMPION or sure >= _WORTH_TELLING)
    }


def _by_role(evidence: Iterable[Evidence]) -> dict[str, float]:
    best: dict[str, dict[str, float]] = {}
    for one in evidence:
        if one["role"] and one["confidence"]:
            of_role = best.setdefault(one["role"], {})
            of_role[one["source"]] = max(of_role.get(one["source"], 0.0), one["confidence"])
    return {role: round(_together(of_role.values()), 4) for role, of_role in best.items()}


def with_title(evidence: Iterable[Evidence], role: str, confidence: float) -> list[Evidence]:
    """The evidence once the title says another role, in the order that every writer keeps: words, title, behaviour."""
    evidence = list(evidence)
    counts = {one["what"]: one["count"] for one in evidence if one["source"] == BEHAVIOUR}
    said = [one for one in evidence if one["source"] in (HUMAN, CRM)]
    said += [piece(TITLE, role, confidence)] if role else []
    return said + of_behaviour(counts, title_role=role)


def without(evidence: Iterable[Evidence], source: str) -> list[Evidence]:
    return [one for one in evidence if one["source"] != source]


def is_locked(evidence: Iterable[Evidence]) -> bool:
    """A member has said what the role is."""
    return any(one["source"] == HUMAN for one in evidence)


def title_role(evidence: Iterable[Evidence]) -> str:
    return next((one["role"] for one in evidence if one["source"] == TITLE), "")


def of_title(evidence: Iterable[Evidence]) -> tuple[str, float]:
    """The role that the title says and how sure that is; `("", 0.0)`: none."""
    return next(((one["role"], one["confidence"]) for one in evidence if one["source"] == TITLE), ("", 0.0))


def read(stored: Any) -> list[Evidence]:
    """What `ProductUser.role_evidence` holds, as text or read already."""
    return json.loads(stored) if isinstance(stored, str) else stored


def count_of(evidence: Iterable[Evidence], kind: str) -> int:
    """How often somebody did it in the window, by `BEHAVIOURS`."""
    return next((one["count"] for one in evidence if one["source"] == BEHAVIOUR and one["what"] == kind), 0)


def together(one: Sequence[Evidence], other: Sequence[Evidence]) -> list[Evidence]:
    """The evidence of two keys that turn out to be one person: of each source that of the first, else that of the other.

    Counts of behaviour are worked out anew soon after.
    """
    sources = {piece["source"] for piece in one}
    return [*one, *(piece for piece in other if piece["source"] not in sources)]


def words(evidence: Iterable[Evidence], *, title: str = "") -> list[str]:
    """The reasons in words, the strongest first, then which other part they speak for:
    `["VP Engineering", "visited pricing twice"]`, `["Team Lead", "sent 11 invitations", "perhaps influencer too"]`."""
    evidence = list(evidence)
    others = also(evidence)
    evidence = sorted(evidence, key=lambda one: -one["confidence"])
    said = [_by_word(one) for one in evidence if one["source"] in (HUMAN, CRM)]
    said += [title] if title else []
    said += [_by_behaviour(one["what"], one["count"]) for one in evidence if one["source"] == BEHAVIOUR]
    return said + [also_words(role, sure) for role, sure in others.items()]


def also_words(role: str, sure: float) -> str:
    """`("influencer", 0.6)` → `"likely influencer too"`; whoever brings others is a champion for certain."""
    label = {
        "economic_buyer": _("economic buyer"),
        "champion": _("champion"),
        "evaluator": _("technical evaluator"),
        "influencer": _("influencer"),
        "procurement": _("procurement or legal"),
    }.get(role, role)
    if role == _CHAMPION:
        return _("%(role)s too") % {"role": label}
    return (_("likely %(role)s too") if sure >= LIKELY else _("perhaps %(role)s too")) % {"role": label}


def _by_word(one: Evidence) -> str:
    if one["source"] == CRM:
        return _("as the CRM says")
    return _("%(member)s says so") % {"member": one["what"]} if one["what"] else _("a member says so")


def _by_behaviour(kind: str, n: int) -> str:
    times = {1: _("once"), 2: _("twice")}.get(n) or ngettext("%(n)d time", "%(n)d times", n) % {"n": n}
    match kind:
        case "invite":
            return ngettext("sent %(n)d invitation", "sent %(n)d invitations", n) % {"n": n}
        case "pricing":
            return _("visited pricing %(times)s") % {"times": times}
        case "billing":
            return _("visited billing %(times)s") % {"times": times}
        case "terms":
            return _("read terms or security %(times)s") % {"times": times}
        case _:
            return _("changed who administers %(times)s") % {"times": times}


def _together(confidences: Iterable[float]) -> float:
    doubt = 1.0
    for confidence in confidences:
        doubt *= 1 - confidence
    return 1 - doubt
