"""The warm hand-over: what success or marketing has claimed goes to sales the moment it qualifies, with its history.

The item that was claimed is done then, and sales' item says who helped, since when, what was done and whom to talk to. Whoever is
in the middle of a conversation keeps the item, marked, and sales is told to ask there first. In routing's transaction.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db.models import Q
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import contacts
from accounts.models import BuyingRole, Contact
from playbooks import owing, plans
from playbooks.models import Closing, Motion, QueueItem, QueueItemEvent, Step, Touch
from playbooks.querysets import OPEN
from playbooks.telling import notifications
from playbooks.verbs import acting
from playbooks.verbs.acting import KEPT, Act
from playbooks.verbs.transitions import DONE, OWNED
from scoring.models import Tier

FROM = (Motion.SUCCESS, Motion.MARKETING)
#: A conversation is open for so long after somebody was reached.
TALKING = dt.timedelta(days=14)
#: Touches and contacts that a note names.
NAMED = 3


def is_due(item: QueueItem, sales: QueueItem | None, *, was_marked: bool) -> bool:
    """Whether a claimed item is handed over to sales' open item now; `was_marked`: that one had ceased to qualify until now.

    What was claimed after sales had got the account, or was opened again since, is somebody's decision and stays.
    """
    if sales is None or item.motion not in FROM or item.state not in OWNED or item.claimed_at is None:
        return False
    return sales.pk is None or was_marked or sales.entered_at > item.claimed_at


def in_conversation(items: Collection[QueueItem], now: dt.datetime) -> set[int]:
    """Ids of the items whose owner reached somebody lately or met them, or has a next step with a date. Two queries."""
    return in_conversation_ids([item.pk for item in items], now)


def in_conversation_ids(ids: Collection[int], now: dt.datetime) -> set[int]:
    """The same of items by their ids."""
    if not ids:
        return set()
    reached = Q(result__in=[Touch.Result.REACHED, Touch.Result.REPLIED]) | Q(kind=Touch.Kind.MEETING)
    talks = Touch.objects.filter(reached, item__in=ids, removed_at=None, at__gt=now - TALKING)
    dated = Step.objects.filter(item__in=ids, kind=Step.Kind.NEXT, done_at=None, dropped_at=None, due_at__isnull=False)
    return {*talks.values_list("item_id", flat=True), *dated.values_list("item_id", flat=True)}


def mark_in_words() -> str:
    """On the item of whoever is in conversation."""
    return _("It qualified and is with sales now. Your conversation is open: finish it, then close this.")


def mark_of(item: QueueItem, sales: QueueItem | None) -> str:
    """The mark of a conversation stays for as long as sales has the account."""
    mark = mark_in_words()
    return mark if sales is not None and item.mark == mark else ""


def write(items: Sequence[QueueItem], *, talking: Collection[int], now: dt.datetime) -> None:
    """Leaves the notes with sales' items, closes those that are not in conversation, and tells their owners.

    Six queries, and some for each item that is handed over.
    """
    if not items:
        return
    accounts = [item.account_id for item in items]
    sales = {
        (item.account_id, item.workspace_id): item
        for item in QueueItem.objects.select_for_update(of=("self",))
        .select_related("account", "workspace", "buyer", "champion")
        .filter(account__in=accounts, motion=Motion.SALES, state__in=OPEN)
        .order_by("pk")
    }
    items = [item for item in acting.read([item.pk for item in items]).values() if _subject(item) in sales]
    ids = [item.pk for item in items]
    lines: dict[int, list[Step]] = defaultdict(list)
    for line in Step.objects.filter(item__in=ids, kind=Step.Kind.PLAN, dropped_at=None).order_by("place", "pk"):
        lines[line.item_id].append(line)
    touched: dict[int, list[Touch]] = defaultdict(list)
    for touch in (
        Touch.objects.filter(item__in=ids, removed_at=None).select_related("person", "contact").order_by("-at")
    ):
        touched[touch.item_id].append(touch)
    found: dict[int | None, list[Contact]] = defaultdict(list)
    for contact in Contact.objects.filter(account__in=accounts, removed_at=None, user=None).order_by(
        "-buying_confidence", "pk"
    ):
        found[contact.account_id].append(contact)
    events, acts, told = [], [], []
    for item in sorted(items, key=lambda one: one.pk):
        to = sales[_subject(item)]
        words = note(item, to, lines[item.pk], touched[item.pk], found[item.account_id], is_talking=item.pk in talking)
        to.handover = f"{to.handover}\n{words}" if to.handover else words
        first = words.partition("\n")[0]
        events.append(QueueItemEvent(item=to, at=now, verb=QueueItemEvent.Verb.HANDED_OVER, detail=first[:400]))
        if item.pk not in talking:
            acts.append(_closed(item, to, now))
        told += _told(item, to, first, is_talking=item.pk in talking)
    for to in {sales[_subject(item)].pk: sales[_subject(item)] for item in items}.values():
        to.updated_at = now
        to.save(update_fields=["handover", "updated_at"])
    QueueItemEvent.objects.bulk_create(events)
    acting.write(acts, QueueItemEvent.Verb.DONE, now=now, member=None, can_be_undone=False)
    notifications.tell_all(told)


def _subject(item: QueueItem) -> tuple[int, int | None]:
    """The account, or one of its workspaces, that an item is about."""
    return item.account_id, item.workspace_id


def note(
    item: QueueItem,
    sales: QueueItem,
    lines: Sequence[Step],
    touched: Sequence[Touch],
    found: Sequence[Contact],
    *,
    is_talking: bool,
) -> str:
    """What sales reads: who helped since when, what was done, whom to talk to. One fact a line."""
    who = {"member": str(item.owner), "motion": str(item.get_motion_display())}
    since = {"day": day(item.claimed_at)} if item.claimed_at else {"day": day(item.entered_at)}
    if item.motion == Motion.MARKETING:
        said = [_("%(member)s (%(motion)s) looked for the buyer since %(day)s.") % (who | since)]
    else:
        said = [_("%(member)s (%(motion)s) has helped them since %(day)s.") % (who | since)]
    done = [plans.in_words(line) for line in lines if line.done_at]
    still = [plans.in_words(line) for line in lines if not line.done_at]
    if done:
        said.append(_("Done: %(lines)s.") % {"lines": "; ".join(done)})
    if still:
        said.append(_("Planned and still open: %(lines)s.") % {"lines": "; ".join(still)})
    if touched:
        count = ngettext("%(n)d touch", "%(n)d touches", len(touched)) % {"n": len(touched)}
        said.append(f"{count}: {'; '.join(_touch_in_words(touch) for touch in touched[:NAMED])}.")
    people = _people(sales, found)
    if people:
        said.append(_("Talk to: %(people)s.") % {"people": "; ".join(people)})
    if is_talking:
        said.append(_("%(member)s is in conversation with them: speak to %(member)s first.") % who)
    return "\n".join(said)


def day(moment: dt.datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "j M")


def _touch_in_words(touch: Touch) -> str:
    """`"Meeting with Dana Ortiz, 12 Nov (Reached): “wants SSO”"`."""
    words = str(touch.get_kind_display())
    who = touch.person or touch.contact
    if who:
        words = _("%(kind)s with %(who)s") % {"kind": words, "who": who}
    words = f"{words}, {day(touch.at)}"
    if touch.result:
        words = f"{words} ({touch.get_result_display()})"
    said = " ".join(touch.words.split())
    if len(said) > 120:
        said = f"{said[:119]}…"
    return f"{words}: “{said}”" if said else words


def _people(sales: QueueItem, found: Sequence[Contact]) -> list[str]:
    people = []
    if sales.buyer is not None:
        people.append(_named(str(sales.buyer), sales.buyer.title, _("buyer")))
    for contact in found[:NAMED]:
        role = _("buyer") if contact.buying_role == BuyingRole.ECONOMIC_BUYER else contact.get_buying_role_display()
        sure = contact.buying_role and contact.buying_confidence < contacts.CONFIRMED
        people.append(_named(str(contact), contact.title, _("likely %(role)s") % {"role": role} if sure else role))
    if sales.champion is not None and sales.champion_id != sales.buyer_id:
        people.append(_named(str(sales.champion), sales.champion.title, _("champion")))
    return people


def _named(name: str, title: str, role: str) -> str:
    who = f"{name}, {title}" if title else name
    return f"{who} ({role})" if role else who


def _closed(item: QueueItem, sales: QueueItem, now: dt.datetime) -> Act:
    """Without a cool-down: when it falls back, it is to be helped again."""
    act = Act(item, {name: getattr(item, name) for name in KEPT})
    by_usage = item.motion == Motion.SUCCESS and sales.tier == Tier.PQA
    item.state, item.outcome = DONE, Closing.ACTIVATED if by_usage else Closing.HANDED_OVER
    item.closed_at, item.closed_by, item.cool_until = now, None, None
    item.snoozed_at = item.snoozed_until = item.snoozed_score = None
    item.wakes_on_signal = True
    owing.after(item, "closed", now)
    act.detail = _("It qualified and is with sales now, with a note of what was done")
    return act


def _told(item: QueueItem, sales: QueueItem, first: str, *, is_talking: bool) -> list[notifications.Notification]:
    """For the owner, and for sales' owner when there is one. Once for each of sales' items."""
    found = []
    if item.owner_id is not None:
        why = _("It qualified and is with sales now.")
        if is_talking:
            why = mark_in_words()
        found.append((item.owner_id, item, why))
    if sales.owner_id is not None and sales.owner_id != item.owner_id:
        found.append((sales.owner_id, sales, first))
    return [
        notifications.unsaved(
            member_id=member_id,
            kind="handover",
            text=sales.called,
            why=why,
            link=notifications.link_to(one),
            key=f"handing {item.pk} {sales.pk}",
            item_id=one.pk,
        )
        for member_id, one, why in found
    ]
