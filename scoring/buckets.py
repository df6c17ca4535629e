"""Attribution: every account is in one of three buckets, or in none.

*Usage with buyer*: used in the last 28 days, and a buyer is likely or confirmed. *Usage without buyer*: used, and none is. *Lead
without usage*: contacts are known and nobody has used the product in 28 days. None: neither. Usage and buyer are those of the last
score.

The rule stands here twice, for one account and for the database; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection, models
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan, IsNull, LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Contact
from scoring.breakdown import PLACES, feature_in_query
from scoring.models import BuyerState, Score


class Bucket(models.TextChoices):
    WITH_BUYER = "with_buyer", _("Usage with buyer")
    WITHOUT_BUYER = "without_buyer", _("Usage without buyer")
    LEAD = "lead", _("Lead without usage")


USED = "active_users_28"
#: Seconds that counts are kept: they pass over all scores, and every look at the account list shows them. A worker counts again
#: every minute, so that nobody who looks has to wait for it.
KEPT = 150
#: What counts more than this is not counted again because of a change by hand, but with the next minute.
LARGE = 20_000
_KEY = "scoring.buckets.counts"
_KEY_OF_CONTACTS = f"{_KEY}.contacts"
#: Where the app above keeps its counts of each queue: forgotten with ours.
KEYS_OF_QUEUES = {motion: f"{_KEY}.{motion}" for motion in ("sales", "success", "marketing")}
#: A contact of no account, who is nobody of the product: a lead as well.
OF_NO_ACCOUNT = Q(account=None, user=None)
KNOWN_BUYER = (BuyerState.CONFIRMED.value, BuyerState.LIKELY.value)


def bucket(*, active: float | None, buyer_state: str, has_contact: bool) -> str:
    """Of one account: `active` people in 28 days (none: not known), its buyer's state, whether contacts are known. `""`: none."""
    if active and active > 0:
        return Bucket.WITH_BUYER.value if buyer_state in KNOWN_BUYER else Bucket.WITHOUT_BUYER.value
    return Bucket.LEAD.value if has_contact else ""


def condition(wanted: str, path: str = "") -> Q:
    """The accounts of a bucket. `path` leads from the rows to the account, with two underscores at its end: `"account__"`."""
    active = Coalesce(feature_in_query(f"{path}score__feature_values", USED), Value(0.0))
    if wanted == Bucket.LEAD:
        known = Contact.objects.filter(account=OuterRef(f"{path}pk"), removed_at=None, user=None).values("pk")
        # Asked only of accounts that were not used: `EXISTS` is planned as one pass over all contacts.
        asked = Case(
            When(LessThanOrEqual(active, 0.0), then=Subquery(known[:1])), output_field=models.BigIntegerField()
        )
        return Q(LessThanOrEqual(active, 0.0)) & Q(IsNull(asked, False))
    states = [state for state in BuyerState.values if (state in KNOWN_BUYER) == (wanted == Bucket.WITH_BUYER)]
    return Q(GreaterThan(active, 0.0)) & Q(**{f"{path}score__buyer_state__in": states})


def contacts_in(wanted: str) -> list[Q]:
    """The contacts at accounts of a bucket, for lists: what each of these finds, together; nobody is found twice.

    The accounts that were used are looked up once, not for each contact.
    """
    active = Coalesce(feature_in_query("feature_values", USED), Value(0.0))
    used = Score.objects.filter(GreaterThan(active, 0.0))
    if wanted == Bucket.LEAD:
        known = Contact.objects.filter(account=OuterRef("account"), removed_at=None, user=None)
        unused = Account.objects.filter(~Exists(used.filter(account=OuterRef("pk"))))
        return [OF_NO_ACCOUNT, Q(account__in=unused.values("pk")) & (Q(user=None) | Q(Exists(known)))]
    states = [state for state in BuyerState.values if (state in KNOWN_BUYER) == (wanted == Bucket.WITH_BUYER)]
    return [Q(account__in=used.filter(buyer_state__in=states).values("account"))]


def value(path: str = "") -> Case:
    """The bucket as a column of the rows, empty for none. Put it on the rows that are read, not on those that are counted."""
    cases = [When(condition(one, path), then=Value(one)) for one in Bucket.values]
    return Case(*cases, default=Value(""), output_field=models.CharField())


def value_of_contact() -> Case:
    """The same of rows of contacts."""
    lead = When(OF_NO_ACCOUNT, then=Value(Bucket.LEAD.value))
    return Case(lead, default=value("account__"), output_field=models.CharField())


def of_account(account_id: int) -> str:
    """The bucket of one account. One query."""
    return Account.objects.filter(pk=account_id).annotate(bucket=value()).values_list("bucket", flat=True).get()


def label(bucket: str) -> str:
    return str(Bucket(bucket).label) if bucket else ""


@dataclass(frozen=True)
class Group:
    """So many accounts are alike in this. `tier`, `segment` and `buyer` are none without a row of scores."""

    bucket: str
    tier: str | None
    segment: str | None
    buyer: str | None
    has_score: bool
    accounts: int


def counts(*, fresh: bool = False) -> dict[str, int]:
    """How many accounts are in each bucket; kept for `KEPT` seconds unless `fresh`."""
    found = dict.fromkeys(Bucket.values, 0)
    for group in _groups(fresh=fresh):
        if group.bucket:
            found[group.bucket] += group.accounts
    return found


def how_many(*, bucket: str = "", tier: str = "", segment: str = "", buyer: str = "") -> int:
    """How many accounts are in all of these, as the account list filters: tier `none` has no score. As old as `counts`."""
    return sum(
        group.accounts
        for group in _groups()
        if bucket in ("", group.bucket)
        and segment in ("", group.segment)
        and buyer in ("", group.buyer)
        and (not tier or (not group.has_score if tier == "none" else group.has_score and tier == group.tier))
    )


def of_contacts(*, fresh: bool = False) -> dict[str, int]:
    """How many contacts are at accounts of each bucket; those of no account are leads. One query, kept for `KEPT` seconds."""
    known: dict[str, int] | None = None if fresh else cache.get(_KEY_OF_CONTACTS)
    if known is None:
        known = _counts_of_contacts()
        cache.set(_KEY_OF_CONTACTS, known, KEPT)
    return known


def forget() -> None:
    """After a change by hand the next look counts anew, unless there are so many that one more or less is not seen."""
    kept = cache.get_many([_KEY, _KEY_OF_CONTACTS, *KEYS_OF_QUEUES.values()])
    few = [key for key, known in kept.items() if _size(known) <= LARGE]
    cache.delete_many(few)


def _size(known: dict[str, int] | list[Group]) -> int:
    return sum(known.values()) if isinstance(known, dict) else sum(group.accounts for group in known)


def _groups(*, fresh: bool = False) -> list[Group]:
    """All accounts by what the account list filters. One query, one pass over the scores."""
    known: list[Group] | None = None if fresh else cache.get(_KEY)
    if known is None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT CASE WHEN is_used AND has_buyer THEN 'with_buyer' WHEN is_used THEN 'without_buyer'
                            WHEN known.account_id IS NOT NULL THEN 'lead' ELSE '' END,
                       tier, segment, buyer_state, score IS NOT NULL, count(*)
                FROM accounts_account AS a
                LEFT JOIN (SELECT account_id, tier, segment, buyer_state, score, buyer_state = ANY (%s) AS has_buyer,
                                  nullif(feature_values[{PLACES[USED] + 1}], 'NaN') > 0 AS is_used
                           FROM scoring_score) AS scores ON scores.account_id = a.id
                LEFT JOIN (SELECT DISTINCT account_id FROM accounts_contact
                           WHERE account_id IS NOT NULL AND removed_at IS NULL AND user_id IS NULL) AS known
                    ON known.account_id = a.id
                WHERE a.merged_into_id IS NULL GROUP BY 1, 2, 3, 4, 5
                """,
                [list(KNOWN_BUYER)],
            )
            known = [Group(*row) for row in cursor.fetchall()]
        cache.set(_KEY, known, KEPT)
    return known


def _counts_of_contacts() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT coalesce(sum(n) FILTER (WHERE is_used AND has_buyer), 0),
                   coalesce(sum(n) FILTER (WHERE is_used AND NOT has_buyer), 0),
                   coalesce(sum(leads) FILTER (WHERE is_used IS NOT TRUE), 0)
            FROM (SELECT account_id, count(*) AS n, CASE WHEN account_id IS NULL THEN count(*) FILTER (WHERE user_id IS NULL)
                         WHEN bool_or(user_id IS NULL) THEN count(*) ELSE 0 END AS leads
                  FROM accounts_contact WHERE removed_at IS NULL GROUP BY account_id) AS known
            LEFT JOIN (SELECT account_id, nullif(feature_values[{PLACES[USED] + 1}], 'NaN') > 0 AS is_used,
                              buyer_state = ANY (%s) AS has_buyer FROM scoring_score) AS scores USING (account_id)
            """,
            [list(KNOWN_BUYER)],
        )
        return dict(zip(Bucket.values, map(int, cursor.fetchone()), strict=True))
