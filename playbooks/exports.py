"""The queue and the account list as rows of a file, with the filters of the page. Read a thousand at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, Contact, Member
from playbooks.buyers import Buyers, Key, rows_of
from playbooks.filters import AccountFilter, BuyerFilter, ContactFilter, QueueFilter
from playbooks.models import QueueItem
from playbooks.querysets import Ids, accounts_page, contacts_page, how_many
from playbooks.screens.lists import account_rows, buyer_rows
from scoring import buckets

#: Rows in one file at most. Beyond it the page says so, and the file's name too.
MOST = 50_000
CHUNK = 1_000


@dataclass(frozen=True)
class Export:
    """`heads` and `rows` of equal width; `left_out`: how many rows beyond `MOST` the filters have."""

    name: str
    heads: Sequence[str]
    rows: Iterator[Sequence[object]]
    left_out: int


def of_queue(wanted: QueueFilter, member: Member, *, origin: str) -> Export:
    """One tab of a queue, in its order. `origin`: what links begin with."""
    items = QueueItem.objects.for_queue_page(wanted, member)
    heads = [
        *(_("Account"), _("Domain"), _("State"), _("Owner"), _("Score"), _("Change in a week"), _("Tier")),
        *(_("Segment"), _("Bucket"), _("Buyer"), _("Buyer’s title"), _("Buyer’s e-mail")),
        *(_("Champion"), _("Champion’s e-mail")),
        *(
            _("Why now"),
            _("First step"),
            _("Hand raised"),
            _("Last signal"),
            _("Last signal at"),
            _("In the queue since"),
        ),
        *(_("Claimed"), _("Last touched"), _("Next step due"), _("Snoozed until"), _("Closed"), _("Outcome or reason")),
        *(_("Link"), _("Workspace")),
    ]
    rows = items.select_related("account", "workspace", "owner", "buyer", "buyer_contact", "champion")
    rows = rows.annotate(bucket=buckets.value("account__"))
    return Export(wanted.motion, heads, _queue_rows(rows, origin), max(0, items.count() - MOST))


def _queue_rows(items: QuerySet[QueueItem], origin: str) -> Iterator[Sequence[object]]:
    for item in items[:MOST].iterator(chunk_size=CHUNK):
        buyer = item.buyer or item.buyer_contact
        champion = item.champion
        yield (
            *(item.account.name, item.account.domain, str(item.get_state_display()), str(item.owner or "")),
            *(item.score, item.delta, str(item.get_tier_display()), str(item.get_segment_display())),
            buckets.label(getattr(item, "bucket", "")),
            *((str(buyer), buyer.title, buyer.email) if buyer else ("", "", "")),
            *((str(champion), champion.email) if champion else ("", "")),
            *(item.why_now, item.first_step, item.hand_raised_at, item.last_signal_text, item.last_signal_at),
            *(item.entered_at, item.claimed_at, item.last_touched_at, item.step_due_at, item.snoozed_until),
            item.closed_at,
            str(item.get_outcome_display() or item.get_reason_display()),
            f"{origin}/queue/{item.motion}/?item={item.pk}",
            str(item.workspace or ""),
        )


def of_contacts(wanted: ContactFilter, *, origin: str) -> Export:
    """The contacts page, in its order; the heads are such that the file can be imported again."""
    ids = contacts_page(Contact.objects.all(), wanted)
    heads = [
        *(_("Name"), _("E-mail"), _("Title"), _("Phone"), _("Department"), _("Seniority"), _("Role"), _("Confidence")),
        *(_("Account"), _("Domain"), _("Bucket"), _("Where from"), _("Added"), _("Added by"), _("Uses the product")),
        _("Link"),
    ]
    return Export("contacts", heads, _contact_rows(ids, origin), max(0, how_many(ids) - MOST))


def _contact_rows(ids: Ids[Contact], origin: str) -> Iterator[Sequence[object]]:
    wanted = list(ids[:MOST])
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        known = Contact.objects.select_related("account", "added_by").annotate(bucket=buckets.value_of_contact())
        found = known.in_bulk(part)
        for contact in (found[pk] for pk in part if pk in found):
            account = contact.account
            yield (
                *(contact.name, contact.email, contact.title, contact.phone),
                *(str(contact.get_department_display()), str(contact.get_seniority_display())),
                *(str(contact.get_buying_role_display()), round(contact.buying_confidence, 2)),
                *((account.name, account.domain) if account else ("", "")),
                buckets.label(contact.bucket),
                *(contact.source, contact.created_at, str(contact.added_by or ""), contact.user_id is not None),
                f"{origin}/contacts/{contact.pk}/",
            )


def of_accounts(wanted: AccountFilter, *, origin: str) -> Export:
    """The account list, in its order."""
    ids = accounts_page(Account.objects.all(), wanted)
    heads = [
        *(_("Account"), _("Domain"), _("Score"), _("Change in a week"), _("Tier"), _("Segment"), _("Employees")),
        *(
            _("Buyer"),
            _("Bucket"),
            _("Active people, 28 days"),
            _("Last use"),
            _("Customer"),
            _("Hand raised"),
            _("Link"),
        ),
    ]
    return Export("accounts", heads, _account_rows(ids, origin), max(0, how_many(ids) - MOST))


def _account_rows(ids: Ids[Account], origin: str) -> Iterator[Sequence[object]]:
    wanted = list(ids[:MOST])
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        found = Account.objects.select_related("score").annotate(bucket=buckets.value()).in_bulk(part)
        for row in account_rows(found[pk] for pk in part if pk in found):
            yield (
                *(row.name, row.domain, row.score, row.delta, row.tier_label, row.segment, row.employees),
                *(row.buyer, row.bucket, row.active, row.last_use, row.is_customer, row.hand_raised),
                f"{origin}/accounts/{row.id}/",
            )


def of_buyers(wanted: BuyerFilter, *, origin: str) -> Export:
    """The buyers page, in its order."""
    keys = Buyers(wanted)
    heads = [
        *(_("Name"), _("E-mail"), _("Uses the product"), _("Title"), _("Buying role"), _("Sure, in percent")),
        *(_("Why"), _("Account"), _("Domain"), _("Score"), _("Last seen"), _("Link")),
    ]
    return Export("buyers", heads, _buyer_rows(keys[:MOST], origin), max(0, len(keys) - MOST))


def _buyer_rows(wanted: list[Key], origin: str) -> Iterator[Sequence[object]]:
    for start in range(0, len(wanted), CHUNK):
        for row in buyer_rows(rows_of(wanted[start : start + CHUNK])):
            yield (
                *(row.name, row.email, not row.is_contact, row.title, row.role, round(row.confidence * 100)),
                *(row.why, row.account_name, row.account_domain, row.score, row.last_seen_at),
                f"{origin}/accounts/{row.account_id}/",
            )
