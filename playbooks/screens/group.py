"""The buying group of an account: whether it has a buyer, what would settle it, and who fills which role in a purchase."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import people as account_people
from accounts.evidence import BEHAVIOUR, CHAMPION_INVITES, CONFIRMED, LIKELY, WORTH, also
from accounts.models import BuyingRole, Contact, Seniority
from playbooks import faces
from playbooks.spaces import Rated
from scoring.models import BuyerState

#: The roles of a purchase, in the order of who decides. An end user has none.
ROLES = (
    BuyingRole.ECONOMIC_BUYER,
    BuyingRole.CHAMPION,
    BuyingRole.EVALUATOR,
    BuyingRole.INFLUENCER,
    BuyingRole.PROCUREMENT,
)
#: So many are named of each; of those who only may have it, the likeliest.
NAMED, GUESSED = 3, 1
LEADERS = frozenset({Seniority.C_LEVEL, Seniority.VP, Seniority.DIRECTOR})
STATE_TAGS = {
    BuyerState.CONFIRMED: "green",
    BuyerState.LIKELY: "green",
    BuyerState.NONE: "yellow",
    BuyerState.UNKNOWN: "grey",
}


@dataclass(frozen=True)
class Holder:
    """Somebody who has the role. `kind`: user or contact; `sure` 0 to 1; `is_outside`: of the account, not of the workspace.

    `is_second`: a champion, of whom the title says this role as well.
    """

    kind: str
    id: int
    name: str
    title: str
    sure: float
    is_quiet: bool = False
    is_outside: bool = False
    is_second: bool = False

    @property
    def share(self) -> int:
        return round(self.sure * 100)


@dataclass(frozen=True)
class RoleLine:
    """One role: `holders` the surest first, `more` beside them. It is missing unless one of them is sure enough.

    Whoever is something else first is no buyer: the buyer's state knows none then either.
    """

    role: str
    label: str
    holders: list[Holder]
    more: int

    @property
    def is_filled(self) -> bool:
        """Whoever brings others is a champion, however little else speaks for it."""
        least = WORTH[BEHAVIOUR] if self.role == BuyingRole.CHAMPION else LIKELY
        first = self.holders[0] if self.holders else None
        if first is None or (first.is_second and self.role == BuyingRole.ECONOMIC_BUYER):
            return False
        return first.sure >= least


@dataclass(frozen=True)
class Group:
    """`state` is a `BuyerState`, with its words; `settle` says what would settle it, and is empty when nothing is open.

    `profiled` of the `active` people have a title or a seniority, as of the last score.
    """

    state: str
    state_label: str
    state_tag: str
    settle: str
    roles: list[RoleLine]
    profiled: int
    active: int

    @property
    def filled(self) -> int:
        return sum(line.is_filled for line in self.roles)

    @property
    def missing(self) -> str:
        return ", ".join(line.label.lower() for line in self.roles if not line.is_filled)


def of_account(people: account_people.Group, contacts: Sequence[Contact], score: Rated | None) -> Group:
    """No query."""
    roles = [_line(role, people, contacts) for role in ROLES]
    state = score.buyer_state if score else BuyerState.UNKNOWN
    best = roles[0].holders[0] if roles[0].holders else None
    if best is not None and best.sure >= CONFIRMED:  # said a moment ago: scoring follows in seconds
        state = BuyerState.CONFIRMED
    features = score.features if score else {}
    return Group(
        state=state,
        state_label=str(BuyerState(state).label),
        state_tag=STATE_TAGS[BuyerState(state)],
        settle=settle(state, people, best, features),
        roles=roles,
        profiled=int(features.get("profiled_active") or 0),
        active=int(features.get("active_users_28") or 0),
    )


def of_workspace(
    people: account_people.Group, whole: account_people.Group, contacts: Sequence[Contact], score: Rated | None
) -> Group:
    """The same of a workspace: its members, and where they do not fill a role those of its account who do. No query."""
    own, account = of_account(people, [], score), of_account(whole, contacts, score)
    roles = []
    for mine, theirs in zip(own.roles, account.roles, strict=True):
        if not mine.is_filled and theirs.is_filled:
            known = {one.id for one in mine.holders if one.kind == "user"}
            holders = [replace(one, is_outside=one.kind == "contact" or one.id not in known) for one in theirs.holders]
            roles.append(replace(theirs, holders=holders))
        else:
            roles.append(mine)
    best = roles[0].holders[0] if roles[0].holders else None
    features = score.features if score else {}
    return replace(
        account,
        state_label=faces.of_the_whole(account.state_label),
        settle=settle(account.state, whole, best, features),
        roles=roles,
        profiled=own.profiled,
        active=own.active,
    )


def settle(state: str, people: account_people.Group, best: Holder | None, features: Mapping[str, float | None]) -> str:
    """What would settle whether there is a buyer: whom to ask what."""
    if state == BuyerState.CONFIRMED:
        return ""
    if state == BuyerState.LIKELY and best is not None:
        who = f"{best.title} {best.name}" if best.title and len(best.title) <= 30 else best.name
        return _("%(who)s is likely to be the buyer, and nobody has confirmed it. Ask, then say so here.") % {
            "who": who
        }
    active, profiled = int(features.get("active_users_28") or 0), int(features.get("profiled_active") or 0)
    if state == BuyerState.UNKNOWN and active:
        needed = max(math.ceil(active / 2) - profiled, 1)
        names = ", ".join(str(person.user) for person in people.untitled)
        words = ngettext(
            "Ask %(needed)d of the %(n)d active person without a title what they do",
            "Ask %(needed)d of the %(n)d active people without a title what they do",
            active - profiled,
        ) % {"needed": needed, "n": active - profiled}
        return f"{words}: {names}." if names else f"{words}."
    leader = next(
        (one for one in people.first if one.user.seniority in LEADERS and one.role != BuyingRole.END_USER), None
    )
    if leader is not None and not leader.is_locked:
        return _(
            "%(name)s (%(title)s) is known but not as the buyer: ask who signs, then confirm or rule them out."
        ) % {
            "name": leader.user,
            "title": account_people.profile_words(leader.user),
        }
    champions = people.by_role.get(BuyingRole.CHAMPION, []) or people.inviters
    if champions:
        brings = champions[0].invites_90 >= CHAMPION_INVITES
        if not active and brings:
            words = _("Nobody was active in 28 days. Ask %(name)s, who brought others, who decides there.")
        elif not active:
            words = _("Nobody was active in 28 days. Ask %(name)s, the champion, who decides there.")
        elif brings:
            words = _("None of its people can buy. Ask %(name)s, who brings others, for an introduction.")
        else:
            words = _("None of its people can buy. Ask %(name)s, the champion, for an introduction.")
        return words % {"name": champions[0].user}
    if not active:
        return _(
            "Nobody was active in 28 days, so nobody can be asked in the product: look for the buyer outside of it."
        )
    return _("None of its people can buy. Look for the buyer outside of the product and add them as a contact.")


def _line(role: BuyingRole, people: account_people.Group, contacts: Sequence[Contact]) -> RoleLine:
    holders = [
        Holder("user", one.user.pk, str(one.user), account_people.profile_words(one.user), one.confidence, one.is_quiet)
        for one in people.by_role.get(role, [])
    ]
    if role == BuyingRole.CHAMPION:  # whatever else the title makes of them
        known = {one.id for one in holders}
        holders += [
            Holder(
                "user",
                one.user.pk,
                str(one.user),
                account_people.profile_words(one.user),
                WORTH[BEHAVIOUR],
                one.is_quiet,
            )
            for one in people.inviters
            if one.user.pk not in known and not one.is_locked
        ]
    else:  # of those who are shown as champions what their title says counts too
        holders += [
            Holder(
                "user",
                one.user.pk,
                str(one.user),
                account_people.profile_words(one.user),
                sure,
                one.is_quiet,
                is_second=True,
            )
            for one in people.by_role.get(BuyingRole.CHAMPION, [])
            if (sure := also(one.user.role_evidence).get(role))
        ]
    outside = [
        Holder("contact", one.pk, str(one), one.title, one.buying_confidence)
        for one in contacts
        if one.buying_role == role and one.buying_confidence > 0
    ]
    found = sorted(
        [*holders, *outside], key=lambda one: (one.is_second and role == BuyingRole.ECONOMIC_BUYER, -one.sure)
    )
    line = RoleLine(role.value, str(capfirst(role.label)), found[:NAMED], 0)
    named = NAMED if line.is_filled else GUESSED
    total = max(people.counts.get(role, 0), len(holders)) + len(outside)
    return replace(line, holders=found[:named], more=max(total - named, 0))
