"""An account beside the queue and on its own page: header, why, people, signals, usage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import contacts, roles
from accounts import people as account_people
from accounts import signals as account_signals
from accounts import usage as account_usage
from accounts.contacts import fields
from accounts.models import Account, BuyingRole, Contact, Member, Membership, Signal, SignalKind, Workspace
from playbooks import crowds, faces, spaces
from playbooks.models import Motion, QueueItem, QueueItemEvent
from playbooks.models.items import called
from playbooks.querysets import LIKELY
from playbooks.routing import is_customer
from playbooks.screens import buying, group, history, pane, plays, states, then, weeks, why
from playbooks.screens.actions import Actions, actions
from playbooks.verbs import early
from scoring.models import BuyerState, Score

SIGNAL_ICONS = {
    SignalKind.HAND_RAISE: "hand",
    SignalKind.ADMIN_SWITCH: "exchange",
    SignalKind.PRICING: "currency",
    SignalKind.TERMS: "shield",
    SignalKind.INVITE: "send",
    SignalKind.BUYER_JOINED: "user-plus",
    SignalKind.USAGE_SPIKE: "trend-up",
}
ROLE_TAGS = {
    BuyingRole.ECONOMIC_BUYER: "green",
    BuyingRole.CHAMPION: "purple",
    BuyingRole.INFLUENCER: "azure",
    BuyingRole.EVALUATOR: "azure",
}


@dataclass(frozen=True)
class Header:
    """Who the account is, in one line and some tags; of one of its workspaces where it names one."""

    id: int
    name: str
    domain: str
    facts: list[str]
    score: int | None
    delta: int | None
    tier: str
    tier_words: str
    hand_raised_at: dt.datetime | None
    is_customer: bool
    is_person: bool
    workspace: str = ""


@dataclass(frozen=True)
class PersonLine:
    id: int
    name: str
    email: str
    role: str
    role_tag: str
    evidence: str
    last_seen_at: dt.datetime | None
    is_quiet: bool


@dataclass(frozen=True)
class SignalLine:
    """A signal; `who` may be empty, `detail` is what was said or done. `of_account`: not of the workspace that is shown."""

    kind: str
    icon: str
    label: str
    who: str
    detail: str
    at: dt.datetime
    count: int
    of_account: bool = False


@dataclass(frozen=True)
class Detail:
    """The pane beside the queue."""

    header: Header
    workspace: str
    is_scored: bool
    actions: Actions
    early_until: dt.date | None
    buyer: buying.Buying
    reach: list[Reach]
    why: why.Why | None
    why_now: str
    raised: SignalLine | None
    then: then.Then | None
    to_pqa: str
    first_step: str
    mark: str
    look_again: str
    play: str
    play_because: str
    work: history.Work
    people: list[PersonLine]
    people_words: str
    people_gap: str
    group: group.Group
    may_say: bool
    signals: list[SignalLine]
    weeks: weeks.People
    is_blind: bool = False


@dataclass(frozen=True)
class Reach:
    """Who can buy, or else whom to ask, and the address to reach them at. `kind`: buyer or champion."""

    kind: str
    name: str
    title: str
    words: str
    email: str
    phone: str = ""
    tel: str = ""
    of_account: bool = False


def reach(item: QueueItem) -> list[Reach]:
    """Buyer and champion of an item that was read by `for_rows`, those with a name. One query for a workspace's."""
    members: set[int] = set()
    if item.workspace_id is not None:
        among = [pk for pk in (item.buyer_id, item.champion_id) if pk is not None]
        members = set(
            Membership.objects.filter(workspace=item.workspace_id, user__in=among).values_list("user", flat=True)
        )
    found = []
    for kind, who, told in (
        ("buyer", item.buyer or item.buyer_contact, buying.buyer(item)),
        ("champion", item.champion, buying.champion(item)),
    ):
        if who is not None and told is not None:
            phone = who.phone if isinstance(who, Contact) else ""
            email = who.email if "@" in who.email else ""
            is_outside = item.workspace_id is not None and (isinstance(who, Contact) or who.pk not in members)
            tel = fields.tel(phone)
            found.append(Reach(kind, told.name, told.title, told.words, email, phone, tel, of_account=is_outside))
    return found


def header(account: Account, score: spaces.Rated | None, workspaces: int, space: Workspace | None = None) -> Header:
    """Of an account, or of a workspace of it, whose own size and plan come before the account's."""
    facts = [str(score.get_segment_display())] if score else []
    employees = account.employees if space is None or space.employees is None else space.employees
    plan = account.plan if space is None else space.plan or account.plan
    if employees is not None:
        facts.append(ngettext("%(n)s employee", "%(n)s employees", employees) % {"n": f"{employees:,}"})
    if plan:
        facts.append(_("%(plan)s plan") % {"plan": plan})
    if account.industry:
        facts.append(account.industry)
    if space is not None:
        facts.append(ngettext("its only workspace", "one of %(n)d workspaces", workspaces) % {"n": workspaces})
    elif workspaces:
        facts.append(ngettext("%(n)d workspace", "%(n)d workspaces", workspaces) % {"n": workspaces})
    return Header(
        id=account.pk,
        name=account.name if space is None else called(space, account),
        workspace="" if space is None else str(space),
        domain=account.domain,
        facts=facts,
        score=score.score if score else None,
        delta=score.delta if score else None,
        tier=score.tier if score else "",
        tier_words=_tier_words(score),
        hand_raised_at=score.hand_raised_at if score else None,
        is_customer=is_customer(account.plan),
        is_person=account.of_person,
    )


def _tier_words(score: spaces.Rated | None) -> str:
    if score is None:
        return _("Not scored yet")
    if score.score is None:
        return _("Not enough evidence")
    return _("%(tier)s since %(day)s") % {
        "tier": score.get_tier_display(),
        "day": date_format(score.tier_since, "j M"),
    }


def person_line(person: account_people.Person) -> PersonLine:
    told = person.role and person.role != BuyingRole.END_USER
    share = f" {round(person.confidence * 100)}\u00a0%" if told else ""
    if person.role == BuyingRole.ECONOMIC_BUYER and person.confidence < LIKELY:
        label = _("possible buyer") + share
    elif person.role == BuyingRole.ECONOMIC_BUYER:
        label = (_("buyer") if person.confidence >= 0.9 else _("likely buyer")) + share
    else:
        label = f"{person.role_label}{share}" if told else ""
    return PersonLine(
        id=person.user.pk,
        name=str(person.user),
        email=person.user.email if person.user.email != str(person.user) else "",
        role=label,
        role_tag=ROLE_TAGS.get(BuyingRole(person.role), "grey") if told else "grey",
        evidence=person.evidence,
        last_seen_at=person.last_seen_at,
        is_quiet=person.is_quiet,
    )


def signal_lines(signals: Iterable[Signal]) -> list[SignalLine]:
    lines = []
    for signal in signals:
        who = signal.user or signal.contact
        lines.append(
            SignalLine(
                kind=signal.kind,
                icon=SIGNAL_ICONS.get(SignalKind(signal.kind), "bolt"),
                label=str(signal.get_kind_display()),
                who=str(who) if who else "",
                detail=signal.detail,
                at=signal.at,
                count=signal.count,
                of_account=not getattr(signal, "is_own", True),
            )
        )
    return lines


def raised(account_id: int, score: Score | None, why_now: str, signals: list[SignalLine]) -> SignalLine | None:
    """The newest raised hand while it counts, unless `why_now` tells it already."""
    if score is None or score.hand_raised_at is None or why_now.startswith(str(SignalKind.HAND_RAISE.label)):
        return None
    for line in signals:
        if line.kind == SignalKind.HAND_RAISE:
            return line
    found = account_signals.of_account(account_id, limit=None).filter(kind=SignalKind.HAND_RAISE)[:1]
    return next(iter(signal_lines(found)), None)


def people_gap(score: spaces.Rated | None) -> str:
    """What is missing among the people, as the next step; empty when a buyer is known."""
    if score is None or score.buyer_state in (BuyerState.CONFIRMED, BuyerState.LIKELY):
        return ""
    if score.buyer_state == BuyerState.NONE:
        return _("Nobody among its people can buy, as far as is known.")
    _icon, words = buying.unknown(
        score.buyer_state, score.features.get("profiled_active"), score.features.get("active_users_28")
    )
    return _("%(words)s. Ask who signs off on tools like this.") % {"words": words[:1].upper() + words[1:]}


def people_words(score: spaces.Rated | None) -> str:
    known = score.features.get("people") if score else None
    if known is None:
        return ""
    return _("%(n)d known") % {"n": known}


def for_queue(item: QueueItem, member: Member, *, today: dt.date, early_days: int) -> Detail:
    """The pane of a queue item that was read by `for_rows`. Eleven queries at most, whatever the account's size.

    Of a workspace with all that is the workspace's: its score, people, weeks and signals. Four more then.
    """
    account_score = Score.objects.filter(pk=item.account_id).select_related("definition").first()
    space = item.workspace_id
    score = spaces.rated(item, account_score) if space is not None else account_score
    if space is None:
        signals = signal_lines(account_signals.of_account(item.account_id, limit=6))
    else:
        signals = signal_lines(account_signals.of_workspace(space, item.account_id, limit=6))
    known = account_people.group_of(item.account_id, workspace_id=space, limit=5)
    people = known.first
    there = pane.of(item)
    outside = list(contacts.of_account(item.account_id)[:20]) if there.has_contacts else []
    play, because = plays.in_a_line(item, there)
    blind = states.is_blind(item)
    head = header(item.account, score, there.workspaces, item.workspace)
    if space is not None and account_score is not None:  # a raised hand is the account's
        head = replace(head, hand_raised_at=account_score.hand_raised_at)
    if blind:
        head = replace(head, score=None, delta=None, tier="", tier_words=_("The score is shown once you have answered"))
    return Detail(
        header=head,
        is_blind=blind,
        workspace=str(item.workspace or ""),
        is_scored=score is not None,
        actions=actions(item, member, early_days=early_days),
        early_until=states.early_until(item, early_days),
        buyer=_of_the_whole(buying.buyer(item)) if space is not None else buying.buyer(item),
        reach=reach(item),
        why=why.explain(score) if score and score.score is not None and not blind else None,
        why_now=item.why_now,
        raised=raised(item.account_id, account_score, item.why_now, signals),
        then=then.of_account(item.account_id, account_score),
        to_pqa=why.to_pqa(score) if score and item.motion == Motion.SUCCESS else "",
        first_step=item.first_step,
        mark=item.mark,
        look_again=item.look_again if item.is_open else "",
        play=play,
        play_because=because,
        work=history.of_item(
            item, member, people=people, score=score, there=there, outside=outside, early_days=early_days
        ),
        people=[person_line(person) for person in people],
        people_words=people_words(score),
        people_gap=people_gap(score),
        group=group.of_account(known, outside, score)
        if space is None
        else group.of_workspace(known, account_people.group_of(item.account_id, limit=5), outside, score),
        may_say=member.role in roles.SAYERS,
        signals=signals,
        weeks=weeks.people(
            account_usage.weekly_by_category(item.account_id, workspace_id=space, weeks=crowds.PANE, until=today)
            if space is not None
            else account_usage.weeks_of(
                item.account_id, people=crowds.people(account_score), weeks=crowds.PANE, until=today
            ),
            until=today,
        ),
    )


def _of_the_whole(told: buying.Buying) -> buying.Buying:
    return replace(told, words=faces.of_the_whole(told.words))


@dataclass(frozen=True)
class ItemLine:
    """A queue item on the account page, with its history, newest first; while it is open with what is to be done."""

    actions: Actions
    workspace: str
    state_words: str
    entered_at: dt.datetime
    closed_at: dt.datetime | None
    why_now: str
    first_step: str
    mark: str
    work: history.Work | None
    history: list[history.HistoryLine]


def item_lines(
    account_id: int,
    member: Member,
    *,
    people: Sequence[account_people.Person],
    score: Score | None,
    outside: Sequence[Contact],
) -> list[ItemLine]:
    """The account's queue items, open ones first, with what happened to them."""
    items = list(
        QueueItem.objects.filter(account=account_id)
        .select_related("owner", "account", "workspace")
        .order_by("closed_at", "-entered_at", "-id")[:20]
    )
    items.sort(key=lambda item: not item.is_open)
    events = QueueItemEvent.objects.filter(item__in=items).select_related("actor").order_by("-at", "-id")[:200]
    by_item = history.by_item(events, member)
    days = early.days_of_all()
    return [
        ItemLine(
            actions=actions(item, member, early_days=days[item.motion]),
            workspace=str(item.workspace or ""),
            state_words=str(item.get_state_display()),
            entered_at=item.entered_at,
            closed_at=item.closed_at,
            why_now=item.why_now,
            first_step=item.first_step,
            mark=item.mark,
            history=by_item.get(item.pk, []),
            work=history.of_item(
                item,
                member,
                people=people,
                score=score,
                told=by_item.get(item.pk, [])[:50],
                there=pane.of(item),
                outside=outside,
                early_days=days[item.motion],
                with_finding=item.workspace_id is None,  # the pane of a workspace has its own
            )
            if item.is_open
            else None,
        )
        for item in items
    ]
