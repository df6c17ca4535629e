"""Accounts that may be one company, as suggestions for a member who decides: `MergeSuggestion` rows with what speaks for each.

Evidence, each with a confidence; together 1 − ∏(1 − confidence):
- `people`: the same names or parts of e-mails before the @ at both, one after the other
- `shared`: the same people work in workspaces of both
- `handover`: the people of one stop while as many new ones begin at the other (`accounts.handovers`)
- `stated`: a workspace could not be told between the two (`Ambiguity`)
- `name`: their domains have the same name under different endings, or but for a word such as "networks"
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import bulk, handovers
from accounts.models import Account, Ambiguity, MergeSuggestion

#: Below this a suggestion is not worth a look.
LEAST = 0.3
#: Suggestions kept at a time, the surest.
MOST = 500
#: Companies that claim one workspace; when more do, it says nothing of any two of them.
MOST_CLAIMS = 3
#: People read at a time.
CHUNK = 50_000
#: Parts before the @ that many companies have.
_OFFICES = (
    "admin|administrator|info|contact|hello|office|support|help|helpdesk|sales|billing|accounts|accounting|finance|marketing|team|test|tests"
    "|testing|dev|developer|developers|devops|ops|root|service|services|security|noreply|no-reply|mail|email|user|users|demo|webmaster|jobs"
)
#: What companies add to their name in a domain.
_ADDED = (
    *(
        "networks",
        "network",
        "group",
        "inc",
        "corp",
        "tech",
        "labs",
        "lab",
        "software",
        "systems",
        "solutions",
        "technologies",
    ),
    *(
        "technology",
        "international",
        "global",
        "online",
        "cloud",
        "digital",
        "holding",
        "company",
        "app",
        "hq",
        "io",
        "usa",
        "europe",
    ),
)

#: Everybody with each account they belong to: by their own e-mail and by the workspaces they work in.
_PEOPLE_OF = """
people_of AS (
    SELECT p.account_id, p.id AS user_id FROM accounts_productuser p WHERE p.account_id IS NOT NULL
    UNION
    SELECT w.account_id, m.user_id FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
    WHERE w.account_id IS NOT NULL
)"""
_SEEN = f"""
WITH {_PEOPLE_OF}
SELECT o.account_id, (p.first_seen_at AT TIME ZONE 'UTC')::date - date '0001-01-01' + 1,
    (p.last_seen_at AT TIME ZONE 'UTC')::date - date '0001-01-01' + 1
FROM people_of o JOIN accounts_productuser p ON p.id = o.user_id WHERE p.first_seen_at IS NOT NULL
"""
#: What the first 200 people of each of these accounts did, by event type.
_DID = f"""
WITH {_PEOPLE_OF}, chosen AS (
    SELECT account_id, user_id, row_number() OVER (PARTITION BY account_id ORDER BY user_id) AS n FROM people_of
    WHERE account_id = ANY ((SELECT %s::bigint[])::bigint[])
)
SELECT s.account_id, u.event_type_id, sum(u.count)::float8 FROM chosen s JOIN accounts_usage u ON u.user_id = s.user_id
WHERE s.n <= 200 GROUP BY 1, 2
"""
#: Rare keys of people that two or three accounts have: (account a, account b, keys, of whom a's was gone when b's began). Of many
#: people of one account with the same key one counts: so there are at most six rows a key, whatever is called "Test User".
_SAME = f"""
WITH {_PEOPLE_OF}, who AS MATERIALIZED (
    SELECT o.account_id, p.id, p.first_seen_at, p.last_seen_at, lower(split_part(p.email, '@', 1)) AS part, lower(p.name) AS name
    FROM people_of o JOIN accounts_productuser p ON p.id = o.user_id WHERE p.email <> '' OR p.name <> ''
), keys AS MATERIALIZED (
    SELECT account_id, id, first_seen_at, last_seen_at, 'e' || part AS key FROM who
    WHERE length(part) >= 5 AND part !~ '^({_OFFICES})[0-9]*$'
    UNION ALL
    SELECT account_id, id, first_seen_at, last_seen_at, 'n' || name FROM who WHERE name ~ '\\S\\s+\\S'
), held AS MATERIALIZED (
    SELECT key, account_id, min(id) AS id, min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
    FROM keys GROUP BY key, account_id
), rare AS (
    SELECT key FROM held GROUP BY key HAVING count(*) BETWEEN 2 AND 3
)
SELECT a.account_id, b.account_id, count(DISTINCT a.id), count(DISTINCT a.id) FILTER (
    WHERE a.last_seen_at < b.first_seen_at + interval '30 days')
FROM rare JOIN held a USING (key) JOIN held b USING (key) WHERE a.account_id <> b.account_id AND a.id <> b.id GROUP BY 1, 2
HAVING count(DISTINCT a.id) > 1
"""
#: One person of both says something only beside other evidence: of pairs that have it (two arrays, the lower id first).
_SHARED = f"""
WITH {_PEOPLE_OF}, several AS (SELECT user_id FROM people_of GROUP BY user_id HAVING count(*) BETWEEN 2 AND 3)
SELECT a.account_id, b.account_id, count(*) FROM several JOIN people_of a USING (user_id) JOIN people_of b USING (user_id)
WHERE a.account_id < b.account_id GROUP BY 1, 2
HAVING count(*) > 1 OR (a.account_id, b.account_id) IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[]))
"""
_SIZES = f"WITH {_PEOPLE_OF} SELECT account_id, count(*) FROM people_of GROUP BY 1"
_DOMAINS = """
SELECT d.account_id, split_part(d.domain, '.', 1) FROM accounts_accountdomain d JOIN accounts_account a ON a.id = d.account_id
WHERE a.merged_into_id IS NULL
"""


@dataclass
class Found:
    """Two accounts, `account` into `into`, with the evidence by kind: each has `confidence` and numbers."""

    account: int
    into: int
    evidence: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def score(self) -> float:
        doubt = 1.0
        for one in self.evidence.values():
            doubt *= 1 - one["confidence"]
        return round(1 - doubt, 3)


@dataclass(frozen=True)
class Result:
    """Of one round: suggestions that are new, that stand (new ones too), and that are gone because nothing speaks for them now."""

    new: int
    standing: int
    gone: int


def refresh(*, now: dt.datetime | None = None) -> Result:
    """Looks at all accounts and brings the suggestions up to date. What a member dismissed or merged stays as it is."""
    now = now or timezone.now()
    found = find(now=now, without=_settled(MergeSuggestion.objects.all()))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [70_611_022])
        known = {frozenset((row.account_id, row.into_id)): row for row in MergeSuggestion.objects.all()}
        settled = _settled(known.values())
        wanted = {frozenset((one.account, one.into)): one for one in found}
        gone = [row.pk for pair, row in known.items() if pair not in wanted and pair not in settled]
        MergeSuggestion.objects.filter(pk__in=gone).delete()
        new, standing = 0, 0
        for pair, one in wanted.items():
            if pair in settled:
                continue
            standing += 1
            row = known.get(pair)
            if row is None:
                new += 1
                row = MergeSuggestion(found_at=now)
            elif (row.account_id, row.into_id, row.evidence) == (one.account, one.into, one.evidence):
                continue
            row.account_id, row.into_id, row.score, row.evidence = one.account, one.into, one.score, one.evidence
            row.save()
    return Result(new, standing, len(gone))


def _settled(rows: Iterable[MergeSuggestion]) -> set[frozenset[int]]:
    """The pairs of which a member said yes or no."""
    return {frozenset((row.account_id, row.into_id)) for row in rows if row.dismissed_at or row.correction_id}


def find(*, now: dt.datetime, without: Collection[frozenset[int]] = ()) -> list[Found]:
    """The pairs that are worth a look, but for those that were decided, surest first, at most `MOST`.

    Eight queries. Time grows with people, never with pairs of them; memory with accounts and with what is found.
    """
    sizes: dict[int, int] = defaultdict(int, _rows(_SIZES))  # somebody may begin while this looks
    pairs: dict[frozenset[int], Found] = {}

    def pair(source: int, target: int) -> Found:
        return pairs.setdefault(frozenset((source, target)), Found(source, target))

    # What has a direction goes first: whoever stops is merged into the other.
    for handover in _handovers(now):
        pair(handover.source, handover.target).evidence["handover"] = {
            "confidence": handover.confidence,
            "left": handover.left,
            "began": handover.began,
            "expected": handover.expected,
            "alike": handover.alike,
            "rivals": handover.rivals,
            "around": dt.date.fromordinal(handover.last).isoformat(),
        }
    # Both ways round are there; the one with more people who came later says the direction.
    for a, b, n, later in sorted(_rows(_SAME), key=lambda one: -one[3]):
        if "people" in pair(a, b).evidence:
            continue
        share = min(n / max(1, min(sizes[a], sizes[b])), 1.0)
        confidence = 0.9 * (1 - 0.6**n) * min(1.0, 2 * share) * (1.0 if later else 0.7)
        _add(pair(a, b), "people", confidence, people=n, later=later, share=round(share, 3))
    unclear = Ambiguity.objects.filter(settled_at=None)
    # Accounts that stand for an ambiguous workspace alone: no companies.
    stand_ins = set(unclear.filter(workspace__account_by="own").values_list("workspace__account", flat=True))
    for step, candidates in unclear.values_list("step", "candidates"):
        accounts = {one["account"] for one in candidates if one.get("account")}
        for a, b in _each_pair(sorted(accounts)) if len(accounts) <= MOST_CLAIMS else ():
            worth = 0.5 if step == Ambiguity.Step.DOMAIN else 0.35
            _add(pair(*_smaller_first(a, b, sizes)), "stated", worth, step=step)
    for a, b, names in _named_alike(_rows(_DOMAINS)):
        _add(pair(*_smaller_first(a, b, sizes)), "name", 0.5, names=names)
    known = [sorted(pair) for pair in pairs]
    for a, b, n in _rows(_SHARED, [[low for low, _high in known], [high for _low, high in known]]):
        share = n / max(1, min(sizes[a], sizes[b]))
        _add(
            pair(*_smaller_first(a, b, sizes)),
            "shared",
            0.6 * (1 - 0.7**n) * min(1.0, 2 * share),
            people=n,
            share=round(share, 3),
        )
    none = stand_ins | set(Account.objects.filter(merged_into__isnull=False).values_list("pk", flat=True))
    worth_a_look = [
        one
        for both, one in pairs.items()
        if one.score >= LEAST and both not in without and not (one.account in none or one.into in none)
    ]
    return sorted(worth_a_look, key=lambda one: (-one.score, one.account, one.into))[:MOST]


def words(evidence: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The evidence in sentences, the strongest first."""
    return [
        _WORDS[kind](one)
        for kind, one in sorted(evidence.items(), key=lambda kept: -kept[1]["confidence"])
        if kind in _WORDS
    ]


def would_settle(evidence: Mapping[str, Mapping[str, Any]]) -> str:
    """What a member should look at before saying yes: what else the strongest evidence may mean."""
    kinds = [kind for kind, _one in sorted(evidence.items(), key=lambda kept: -kept[1]["confidence"])]
    return str(next((_SURE[kind] for kind in kinds if kind in _SURE), ""))


_SURE = {
    "handover": gettext_lazy(
        "Sure when it is known that one company took over the other: a competitor that grew at that time looks the same."
    ),
    "people": gettext_lazy("Sure when these are the same people: a name that many have looks the same."),
    "shared": gettext_lazy("Sure when they are employees of both: an agency that works for both looks the same."),
    "stated": gettext_lazy("Sure when the workspace is one company's: a customer and its supplier may share one."),
    "name": gettext_lazy("Sure when both sites name the same company: strangers and resellers may be called alike."),
}
_WORDS = {
    "handover": lambda one: (
        _(
            "%(left)d people stopped around %(day)s, and %(began)d new ones began at the other (%(expected)s were to be expected)."
        )
        % {
            "left": one["left"],
            "day": date_format(dt.date.fromisoformat(one["around"]), "j M Y"),
            "began": one["began"],
            "expected": round(one["expected"]),
        }
    ),
    "people": lambda one: (
        ngettext(
            "%(n)d person has the same name or e-mail at both.",
            "%(n)d people have the same name or e-mail at both.",
            one["people"],
        )
        % {"n": one["people"]}
    ),
    "shared": lambda one: (
        ngettext("%(n)d person works in workspaces of both.", "%(n)d people work in workspaces of both.", one["people"])
        % {"n": one["people"]}
    ),
    "stated": lambda one: _("A workspace could not be told between the two."),
    "name": lambda one: _("Their domains are called alike: %(names)s.") % {"names": ", ".join(one["names"])},
}


def _rows(sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _handovers(now: dt.datetime) -> list[handovers.Handover]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_SEEN)
        parts = [np.array(rows, dtype=np.int64) for rows in iter(lambda: cursor.fetchmany(CHUNK), [])]
    seen = np.concatenate(parts) if parts else np.empty((0, 3), dtype=np.int64)
    people = handovers.People(seen[:, 0], seen[:, 1], seen[:, 2])
    # Quiet is measured by the last day that anybody was seen: an import of old data has its own today.
    today = min(int(people.last.max(initial=0)), now.date().toordinal())
    return handovers.find(people, today=today, alike=_alike)


def _alike(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Cosine of what two accounts' people do, by event type; roots of counts, so that one common event does not hide the others."""
    ids = sorted({account for pair in pairs for account in pair})
    did: dict[int, dict[int, float]] = {}
    for account, event_type, count in _rows(_DID, [bulk.plain(ids)]) if ids else ():
        did.setdefault(account, {})[event_type] = float(count) ** 0.5
    lengths = {account: sum(value * value for value in acts.values()) ** 0.5 for account, acts in did.items()}
    return {
        (a, b): sum(value * did[b].get(event, 0.0) for event, value in did[a].items()) / (lengths[a] * lengths[b])
        for a, b in pairs
        if a in did and b in did
    }


def _named_alike(domains: Iterable[tuple[int, str]]) -> Iterable[tuple[int, int, list[str]]]:
    """(account, account, their names) of those with the same name in their domain, or the same but for a common word."""
    by_name: dict[str, set[int]] = {}
    for account, name in domains:
        if len(name) >= 4 and not re.fullmatch(r"[0-9-]+", name):
            by_name.setdefault(name, set()).add(account)
    for name, accounts in by_name.items():
        if 2 <= len(accounts) <= 3:
            for a, b in _each_pair(sorted(accounts)):
                yield a, b, [name]
        for added in _ADDED:
            longer = by_name.get(name + added) or by_name.get(f"{name}-{added}") or set()
            if longer and len(accounts) == len(longer) == 1 and len(name) >= 5 and accounts != longer:
                yield next(iter(accounts)), next(iter(longer)), [name, name + added]


def _each_pair(accounts: Sequence[int]) -> Iterable[tuple[int, int]]:
    return ((a, b) for n, a in enumerate(accounts) for b in accounts[n + 1 :] if a != b)


def _smaller_first(a: int, b: int, sizes: Mapping[int, int]) -> tuple[int, int]:
    return (a, b) if (sizes.get(a, 0), -a) <= (sizes.get(b, 0), -b) else (b, a)


def _add(found: Found, kind: str, confidence: float, **numbers: Any) -> None:
    if confidence > 0:
        found.evidence[kind] = {"confidence": round(confidence, 3), **numbers}
