"""The queue page: tabs, rows, and the pane of the selected item."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import can
from accounts.models import Member, SignalKind, Source
from playbooks import columns, counting
from playbooks.filters import QueueFilter
from playbooks.models import Motion, QueueItem
from playbooks.querysets import WORKING, rows_of
from playbooks.screens import detail, states, tabs
from playbooks.screens.buying import Buying, buyer, champion
from playbooks.screens.motion_chips import first_of_motion
from playbooks.screens.tabs import Counts, Tab
from playbooks.verbs import early
from scoring.buckets import label
from scoring.models import Segment

PAGE = 50
#: Items that "all that match" takes at most.
MOST_MATCHED = 1_000
MOTIONS = (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)


@dataclass(frozen=True)
class Row:
    """One queue item as the list shows it. `owner` is empty when unclaimed; `lost` says who won a race.

    `is_here`: it still waits in the queue for this member, so that working through does not skip it. `shows`: the facts of
    `playbooks.columns` that the member wants to see.
    """

    id: int
    account_id: int
    name: str
    workspace: str
    href: str
    is_selected: bool
    is_new: bool
    score: int | None
    delta: int | None
    tier: str
    segment: str
    hand_raised_at: dt.datetime | None
    is_expansion: bool
    is_person: bool
    why_now: str
    first_step: str
    mark: str
    buyer: Buying
    champion: Buying | None
    signal_icon: str
    signal_label: str
    signal_at: dt.datetime | None
    owner: str
    is_mine: bool
    is_open: bool
    is_here: bool
    is_asleep: bool
    may_select: bool
    entered_at: dt.datetime
    sla: states.Chip | None
    chips: tuple[states.Chip, ...]
    shows: frozenset[str]
    domain: str = ""
    tier_label: str = ""
    bucket: str = ""
    touched_at: dt.datetime | None = None
    step_due_on: dt.date | None = None
    lost: str = ""
    is_blind: bool = False


@dataclass(frozen=True)
class Start:
    """What an empty installation needs: the write key for those who may see it."""

    write_key: str
    may_see: bool


@dataclass(frozen=True)
class QueuePage:
    """Everything the page shows. `news` counts items that came since the list was last drawn whole.

    `onward` is the address of the next item to work through; `match` the query string of all that match, with its
    words where a page is not all. The selected one is `place` of `places`, 0 when it is not listed.
    """

    motion: str
    motion_label: str
    motions: list[Tab]
    tabs: list[Tab]
    counts: Counts
    filter: QueueFilter
    rows: list[Row]
    page: Page
    detail: detail.Detail | None
    selected: int | None
    is_chosen: bool
    news: int
    here: str
    fresh: str
    shown: str
    since: str
    version: str
    shows: frozenset[str]
    clear: str
    previous: str
    next: str
    onward: str
    place: int
    places: int
    may_work: bool
    may_assign: bool
    whose: list[Tab]
    order_words: str
    empty_title: str
    empty_words: str
    match: str = ""
    match_words: str = ""


def version(counts: dict[str, int | dt.datetime | None], told: str = "") -> str:
    """Changes when the queue did, or what the member was told (`told`), and each minute: the page tells relative times."""
    changed = counts["changed"]
    stamp = changed.timestamp() if isinstance(changed, dt.datetime) else 0
    numbers = "-".join(str(counts[name]) for name in ("to_work", "unclaimed", "mine", "hand_raised", "asleep"))
    return f"{stamp:.6f}-{numbers}-{told}-{int(timezone.now().timestamp() // 60)}"


def counts_of(motion: str, member: Member) -> dict[str, int | dt.datetime | None]:
    return counting.for_tabs(motion, member)


def row(
    item: QueueItem,
    member: Member,
    *,
    early_days: int,
    shows: frozenset[str] = columns.DEFAULTS[columns.QUEUE],
    href: str = "",
    selected: int | None = None,
    lost: str = "",
    now: dt.datetime | None = None,
) -> Row:
    """The row of an item that was read by `for_rows`."""
    now = now or timezone.now()
    is_mine = item.state == QueueItem.State.CLAIMED and item.owner_id == member.pk
    return Row(
        id=item.pk,
        account_id=item.account_id,
        name=item.called,
        workspace=_space(item),
        href=href,
        is_selected=item.pk == selected,
        is_new=item.state == QueueItem.State.NEW,
        score=None if states.is_blind(item) else item.score,
        delta=None if states.is_blind(item) else item.delta,
        tier="" if states.is_blind(item) else item.tier,
        is_blind=states.is_blind(item),
        segment=str(Segment(item.segment).label),
        hand_raised_at=item.hand_raised_at,
        is_expansion=item.is_expansion,
        is_person=item.account.of_person,
        why_now=item.why_now,
        first_step=item.first_step,
        mark=item.mark,
        buyer=buyer(item),
        champion=champion(item),
        signal_icon=detail.SIGNAL_ICONS.get(SignalKind(item.last_signal), "bolt") if item.last_signal else "",
        signal_label=str(SignalKind(item.last_signal).label) if item.last_signal else "",
        signal_at=item.last_signal_at,
        owner=str(item.owner) if item.owner and item.is_open and item.owner_id != member.pk else "",
        is_mine=is_mine,
        is_open=item.is_open,
        is_here=_waits(item, member),
        is_asleep=item.state == QueueItem.State.SNOOZED,
        may_select=item.is_open and can(member, "work", item),
        entered_at=item.entered_at,
        sla=states.sla(item, now),
        chips=(*states.chips(item, now, early_until=states.early_until(item, early_days)), *first_of_motion(item, now)),
        shows=shows,
        domain=item.account.domain if "domain" in shows else "",
        tier_label=str(item.get_tier_display()) if "tier" in shows and not states.is_blind(item) else "",
        bucket=label(getattr(item, "bucket", "")) if "bucket" in shows else "",
        touched_at=item.last_touched_at if "touched" in shows else None,
        step_due_on=timezone.localtime(item.step_due_at).date() if item.step_due_at and "due" in shows else None,
        lost=lost,
    )


def _space(item: QueueItem) -> str:
    """What a row says beside its name when it is about a workspace."""
    return "" if item.workspace_id is None else _("workspace")


def page(
    wanted: QueueFilter,
    member: Member,
    *,
    path: str,
    number: str,
    chosen: int | None,
    shown: Sequence[int] = (),
    since: dt.datetime | None = None,
    raw_counts: dict[str, int | dt.datetime | None],
    told: str = "",
) -> QueuePage:
    """One page of a queue.

    With `shown` the rows are those ids in that order, re-read: a list under a person's eyes does not jump, and what came
    after `since` is only counted.
    """
    items = QueueItem.objects.for_queue_page(wanted, member)
    counts = tabs.counts_words(raw_counts)
    paginator = Paginator(items.values_list("pk", flat=True), PAGE)
    if not wanted.is_filtered:  # the tab's number is known already
        known = {"mine": counts.mine, "hand_raised": counts.hand_raised, "to_work": counts.to_work}
        if wanted.tab in known:
            paginator.count = known[wanted.tab]
    here = paginator.get_page(number)
    news = 0
    listed = QueueItem.objects.these(shown, wanted.motion) if shown else []
    if not listed:
        listed, since = rows_of(QueueItem.objects.for_rows(), here), None
    elif since is not None:
        news = items.filter(entered_at__gt=since).exclude(pk__in=shown).count()
    selected = next((item for item in listed if item.pk == chosen), None)
    if selected is None and chosen is not None:
        selected = next(iter(QueueItem.objects.these([chosen], wanted.motion)), None)
    is_chosen = selected is not None
    if selected is None and listed:  # who is next: others may be at work on the first ones
        selected = next((item for item in listed if _waits(item, member)), listed[0])
    page_number = str(here.number) if here.number > 1 else None
    chosen_id = selected.pk if selected else None

    def address(item_id: int | None) -> str:
        return path + wanted.query(page=page_number, item=item_id)

    now = timezone.now()
    early_days, shows = early.days_of(wanted.motion), columns.of(member, columns.QUEUE)
    rows = [
        row(item, member, early_days=early_days, shows=shows, href=address(item.pk), selected=chosen_id, now=now)
        for item in listed
    ]
    place, onward = _way(rows, chosen_id)
    gone = sum(not _belongs(item, wanted, member) for item in listed)
    return QueuePage(
        motion=wanted.motion,
        motion_label=str(Motion(wanted.motion).label),
        motions=[
            Tab(
                motion.value,
                str(motion.label),
                0,
                path.replace(f"/{wanted.motion}/", f"/{motion.value}/"),
                motion.value == wanted.motion,
            )
            for motion in MOTIONS
        ],
        tabs=tabs.tabs(wanted, counts, path),
        counts=counts,
        filter=wanted,
        rows=rows,
        page=here,
        detail=detail.for_queue(selected, member, today=now.date(), early_days=early_days) if selected else None,
        selected=chosen_id,
        is_chosen=is_chosen,
        news=news,
        here=address(chosen if is_chosen else None),
        fresh=address(None),
        shown=",".join(str(item.pk) for item in listed),
        since=(since or now).isoformat(),
        version=version(raw_counts, told),
        shows=shows,
        clear=path + QueueFilter(motion=wanted.motion, tab=wanted.tab).query(),
        previous=path + wanted.query(page=here.number - 1) if here.has_previous() else "",
        next=path + wanted.query(page=here.number + 1) if here.has_next() else "",
        onward=address(onward),
        place=here.start_index() + place if place is not None else 0,
        places=max(here.paginator.count + gone, len(rows)),
        may_work=can(member, "work", Worked(wanted.motion)),
        may_assign=can(member, "administer"),
        whose=tabs.whose(wanted, path),
        order_words=tabs.order_words(wanted),
        empty_title=tabs.empty_title(wanted),
        empty_words=tabs.empty_words(wanted),
        match=wanted.query() or "?",
        match_words=_match_words(here.paginator.count) if here.paginator.count > len(rows) else "",
    )


def _match_words(n: int) -> str:
    """What selecting all is called when a page is not all."""
    if n > MOST_MATCHED:
        return _("The first %(most)s of %(n)s that match") % {"most": f"{MOST_MATCHED:,}", "n": f"{n:,}"}
    return _("All %(n)s that match") % {"n": f"{n:,}"}


def matched(wanted: QueueFilter, member: Member) -> list[int]:
    """The ids of what a list shows on all its pages, in its order, the first thousand."""
    return list(QueueItem.objects.for_queue_page(wanted, member).values_list("pk", flat=True)[:MOST_MATCHED])


@dataclass(frozen=True)
class Worked:
    """A queue as `accounts.access` asks for one."""

    motion: str


def _way(rows: Sequence[Row], selected: int | None) -> tuple[int | None, int | None]:
    """The selected row's place among the rows, from 0, and the id of the next one that waits; the first one after the last."""
    place = next((number for number, one in enumerate(rows) if one.id == selected), None)
    after = rows if place is None else [*rows[place + 1 :], *rows[:place]]
    return place, next((one.id for one in after if one.is_here and one.id != selected), None)


def _waits(item: QueueItem, member: Member) -> bool:
    """New, or claimed by this member."""
    is_mine = item.state == QueueItem.State.CLAIMED and item.owner_id == member.pk
    return item.state == QueueItem.State.NEW or is_mine


def _belongs(item: QueueItem, wanted: QueueFilter, member: Member) -> bool:
    """Whether a row that stands in the list is counted in its tab still."""
    if wanted.tab == "closed":
        return not item.is_open
    if wanted.tab == "snoozed":
        return item.state == QueueItem.State.SNOOZED
    is_mine = item.state == QueueItem.State.CLAIMED and item.owner_id == member.pk
    if wanted.tab == "mine":
        return is_mine
    return item.state in WORKING and (wanted.tab == "hand_raised" or not is_mine)


def start(member: Member) -> Start:
    """The write key of the first source, for an admin only."""
    if not can(member, "administer"):
        return Start("", False)
    source = Source.objects.filter(is_active=True).order_by("id").first()
    return Start(source.write_key if source else "", True)
