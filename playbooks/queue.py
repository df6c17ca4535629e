"""The queues: which accounts are in them.

Routing pulls scored accounts from the work table and makes, updates or closes their items. A claimed item never vanishes: when
its account no longer qualifies, the item gets a mark and stays with its owner. A sleeping one gets its marks too, and wakes when
a strong signal comes. What was closed cools down (`verbs.cooling`), and comes back before only to be looked at again. Items
that came by hand, from another motion or as an audit, stay until they are closed. Workspaces may stand in the queues in place of
their account (`spaces`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import changes
from accounts.models import Account
from playbooks import faces, following, handing, owing, plans, routing, showing, spaces
from playbooks.assignment import policies
from playbooks.faces import Face
from playbooks.models import Motion, QueueItem, QueueItemEvent, RoutingRule
from playbooks.plays import plays
from playbooks.plays.plays import Suggester
from playbooks.spaces import Spaces, Standing
from playbooks.telling import notifications
from playbooks.verbs import acting, cooling, verbs, waking
from playbooks.verbs.cooling import Rest
from scoring.breakdown import feature_in_query
from scoring.models import Score

LOCK = 7_003
#: Scored accounts routed in one transaction, and about how many people they have together.
ROUTED_AT_ONCE, PEOPLE_AT_ONCE = 1_000, 20_000
OPEN = (QueueItem.State.NEW, QueueItem.State.CLAIMED, QueueItem.State.SNOOZED)
Verb = QueueItemEvent.Verb


def table() -> dict[tuple[str, str, str], routing.Cell]:
    """The routing table in force: the default, with the cells an admin has changed."""
    return routing.DEFAULT_TABLE | {
        (rule.tier, rule.buyer_state, rule.segment): routing.Cell(rule.motion, rule.first_step, rule.also_marketing)
        for rule in RoutingRule.objects.all()
    }


def route_scored(*, limit: int = ROUTED_AT_ONCE, urgent: bool | None = None) -> int:
    """Routes the urgent accounts, or those scored longest ago; returns how many. 0 when another router is at work.

    With `urgent`, of this lane only.
    """
    if not changes.is_waiting(table=changes.SCORED, urgent=urgent):
        return 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return 0
        batch = changes.next_batch(limit=limit, people=PEOPLE_AT_ONCE, table=changes.SCORED, urgent=urgent)
        route_accounts(batch.account_ids)
        changes.done(batch.pairs, table=changes.SCORED)
    return len(batch.pairs)


def route_all() -> None:
    """Asks for every account to be routed again: after a change of the routing table."""
    changes.mark_all(table=changes.SCORED)


@dataclass
class _Routed:
    """What routing found out about a batch, to be written at once."""

    now: dt.datetime
    new: list[QueueItem] = field(default_factory=list)
    kept: list[QueueItem] = field(default_factory=list)
    left: list[QueueItem] = field(default_factory=list)
    woken: list[QueueItem] = field(default_factory=list)
    owing: list[QueueItem] = field(default_factory=list)
    handed: list[tuple[QueueItem, dict[str, Any]]] = field(default_factory=list)
    events: list[tuple[QueueItem, str, str]] = field(default_factory=list)
    plays: Suggester = field(default_factory=Suggester)
    cells: Mapping[tuple[str, str, str], routing.Cell] = field(default_factory=dict)

    def tell(self, item: QueueItem, verb: str, detail: str = "") -> None:
        self.events.append((item, verb, detail))

    def show(self, item: QueueItem, shown: dict[str, Any]) -> None:
        hand = item.hand_raised_at
        if showing.show(item, shown | self.play_of(item.motion, shown)):
            self.kept.append(item)
        if item.hand_raised_at != hand:
            owing.after(item, "hand", self.now)
            self.owing.append(item)

    def play_of(self, motion: str, shown: Mapping[str, Any]) -> dict[str, Any]:
        """The play to suggest; nothing changes for an account without a score."""
        if "tier" not in shown:
            return {}
        return self.plays.of(motion, shown, has_contact=shown["buyer_contact_id"] is not None, now=self.now)


@policies.held()
def route_accounts(account_ids: Collection[int]) -> None:
    """Makes, updates, wakes and closes the items of these accounts, in the caller's transaction."""
    cells = table()
    routed = _Routed(timezone.now(), cells=cells)
    routes = _routes(account_ids, cells)
    of_spaces = Spaces(are_queued=spaces.are_queued())
    if of_spaces.are_queued:
        following.with_their_workspaces(account_ids)
    # Locked, so that nobody claims or releases an item between reading and marking it.
    items: dict[int, dict[str, QueueItem]] = {}
    known = QueueItem.objects.select_for_update().filter(account__in=account_ids, state__in=OPEN).order_by("pk")
    for one in known:
        if not spaces.take(one, of_spaces):
            items.setdefault(one.account_id, {})[one.motion] = one
    spaces.read(of_spaces, account_ids, routed.now)
    # Most accounts are in no queue and get into none: nothing more is read of them.
    concerned = {account_id for account_id, route in routes.items() if route.motions} | items.keys()
    concerned |= of_spaces.standings.keys() | of_spaces.items.keys()
    scores = {score.account_id: score for score in Score.objects.filter(account__in=concerned)}
    accounts = {account.pk: account for account in Account.objects.filter(pk__in=concerned)}
    seen = faces.of_accounts(concerned, routed.now)
    if spaces_there := of_spaces.accounts():
        of_spaces.faces = faces.of_workspaces(spaces_there, seen, routed.now)
    rests = cooling.of_accounts(concerned, now=routed.now) if concerned else {}
    there = items.keys() | of_spaces.items.keys()
    if there:
        plans.tick({account_id: score for account_id, score in scores.items() if account_id in there}, routed.now)
    for account_id, account in accounts.items():
        own, score, route = items.get(account_id, {}), scores.get(account_id), routes.get(account_id)
        way: set[str] = set()
        if account_id in of_spaces.standings or account_id in of_spaces.items:
            way = _route_spaces(account, own, score, of_spaces, rests.get(account_id, {}), routed)
        _route_one(account, own, score, route, seen[account_id], rests.get(account_id, {}), routed, way=way)
    talking = _hand_over(routed)
    _write(routed)
    handing.write([item for item, _shown in routed.handed], talking=talking, now=routed.now)
    if there:
        plays.end_exited(account_ids=there)


def _route_spaces(
    account: Account,
    own: Mapping[str, QueueItem],
    score: Score | None,
    of_spaces: Spaces,
    rests: Mapping[str, Rest],
    routed: _Routed,
) -> set[str]:
    """The workspaces of an account; answers the motions in which its own item gives way to them."""
    is_raised = score is not None and score.hand_raised_at is not None
    standings = {} if is_raised or not of_spaces.are_queued else of_spaces.standings.get(account.pk, {})
    routes = {workspace: spaces.route(standing, routed.cells) for workspace, standing in standings.items()}
    without = spaces.why_left(are_queued=of_spaces.are_queued, hand_raised=is_raised)
    wait = spaces.waiting(own)
    for workspace in of_spaces.ids(account.pk):
        _route_one(
            account,
            of_spaces.items.get(account.pk, {}).get(workspace, {}),
            standings.get(workspace),
            routes.get(workspace),
            of_spaces.faces.get(workspace) or Face(),
            {**of_spaces.rests.get(workspace, {}), **rests},
            routed,
            workspace=workspace,
            wait=wait,
            without=without,
        )
    return spaces.given_way(routes, own, of_spaces.items.get(account.pk, {}), hand_raised=is_raised)


def _route_one(
    account: Account,
    open_items: dict[str, QueueItem],
    score: Score | Standing | None,
    route: routing.Route | None,
    face: Face,
    rests: Mapping[str, Rest],
    routed: _Routed,
    *,
    workspace: int | None = None,
    way: Collection[str] = (),
    wait: Collection[str] = (),
    without: str = "",
) -> None:
    """One account, or one workspace of it: `open_items` by motion, `rests` as `cooling.of_accounts` has them.

    `way`: motions in which an account gives way to its workspaces; `wait`: those in which somebody has the account of a workspace;
    `without`: why one that has no route leaves.
    """
    mine, now = dict(open_items), routed.now
    for sleeper in mine.values():
        sleeper.account = account  # what is told names it
        because = waking.signal_for(sleeper, face.signals, score.score if score else None)
        if because:
            verbs.awake(sleeper, now, because)
            routed.woken.append(sleeper)
            routed.tell(sleeper, Verb.WOKE, because)
    wanted: tuple[str, ...] = ()
    shown: dict[str, Any] = {}
    if score is not None and route is not None:
        wanted = tuple(motion for motion in route.motions if motion not in way)
        shown = showing.of(score, account, route, face, now)
    excluded, sales_was_marked = "", False
    sales: QueueItem | None = None
    for motion in wanted:
        shown["priority"] = showing.priority(score, motion)
        item = mine.get(motion)
        rest = cooling.rest_of(rests, motion)
        again = cooling.news_since(rest, face.signals, shown["score"]) if rest is not None else ""
        if item is None:
            if (rest is not None and not again) or motion in wait:
                continue
            item = acting.unsaved(
                account=account,
                workspace_id=workspace,
                motion=motion,
                entered_at=now,
                updated_at=now,
                **shown,
                **routed.play_of(motion, shown),
            )
            if rest is not None:
                item.look_again = cooling.again_in_words(rest, again)
            owing.after(item, "entered", now)
            routed.new.append(item)
            routed.tell(item, Verb.ENTERED, item.look_again or shown["why_now"])
            sales = item if motion == Motion.SALES else sales
            continue
        if motion in wait and not spaces.is_held(item):
            continue
        if rest is not None and rest.everywhere and item.entered_at < rest.since and not again and not _stays(item):
            excluded = cooling.excluded_in_words(rest)
            continue
        del mine[motion]
        if shown["hand_raised_at"] and not item.hand_raised_at:
            routed.tell(item, Verb.HAND_RAISED, shown["last_signal_text"])
        if motion == Motion.SALES:
            sales, sales_was_marked = item, bool(item.mark)
        if item.mark:
            routed.tell(item, Verb.UNMARKED)
        routed.show(item, shown)
    for motion, other in mine.items():
        if _stays(other) and not shown and workspace is not None:
            continue  # workspaces are scored or queued no more
        if _stays(other) and shown:
            # An audit keeps the place that it was drawn for: by its score it would be the last row for ever.
            priority = other.priority if other.is_audit else showing.priority(score, motion)
            routed.show(other, shown | {"priority": priority})
            continue
        if handing.is_due(other, sales, was_marked=sales_was_marked):
            routed.handed.append((other, shown | {"priority": showing.priority(score, motion)}))
            continue
        gone = spaces.why_given_way() if motion in way else without or _why_left(score, route, wanted)
        if motion in wait and motion in wanted:
            gone = spaces.why_waiting()
        reason = (excluded or handing.mark_of(other, sales) or gone)[:200]
        if other.owner_id is None:
            routed.left.append(other)
            routed.tell(other, Verb.LEFT, reason)
            continue
        if not other.mark:
            routed.tell(other, Verb.MARKED, reason)
        routed.show(other, shown | {"mark": reason, "priority": showing.priority(score, motion)})


def _hand_over(routed: _Routed) -> set[int]:
    """Shows what is handed over as it is now. Whoever is in conversation keeps the item, marked: answers which those are."""
    talking = handing.in_conversation([item for item, _shown in routed.handed], routed.now)
    for item, shown in routed.handed:
        mark = handing.mark_in_words() if item.pk in talking else ""
        if mark and not item.mark:
            routed.tell(item, Verb.MARKED, mark)
        routed.show(item, shown | {"mark": mark})
    return talking


def _stays(item: QueueItem) -> bool:
    """What came by hand, or to find what the score misses, is not routing's to close."""
    return bool(item.returned_from) or item.is_audit


def _write(routed: _Routed) -> None:
    now = routed.now
    new = _create(routed.new)
    QueueItem.objects.filter(pk__in=[item.pk for item in routed.left]).update(
        state=QueueItem.State.LEFT, closed_at=now, updated_at=now, sla="", warn_at=None, due_at=None, breached_at=None
    )
    waking.write(routed.woken, now)
    QueueItem.objects.bulk_update(routed.owing, owing.COLUMNS)
    showing.write(routed.kept, now)
    dropped = {id(item) for item in routed.new} - {id(item) for item in new}
    QueueItemEvent.objects.bulk_create(
        QueueItemEvent(item=item, at=now, verb=verb, detail=detail[:400])
        for item, verb, detail in routed.events
        if id(item) not in dropped
    )
    raised = [item for item, verb, _detail in routed.events if verb == Verb.HAND_RAISED]
    notifications.tell_all(notifications.hands_raised([*new, *raised], now) + notifications.woken(routed.woken))


def _create(new: list[QueueItem]) -> list[QueueItem]:
    """The new items that could be kept: a member may have opened one of them by hand since the open ones were read."""
    if not new:
        return []
    try:
        with transaction.atomic():
            return QueueItem.objects.bulk_create(new)
    except IntegrityError:
        there = set(
            QueueItem.objects.open()
            .filter(account__in=[item.account_id for item in new])
            .values_list("account_id", "motion", "workspace_id")
        )
        for item in new:
            item.pk = None
        return _create([item for item in new if (item.account_id, item.motion, item.workspace_id) not in there])


def _routes(
    account_ids: Collection[int], cells: Mapping[tuple[str, str, str], routing.Cell]
) -> dict[int, routing.Route]:
    """Where each of these accounts goes; without those that were merged or have no score."""
    told = Score.objects.filter(account__in=account_ids, account__merged_into=None).values_list(
        *("account_id", "tier", "buyer_state", "segment", "hand_raised_at", "score"),
        feature_in_query("feature_values", "active_users_28"),
        feature_in_query("feature_values", "weekly_active_days"),
    )
    return {
        account_id: routing.route(
            tier=tier,
            buyer_state=buyer_state,
            segment=segment,
            hand_raised=hand_raised_at is not None,
            is_bare=routing.is_bare_sign_up(score=score, active_users=people, weekly_active_days=days),
            table=cells,
        )
        for account_id, tier, buyer_state, segment, hand_raised_at, score, people, days in told
    }


def _why_left(score: Score | Standing | None, route: routing.Route | None, wanted: tuple[str, ...]) -> str:
    if score is None:
        return _("The account was merged or has no score any more")
    if route is not None and route.is_held:
        return _("A bare sign-up now: those never go to sales")
    if wanted:
        return _("Now with %(motion)s") % {"motion": ", ".join(wanted)}
    if score.score is None:
        return _("No usage in the last 28 days")
    return score.tier_reason or _("The score is %(score)d now") % {"score": score.score}
