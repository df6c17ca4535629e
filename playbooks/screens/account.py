"""The page of one account."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Min
from django.urls import reverse

from accounts import contacts, roles
from accounts import people as account_people
from accounts import signals as account_signals
from accounts import usage as account_usage
from accounts.models import Account, AccountDomain, Member, Workspace
from playbooks import crowds
from playbooks.screens import contacts as contact_screen
from playbooks.screens import course, detail, group, identity, then, weeks, why
from playbooks.screens.workspaces import ScoredWorkspaces, scored_workspaces
from scoring import why as scoring_why
from scoring.models import Score

PEOPLE, SIGNALS, WEEKS = 25, 40, crowds.PAGE
#: Contacts that the page shows; the contacts page has all.
CONTACTS = 100


@dataclass(frozen=True)
class WorkspaceLine:
    name: str
    external_id: str
    plan: str
    domain: str
    created_at: dt.datetime
    how: str


@dataclass(frozen=True)
class AccountPage:
    """Everything the page shows. `why` is none without a score, and `no_score` says why there is none."""

    score: Score | None
    header: detail.Header
    domains: list[str]
    scored_at: dt.datetime | None
    why: why.Why | None
    no_score: bool
    why_now: str
    raised: detail.SignalLine | None
    then: then.Then | None
    to_pqa: str
    course: course.ScoreCourse
    usage: weeks.Usage
    people: list[detail.PersonLine]
    people_words: str
    people_gap: str
    contacts: list[contact_screen.ContactRow]
    group: group.Group
    say_back: str
    signals: list[detail.SignalLine]
    workspaces: list[WorkspaceLine]
    scored_workspaces: ScoredWorkspaces
    items: list[detail.ItemLine]
    open_items: list[detail.ItemLine]


def page(account: Account, member: Member, *, today: dt.date) -> AccountPage:
    """The page of an account that was not merged away. About a dozen queries, whatever its size."""
    score = Score.objects.filter(pk=account.pk).select_related("definition").first()
    spaces = [
        WorkspaceLine(
            *(str(space), space.external_id, space.plan, space.domain, space.since or space.created_at),
            identity.how(space.account_by),
        )
        for space in Workspace.objects.filter(account=account)
        .annotate(since=Min("memberships__first_seen_at"))
        .order_by("name", "id")[:100]
    ]
    known = account_people.group_of(account.pk, limit=PEOPLE)
    people = known.first
    outside = list(contacts.of_account(account.pk)[:CONTACTS])
    for contact in outside:
        contact.account = account
    items = detail.item_lines(account.pk, member, people=people, score=score, outside=outside)
    rows = account_usage.weeks_of(account.pk, people=crowds.people(score), weeks=WEEKS, until=today)
    has_score = score is not None and score.score is not None
    open_items = [item for item in items if item.actions.is_open]
    why_now = next((item.why_now for item in open_items if not item.workspace), "")
    if open_items and not why_now and score is not None:  # its workspaces stand for it
        why_now = scoring_why.why_now(
            score.contributions, score.week_ago, score=score.score, score_before=score.week_ago_score
        )
    signals = detail.signal_lines(account_signals.of_account(account.pk, limit=SIGNALS))
    return AccountPage(
        score=score,
        header=detail.header(account, score, len(spaces)),
        domains=[
            domain
            for domain in AccountDomain.objects.filter(account=account)
            .order_by("domain")
            .values_list("domain", flat=True)
            if domain != account.domain
        ],
        scored_at=score.scored_at if score else None,
        why=why.explain(score) if score is not None and has_score else None,
        no_score=not has_score,
        why_now=why_now,
        raised=detail.raised(account.pk, score, why_now, signals),
        then=then.of_account(account.pk, score),
        to_pqa=why.to_pqa(score) if score else "",
        course=course.score_course(account.pk),
        usage=weeks.usage(rows, until=today, weeks=WEEKS),
        people=[detail.person_line(person) for person in people],
        people_words=detail.people_words(score),
        people_gap=detail.people_gap(score),
        group=group.of_account(known, outside, score),
        contacts=contact_screen.rows(outside),
        say_back=reverse("account", args=[account.pk]) if member.role in roles.SAYERS else "",
        signals=signals,
        workspaces=spaces,
        scored_workspaces=scored_workspaces(account.pk),
        items=items,
        open_items=open_items,
    )
