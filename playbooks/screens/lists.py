"""The lists: every account, and the people who may buy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import evidence
from accounts.models import Account, BuyingRole
from playbooks.buyers import CONTACT, Buyer
from playbooks.filters import AccountFilter, ContactFilter
from playbooks.routing import is_customer
from playbooks.screens.buying import unknown
from playbooks.screens.detail import ROLE_TAGS
from scoring.buckets import Bucket, label
from scoring.models import BuyerState, Score


@dataclass(frozen=True)
class AccountRow:
    """One line of the account list. `active` (people in 28 days) and `last_use` are as of the last score."""

    id: int
    name: str
    domain: str
    score: int | None
    delta: int | None
    tier: str
    tier_label: str
    segment: str
    employees: int | None
    buyer: str
    buyer_icon: str
    bucket: str
    active: int | None
    last_use: dt.date | None
    is_customer: bool
    hand_raised: bool
    plan: str
    since: dt.datetime
    qualified_at: dt.datetime | None


def account_rows(accounts: Iterable[Account]) -> list[AccountRow]:
    """Rows of accounts that were read with their scores and buckets."""
    return [_account_row(account, getattr(account, "score", None)) for account in accounts]


def _account_row(account: Account, score: Score | None) -> AccountRow:
    features = score.features if score else {}
    days = features.get("days_since_last_use")
    active = features.get("active_users_28")
    icon, words = "user-question", ""
    if score is not None:
        if score.buyer_state in (BuyerState.CONFIRMED, BuyerState.LIKELY):
            icon, words = "user-check", str(score.get_buyer_state_display())
        else:
            icon, words = unknown(score.buyer_state, None, None)
            words = words[:1].upper() + words[1:]
    return AccountRow(
        id=account.pk,
        name=account.name,
        domain=account.domain,
        score=score.score if score else None,
        delta=score.delta if score else None,
        tier=score.tier if score else "",
        tier_label=str(score.get_tier_display()) if score and score.score is not None else "",
        segment=str(score.get_segment_display()) if score else "",
        employees=account.employees,
        buyer=words,
        buyer_icon=icon,
        bucket=label(getattr(account, "bucket", "")),
        active=None if active is None else int(active),
        last_use=score.scored_at.date() - dt.timedelta(days=int(days)) if score and days is not None else None,
        is_customer=is_customer(account.plan),
        hand_raised=bool(score and score.hand_raised_at),
        plan=account.plan,
        since=account.created_at,
        qualified_at=score.tier_since if score and score.score is not None else None,
    )


@dataclass(frozen=True)
class BucketChip:
    """One attribution bucket above a list; `href` filters by it, or no more when it is chosen."""

    value: str
    label: str
    icon: str
    hint: str
    count: int
    href: str
    is_here: bool


def bucket_chips(counts: Mapping[str, int], wanted: AccountFilter | ContactFilter) -> list[BucketChip]:
    icons = {Bucket.WITH_BUYER: "user-check", Bucket.WITHOUT_BUYER: "user-question", Bucket.LEAD: "mail"}
    hints = {
        Bucket.WITH_BUYER: _("Used in 28 days, and a buyer is likely or confirmed"),
        Bucket.WITHOUT_BUYER: _("Used in 28 days, and no buyer is known"),
        Bucket.LEAD: _("Contacts are known, and nobody has used the product in 28 days"),
    }
    return [
        BucketChip(
            value=bucket.value,
            label=str(bucket.label),
            icon=icons[bucket],
            hint=hints[bucket],
            count=counts[bucket.value],
            href=wanted.query(bucket=None if wanted.bucket == bucket else bucket.value) or "?",
            is_here=wanted.bucket == bucket,
        )
        for bucket in Bucket
    ]


@dataclass(frozen=True)
class BuyerRow:
    """One person who may buy, with the account's score. `why`: what the role rests on, but for the title."""

    id: int
    is_contact: bool
    name: str
    email: str
    title: str
    role: str
    role_tag: str
    confidence: float
    why: str
    last_seen_at: dt.datetime | None
    account_id: int
    account_name: str
    account_domain: str
    score: int | None
    tier: str


def buyer_rows(buyers: Iterable[Buyer]) -> list[BuyerRow]:
    return [
        BuyerRow(
            id=one.id,
            is_contact=one.kind == CONTACT,
            name=one.name,
            email=one.email,
            title=one.title,
            role=str(BuyingRole(one.role).label),
            role_tag=ROLE_TAGS.get(BuyingRole(one.role), "grey"),
            confidence=one.confidence,
            why=" · ".join(evidence.words(one.reasons)),
            last_seen_at=one.last_seen_at,
            account_id=one.account.pk,
            account_name=one.account.name,
            account_domain=one.account.domain,
            score=one.score,
            tier=one.tier,
        )
        for one in buyers
    ]
