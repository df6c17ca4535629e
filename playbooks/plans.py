"""Activation plans: the cheapest things that would make an account a PQA, as a checklist that ticks itself.

A plan is made from the engine's path (`scoring.paths`), by one click or by itself when success claims an account. Each line has a
feature with its value then and the one to reach; routing looks at them after every scoring run. Lines can be added, ticked and
dropped by hand (`playbooks.steps`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import Member
from playbooks import plan_acts, spaces, steps
from playbooks.models import Motion, QueueItem, QueueItemEvent, Step
from playbooks.querysets import OPEN
from playbooks.refused import Refused
from playbooks.spaces import Rated
from scoring import breakdown, explain, paths, rules
from scoring.models import Score
from scoring.paths import Path, Paths

#: Lines of one plan, and how much of a thing a line may ask for.
MOST_LINES, MOST_STEPS = 12, 100
#: Items that get a plan in one run of the job, and for how long after the claim it tries.
AT_ONCE, FRESH = 20, dt.timedelta(minutes=30)
LEVERS = {lever.key: lever for lever in paths.LEVERS}
#: A value counts as reached from so little below it on: features are kept to four places.
SLACK = 1e-6


def ways(item: QueueItem) -> Paths:
    """The paths of its account, or of its workspace, to PQA, cheapest first. Some ten milliseconds: not for lists."""
    score = spaces.rated(item)
    if score is None or score.score is None:
        return Paths(problem=_("It has no score yet: somebody has to use the product first."))
    if isinstance(score, Score):
        return explain.path_of(score)
    return explain.path_of_workspace(score.row, segment=score.segment)


def chosen(found: Paths, place: int = 0) -> Path:
    """Raises `Refused` when there is no such way, saying why."""
    if found.problem:
        raise Refused("way", found.problem)
    if not found.paths:
        raise Refused("way", _("It qualifies already: there is nothing left to plan."))
    if not 0 <= place < len(found.paths):
        raise Refused("way", _("Choose one of the ways."))
    return found.paths[place]


@transaction.atomic
def make(*, item_id: int, member: Member | None, way: int = 0) -> list[Step]:
    """Makes the plan of an open item from a way of `ways`; `member` none: by itself.

    Raises `QueueItem.DoesNotExist`, `PermissionDenied`, and `Refused` naming the field: also when the item has a plan.
    """
    item = _workable(item_id, member)
    _check_open(item)
    if of_item(item_id).filter(done_at=None).exists():
        raise Refused("way", _("It has a plan already: drop that one first, or add lines to it."))
    path = chosen(ways(item), way)
    score = spaces.rated(item)
    assert score is not None  # it has ways
    lines = [_line(item, score, lever, n, member) for lever, n in path.steps.items()]
    place = _next_place(item_id)
    for number, line in enumerate(lines):
        line.place = place + number
    Step.objects.bulk_create(lines)
    steps.tell_item(item)
    return lines


@transaction.atomic
def add(*, item_id: int, member: Member, lever: str = "", n: int = 1, text: str = "") -> Step:
    """A line more: `n` of one of `LEVERS`, which ticks itself, or own words, ticked by hand. Raises as `make` does."""
    item = _workable(item_id, member)
    _check_open(item)
    if of_item(item_id).count() >= MOST_LINES:
        raise Refused("text", _("A plan has at most %(n)d lines.") % {"n": MOST_LINES})
    text = " ".join(text.split())
    if lever:
        if lever not in LEVERS:
            raise Refused("lever", _("Choose one of these things, or use your own words."))
        if not 1 <= n <= MOST_STEPS:
            raise Refused("n", _("A number from 1 to %(most)d.") % {"most": MOST_STEPS})
        score = spaces.rated(item)
        if score is None or not score.features:
            raise Refused("lever", _("It has no score yet, so nothing could tick this line: use your own words."))
        line = _line(item, score, lever, n, member)
        if text:
            line.text = _checked(text)
    else:
        line = Step(item=item, account_id=item.account_id, kind=Step.Kind.PLAN, text=_checked(text), created_by=member)
    line.place = _next_place(item_id)
    line.save(force_insert=True)
    steps.tell_item(item)
    return line


@transaction.atomic
def drop(*, item_id: int, member: Member) -> int:
    """Drops the open lines of an item's plan; returns how many. Raises `QueueItem.DoesNotExist` and `PermissionDenied`."""
    item = _workable(item_id, member)
    dropped = of_item(item_id).filter(done_at=None).update(dropped_at=timezone.now())
    steps.tell_item(item)
    return dropped


@transaction.atomic
def put_back(*, item_id: int, member: Member) -> int:
    """The undo of `drop`: the lines that were dropped together last are open again. Raises as `drop` does."""
    item = _workable(item_id, member)
    if of_item(item_id).filter(done_at=None).exists():
        return 0
    gone = Step.objects.filter(item=item_id, kind=Step.Kind.PLAN, done_at=None, dropped_at__isnull=False)
    last = gone.aggregate(last=Max("dropped_at"))["last"]
    back = gone.filter(dropped_at=last).update(dropped_at=None)
    steps.tell_item(item)
    return back


def of_item(item_id: int) -> QuerySet[Step]:
    """The lines of an item's plan, done ones with their doers, in their order."""
    lines = Step.objects.filter(item=item_id, kind=Step.Kind.PLAN, dropped_at=None)
    return lines.select_related("done_by").order_by("place", "pk")


def tick(scores: Mapping[int, Score], now: dt.datetime) -> int:
    """Looks at the open lines of these accounts: what usage has reached is done. Returns how many lines moved.

    Lines of a workspace's item look at the workspace. In routing's transaction. One query, one more where lines are a workspace's,
    one where they ask for acts; three more when a line has moved. A line that asks for acts is done also by as many since it was
    made, when older ones have left its feature's window.
    """
    lines = (
        Step.objects.filter(
            kind=Step.Kind.PLAN,
            account__in=scores.keys(),
            done_at=None,
            dropped_at=None,
            item__state__in=OPEN,
        )
        .exclude(feature="")
        .select_related("item")
        .order_by("place", "pk")
    )
    rated = spaces.rated_of([line.item for line in lines], scores)
    looked: list[Step] = []
    moved: dict[int, list[Step]] = {}
    acts = plan_acts.since([plan_acts.made(line) for line in lines])
    for line in lines:
        score = rated.get(line.item_id)
        value = None if score is None else _value(score, line.feature)
        if value is None:
            continue
        # As if nothing had left the window since the line was made.
        value = max(value, (line.start or 0.0) + acts.get(line.pk, 0.0) - (line.acts_before or 0.0))
        if value == line.value:
            continue
        is_more = value > max(line.start or 0.0, line.value or 0.0) + SLACK
        line.value = value
        if line.target is not None and value >= line.target - SLACK:
            line.done_at = now
        looked.append(line)
        if is_more or line.done_at:
            moved.setdefault(line.item_id, []).append(line)
    Step.objects.bulk_update(looked, ["value", "done_at"])
    QueueItem.objects.filter(pk__in=moved).update(progressed_at=now, updated_at=now)
    QueueItemEvent.objects.bulk_create(
        QueueItemEvent(
            item_id=item_id, at=now, verb=QueueItemEvent.Verb.PROGRESSED, detail=_("Done by usage: %s") % done[:300]
        )
        for item_id, its in moved.items()
        if (done := "; ".join(in_words(line) for line in its if line.done_at))
    )
    return sum(map(len, moved.values()))


def make_due(now: dt.datetime) -> int:
    """Plans for what success has claimed in the last half hour and has none, however it was claimed; how many were made.

    Where no way leads to PQA, and where the plan was dropped, none is made.
    """
    made = 0
    has_plan = Step.objects.filter(item=OuterRef("pk"), kind=Step.Kind.PLAN)
    items = QueueItem.objects.filter(
        ~Exists(has_plan), motion=Motion.SUCCESS, state=QueueItem.State.CLAIMED, claimed_at__gt=now - FRESH
    )
    for item_id in list(items.order_by("-claimed_at").values_list("pk", flat=True)[:AT_ONCE]):
        made += begin(item_id)
    return made


def begin(item_id: int) -> bool:
    """The plan that comes by itself with a claim; false where none can be made, or there was one before."""
    item = QueueItem.objects.filter(pk=item_id, motion=Motion.SUCCESS, state=QueueItem.State.CLAIMED).first()
    if item is None or Step.objects.filter(item=item_id, kind=Step.Kind.PLAN).exists():
        return False
    try:
        make(item_id=item_id, member=None)
    except Refused:
        return False
    return True


def in_words(line: Step) -> str:
    """`"2 more weekly users (7 → 9)"`."""
    if not line.feature or line.start is None or line.target is None:
        return line.text
    return f"{line.text} ({number(line.start)} → {number(line.target)})"


def number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _line(item: QueueItem, score: Rated, lever_key: str, n: int, member: Member | None) -> Step:
    lever = LEVERS[lever_key]
    feature = _read_feature(score, lever)
    start = _value(score, feature) or 0.0
    today = timezone.now().astimezone(dt.UTC).date()
    return Step(
        item=item,
        account_id=item.account_id,
        kind=Step.Kind.PLAN,
        text=lever.words(n)[:1].upper() + lever.words(n)[1:],
        created_by=member,
        feature=feature,
        start=start,
        value=start,
        target=min(start + n * lever.step, lever.ceiling),
        acts_before=plan_acts.since([(0, item.account_id, item.workspace_id, feature, today)]).get(0, 0.0),
    )


def _read_feature(score: Rated, lever: paths.Lever) -> str:
    """Of the features that a lever moves, the one that the account's recipe reads."""
    try:
        recipe = breakdown.recipe_of(score) if isinstance(score, Score) else score.recipe
    except rules.BadDefinition:
        return lever.features[0]
    read = {component.feature for component in recipe.components} | {gate.feature for gate in recipe.gates}
    return next((feature for feature in lever.features if feature in read), lever.features[0])


def _value(score: Rated, feature: str) -> float | None:
    place = breakdown.PLACES.get(feature)
    if place is None or place >= len(score.feature_values):
        return None
    return breakdown.number(score.feature_values[place])


def _next_place(item_id: int) -> int:
    last = Step.objects.filter(item=item_id, kind=Step.Kind.PLAN).aggregate(last=Max("place"))["last"]
    return 0 if last is None else last + 1


def _checked(text: str) -> str:
    if not text:
        raise Refused("text", _("Say what is to happen, or choose a thing that usage shows."))
    if len(text) > steps.TEXT_LENGTH:
        raise Refused("text", _("At most %(n)d characters.") % {"n": steps.TEXT_LENGTH})
    if "\x00" in text:
        raise Refused("text", _("Holds a character that cannot be stored."))
    return text


def _check_open(item: QueueItem) -> None:
    if item.motion != Motion.SUCCESS:
        raise Refused("way", _("Plans are made in the queue of success."))
    if not item.is_open:
        raise Refused("way", _("This account is not under work any more: open it again first."))


def _workable(item_id: int, member: Member | None) -> QueueItem:
    item = QueueItem.objects.select_for_update(of=("self",)).select_related("account").get(pk=item_id)
    if member is not None and not access.can(member, "work", item):
        raise PermissionDenied
    return item
