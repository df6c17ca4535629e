"""The queue page: tabs, rows, and the pane of the selected item."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import can
from accounts.models import Member, SignalKind, Source
from playbooks.filters import QueueFilter
from playbooks.models import Motion, QueueItem
from playbooks.querysets import rows_of
from playbooks.screens import detail
from playbooks.screens.buying import Buying, buyer, champion
from scoring.models import Segment

PAGE = 50
MOTIONS = (Motion.SALES, Motion.SUCCESS, Motion.MARKETING)


@dataclass(frozen=True)
class Tab:
    key: str
    label: str
    count: int
    href: str
    is_here: bool


@dataclass(frozen=True)
class Row:
    """One queue item as the list shows it. `owner` is empty when unclaimed; `lost` says who won a race."""

    id: int
    account_id: int
    name: str
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
    entered_at: dt.datetime
    lost: str = ""


@dataclass(frozen=True)
class Counts:
    """The words under the title and the tabs' numbers."""

    to_work: int
    mine: int
    hand_raised: int
    words: str


@dataclass(frozen=True)
class Start:
    """What an empty installation needs: the write key for those who may see it."""

    write_key: str
    may_see: bool


@dataclass(frozen=True)
class QueuePage:
    """Everything the page shows. `news` counts items that came since the list was last drawn whole."""

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
    clear: str
    previous: str
    next: str
    empty_title: str
    empty_words: str


def version(counts: dict[str, int | dt.datetime | None]) -> str:
    """Changes when the queue did, and each minute, because the page tells relative times."""
    changed = counts["changed"]
    stamp = changed.timestamp() if isinstance(changed, dt.datetime) else 0
    numbers = "-".join(str(counts[name]) for name in ("to_work", "unclaimed", "mine", "hand_raised"))
    return f"{stamp:.6f}-{numbers}-{int(timezone.now().timestamp() // 60)}"


def counts_of(motion: str, member: Member) -> dict[str, int | dt.datetime | None]:
    return QueueItem.objects.tab_counts(motion, member)


def counts_words(counts: dict[str, int | dt.datetime | None]) -> Counts:
    def number(name: str) -> int:
        return int(counts[name] or 0)  # type: ignore[arg-type]

    words = [
        ngettext("%(n)d to claim", "%(n)d to claim", number("unclaimed")) % {"n": number("unclaimed")},
        ngettext("%(n)d claimed by you", "%(n)d claimed by you", number("mine")) % {"n": number("mine")},
    ]
    if number("others"):
        words.append(ngettext("%(n)d by others", "%(n)d by others", number("others")) % {"n": number("others")})
    return Counts(number("to_work"), number("mine"), number("hand_raised"), " · ".join(words))


def row(item: QueueItem, member: Member, *, href: str = "", selected: int | None = None, lost: str = "") -> Row:
    """The row of an item that was read by `for_rows`."""
    return Row(
        id=item.pk,
        account_id=item.account_id,
        name=item.account.name,
        href=href,
        is_selected=item.pk == selected,
        is_new=item.state == QueueItem.State.NEW,
        score=item.score,
        delta=item.delta,
        tier=item.tier,
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
        owner=str(item.owner) if item.owner and item.state == QueueItem.State.CLAIMED else "",
        is_mine=item.state == QueueItem.State.CLAIMED and item.owner_id == member.pk,
        is_open=item.is_open,
        entered_at=item.entered_at,
        lost=lost,
    )


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
) -> QueuePage:
    """One page of a queue.

    With `shown` the rows are those ids in that order, re-read: a list under a person's eyes does not jump, and what came
    after `since` is only counted.
    """
    items = QueueItem.objects.for_queue_page(wanted, member)
    counts = counts_words(raw_counts)
    paginator = Paginator(items.values_list("pk", flat=True), PAGE)
    if not wanted.is_filtered:  # the tab's number is known already
        paginator.count = {"mine": counts.mine, "hand_raised": counts.hand_raised}.get(wanted.tab, counts.to_work)
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
    if selected is None and listed:
        selected = listed[0]
    page_number = str(here.number) if here.number > 1 else None
    chosen_id = selected.pk if selected else None

    def address(item_id: int | None) -> str:
        return path + wanted.query(page=page_number, item=item_id)

    now = timezone.now()
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
        tabs=_tabs(wanted, counts, path),
        counts=counts,
        filter=wanted,
        rows=[row(item, member, href=address(item.pk), selected=chosen_id) for item in listed],
        page=here,
        detail=detail.for_queue(selected, member, today=now.date()) if selected else None,
        selected=chosen_id,
        is_chosen=is_chosen,
        news=news,
        here=address(chosen if is_chosen else None),
        fresh=address(None),
        shown=",".join(str(item.pk) for item in listed),
        since=(since or now).isoformat(),
        version=version(raw_counts),
        clear=path + QueueFilter(motion=wanted.motion, tab=wanted.tab).query(),
        previous=path + wanted.query(page=here.number - 1) if here.has_previous() else "",
        next=path + wanted.query(page=here.number + 1) if here.has_next() else "",
        empty_title=_("Nothing to work in this queue"),
        empty_words=_empty_words(wanted),
    )


def _empty_words(wanted: QueueFilter) -> str:
    """What would bring accounts here."""
    if wanted.tab == "mine":
        return _("Claim an account under “To work” and it is yours: it stays here until you release it.")
    if wanted.tab == "hand_raised":
        return _("When somebody asks for a demo or for sales, the account comes here at any score, newest first.")
    return {
        Motion.SALES: _("Accounts come here when their score reaches the sales threshold or somebody raises a hand."),
        Motion.SUCCESS: _(
            "Accounts come here when they are close to qualifying: in the band below the sales threshold."
        ),
        Motion.MARKETING: _("Accounts come here when they qualify by usage but none of their people can buy."),
    }[Motion(wanted.motion)]


def _tabs(wanted: QueueFilter, counts: Counts, path: str) -> list[Tab]:
    told = [
        ("to_work", _("To work"), counts.to_work),
        ("mine", _("Mine"), counts.mine),
        ("hand_raised", _("Hand raised"), counts.hand_raised),
    ]
    return [
        Tab(key, label, count, path + wanted.query(tab=None if key == "to_work" else key), key == wanted.tab)
        for key, label, count in told
    ]


def start(member: Member) -> Start:
    """The write key of the first source, for an admin only."""
    if not can(member, "administer"):
        return Start("", False)
    source = Source.objects.filter(is_active=True).order_by("id").first()
    return Start(source.write_key if source else "", True)
