"""Find the buyer: whom to ask for an introduction, which roles are missing, what to quote, and who was found outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import contacts
from accounts import people as account_people
from accounts.access import can
from accounts.contacts import fields
from accounts.models import BuyingRole, Contact, Member
from playbooks import spaces, touches
from playbooks.models import Motion, QueueItem
from playbooks.querysets import LIKELY
from playbooks.screens.states import Chip
from playbooks.spaces import Rated
from playbooks.verbs import early

#: The roles of a purchase, in the order of who decides.
ROLES = (BuyingRole.ECONOMIC_BUYER, BuyingRole.CHAMPION, BuyingRole.INFLUENCER, BuyingRole.EVALUATOR)
#: So many people are named, for each role and among those who invited.
NAMED = 3


@dataclass(frozen=True)
class RoleLine:
    """`names` are those who have it; empty: it is missing."""

    label: str
    names: str


@dataclass(frozen=True)
class Inviter:
    name: str
    title: str
    email: str
    words: str


@dataclass(frozen=True)
class ContactLine:
    id: int
    name: str
    title: str
    email: str
    phone: str
    tel: str
    role: str
    tag: str
    added: str


@dataclass(frozen=True)
class Finding:
    """`proof`: usage in sentences, to be quoted; empty without a score."""

    item_id: int
    roles: list[RoleLine]
    missing: str
    inviters: list[Inviter]
    proof: str
    contacts: list[ContactLine]
    may_work: bool


def of_item(
    item: QueueItem,
    member: Member,
    *,
    people: Sequence[account_people.Person] | None = None,
    score: Rated | None = None,
    outside: Sequence[Contact] | None = None,
    early_days: int | None = None,
) -> Finding | None:
    """None but in marketing's queue. One query, and more for what is not given: `people`, `score`, the first contacts (`outside`),
    `early_days` of the motion.
    """
    if item.motion != Motion.MARKETING:
        return None
    if people is None:
        people = account_people.group_of(item.account_id, workspace_id=item.workspace_id, limit=5).first
    if score is None:
        score = spaces.rated(item)
    found = list(contacts.of_account(item.account_id)[:20]) if outside is None else outside
    roles = _roles(item, people, found)
    return Finding(
        item_id=item.pk,
        roles=roles,
        missing=", ".join(line.label.lower() for line in roles if not line.names),
        inviters=_inviters(people, may_write=not early.is_too_early(item, days=early_days)),
        proof=proof(item.called, score.features) if score else "",
        contacts=[_contact_line(contact) for contact in found],
        may_work=can(member, "work", item),
    )


def chip(item: QueueItem) -> Chip | None:
    """What a row of marketing says first: which of the two roles that matter is missing."""
    if item.motion != Motion.MARKETING or not item.is_open:
        return None
    if item.buyer_id is None and item.buyer_contact_id is None:
        if item.champion_id is None:
            return Chip("yellow", "user-question", _("missing: buyer and champion"))
        return Chip("plain", "user-question", _("missing: buyer"), _("Its champion may introduce you"))
    if item.champion_id is None:
        return Chip("plain", "user-question", _("missing: champion"))
    return None


def proof(account: str, features: Mapping[str, float | None]) -> str:
    """`"12 people at Acme used our product in the last four weeks, 8 of them in the last week. …"`; empty without usage. Pure."""
    active, week = int(features.get("active_users_28") or 0), int(features.get("active_users_7") or 0)
    if not active:
        return ""
    words = ngettext(
        "%(n)d person at %(account)s used our product in the last four weeks",
        "%(n)d people at %(account)s used our product in the last four weeks",
        active,
    ) % {"n": active, "account": account}
    if week:
        words += _(", %(n)d of them in the last week") % {"n": week}
    said = [words + "."]
    before = int(features.get("active_users_prev_28") or 0)
    if before and active > before:
        said.append(_("Four weeks before that it was %(n)d.") % {"n": before})
    events, breadth = int(features.get("events_28") or 0), int(features.get("breadth_28") or 0)
    if events and breadth:
        said.append(
            ngettext(
                "Together they did %(events)s things with %(n)d feature.",
                "Together they did %(events)s things with %(n)d features.",
                breadth,
            )
            % {"events": f"{events:,}", "n": breadth}
        )
    invites = int(features.get("invites_28") or 0)
    if invites:
        said.append(
            ngettext("They invited %(n)d colleague.", "They invited %(n)d colleagues.", invites) % {"n": invites}
        )
    return " ".join(said)


def _roles(item: QueueItem, people: Sequence[account_people.Person], found: Sequence[Contact]) -> list[RoleLine]:
    names: dict[str, list[str]] = {role: [] for role in ROLES}
    known = touches.people_of(item.account_id).filter(buying_confidence__gte=LIKELY, buying_role__in=ROLES)
    for user in known.order_by("-buying_confidence", "pk")[:20]:
        names[user.buying_role].append(str(user))
    for contact in found:
        if contact.buying_role in names and contact.buying_confidence >= LIKELY:
            names[contact.buying_role].append(_("%(name)s (contact)") % {"name": contact})
    for person in people:  # by what they did: whoever invites others is a champion
        if person.role == BuyingRole.CHAMPION and str(person.user) not in names[BuyingRole.CHAMPION]:
            names[BuyingRole.CHAMPION].append(str(person.user))
    lines = []
    for role in ROLES:
        more = len(names[role]) - NAMED
        told = ", ".join(names[role][:NAMED])
        if more > 0:
            told = ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more) % {"names": told, "n": more}
        lines.append(RoleLine(str(capfirst(role.label)), told))
    return lines


def _inviters(people: Sequence[account_people.Person], *, may_write: bool) -> list[Inviter]:
    most = sorted((one for one in people if one.invites_90), key=lambda one: -one.invites_90)
    found = []
    for person in most[:NAMED]:
        words = ngettext("sent %(n)d invitation in 90 days", "sent %(n)d invitations in 90 days", person.invites_90)
        email = person.user.email if may_write and "@" in person.user.email else ""
        found.append(Inviter(str(person.user), person.user.title, email, words % {"n": person.invites_90}))
    return found


def _contact_line(contact: Contact) -> ContactLine:
    role = str(contact.get_buying_role_display()) if contact.buying_role else ""
    if role and contact.buying_confidence < contacts.CONFIRMED:
        role = _("likely %(role)s") % {"role": role}
    added = [contact.source] if contact.source else []
    if contact.added_by:
        added.append(_("added by %(member)s") % {"member": contact.added_by})
    is_buyer = contact.buying_role == BuyingRole.ECONOMIC_BUYER
    return ContactLine(
        id=contact.pk,
        name=str(contact),
        title=contact.title,
        email=contact.email,
        phone=contact.phone,
        tel=fields.tel(contact.phone),
        role=role,
        tag="green" if is_buyer else "azure",
        added=" · ".join(added),
    )
