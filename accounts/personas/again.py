"""Everybody looked at again after rules of titles or personas changed: by batches, with progress, going on where it stopped.

The size of the company is what the person said, else the account's, which the loader does not know yet when it rates somebody:
so everybody is looked at every night, whatever the rules.

What somebody's traits said outright ("seniority: director") stays: only what the rules before had made of a title is replaced.
A batch is one transaction under the loader's lock, so that both never write the same people at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts import bulk, changes, evidence, loading, titles
from accounts.contacts import rating
from accounts.models import Account, Contact, Member, ProductUser, ProfilingRun
from accounts.personas import reading
from accounts.title_rules import Rule, TitleRules
from accounts.titles import Title

#: People in one transaction; and contacts, whose rows cost more: the loader waits for it, and whoever says what a role is.
BATCH, CONTACTS = 5_000, 1_000

_READ = """
SELECT p.id, p.account_id, p.title, p.seniority, p.department, coalesce(p.employees, a.employees), p.use_case, p.said_at,
    p.persona_id, p.buying_role, p.buying_confidence, p.role_evidence::text
FROM accounts_productuser p LEFT JOIN accounts_account a ON a.id = p.account_id
WHERE p.id > %s ORDER BY p.id LIMIT %s FOR NO KEY UPDATE OF p
"""
_COLUMNS = {
    "id": "bigint",
    "seniority": "text",
    "department": "text",
    "persona_id": "bigint",
    "buying_role": "text",
    "buying_confidence": "float8",
    "role_evidence": "json",
}
_OF_CONTACTS = {name: kind for name, kind in _COLUMNS.items() if name != "role_evidence"}


@dataclass(frozen=True)
class _Then:
    """The rules before, as far as a stored value may rest on them; `known` are their admin's rules."""

    known: tuple[TitleRules, ...]

    def may_be(self, stored: str, title: str, kind: str) -> bool:
        """Whether these rules, or ours alone, would have made the stored value; if not, somebody said it."""
        if not stored or stored == "other":
            return True
        made = {getattr(rules.classify(title), kind) for rules in self.known}
        return stored in made or stored == getattr(titles.classify(title), kind)


def begin(*, by: Member | None) -> ProfilingRun:
    """A new run, which takes over from one that is under way. The caller enqueues `accounts.tasks.profile_again`."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [reading.LOCK])
        rules = reading.refresh()
        ProfilingRun.objects.filter(ended_at=None).update(ended_at=timezone.now(), overtaken=True)
        return ProfilingRun.objects.create(
            started_by=by,
            mark=effect(rules),
            title_rules=_stored(rules.titles),
            people=ProductUser.objects.count() + _with_title().count(),
        )


def under_way() -> ProfilingRun | None:
    """The run that has not ended, if any."""
    last = newest()
    return last if last is not None and last.ended_at is None else None


def is_needed() -> bool:
    """Whether the rules decide otherwise than those of the newest run."""
    last = newest()
    return last is None or last.mark != effect(reading.refresh())


def newest() -> ProfilingRun | None:
    return ProfilingRun.objects.select_related("started_by").order_by("-pk").first()


def effect(rules: reading.Rules) -> str:
    """A mark of what decides about people: not of names and angles of personas."""
    return rules.effect(titles.MARK)


def work(*, run_id: int, seconds: float = 60.0) -> bool:
    """Goes on with the run for about so long, a batch at least; answers whether it is over. May run twice at once: the second
    one waits its turn."""
    until = time.monotonic() + seconds
    rules = reading.refresh()
    then = _before(run_id)
    while _batch(run_id, rules, then):
        if time.monotonic() >= until:
            return False
    return True


def _batch(run_id: int, rules: reading.Rules, then: _Then) -> bool:
    """One batch; answers whether there is more to do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [loading.LOCK])
        run = ProfilingRun.objects.select_for_update().filter(pk=run_id, ended_at=None).first()
        if run is None:
            return False
        accounts: set[int] = set()
        if run.contacts_after is None:
            cursor.execute(_READ, [run.after, BATCH])
            read = cursor.fetchall()
            changed = 0
            if read:
                changed, accounts = _people(read, rules, then)
                run.after, run.seen = read[-1][0], run.seen + len(read)
            else:
                run.contacts_after = 0
        else:
            contacts = _next_contacts(run.contacts_after)
            changed, accounts = _contacts(contacts, rules, then)
            if contacts:
                run.contacts_after, run.seen = contacts[-1].pk, run.seen + len(contacts)
            else:
                run.ended_at = timezone.now()
        run.changed, run.accounts = run.changed + changed, run.accounts + len(accounts)
        run.save(update_fields=["after", "contacts_after", "seen", "changed", "accounts", "ended_at"])
        changes.mark(accounts)
        return run.ended_at is None


def _people(read: Sequence[tuple[Any, ...]], rules: reading.Rules, then: _Then) -> tuple[int, set[int]]:
    """Writes those who are others now; answers how many, and their accounts."""
    new, accounts = [], set()
    for id_, account_id, title, seniority, department, employees, use_case, said_at, *stored in read:
        if not (title or seniority or department or use_case):
            continue
        said = msgspec.json.decode(said_at) if said_at else {}
        now = _title(rules, then, title, seniority, department, said)
        rated = rules.rate(now.seniority, now.department, employees, use_case)
        persona_id, role, confidence, pieces = rated.persona_id, *_role(rated, stored)
        if (now.seniority, now.department, persona_id, role, confidence, pieces) != (seniority, department, *stored):
            new.append((id_, now.seniority, now.department, persona_id, role, confidence, pieces))
            if account_id is not None:
                accounts.add(account_id)
    if new:
        subquery, parameters = bulk.rows(_COLUMNS, new)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                UPDATE accounts_productuser p SET seniority = new.seniority, department = new.department,
                    persona_id = new.persona_id, buying_role = new.buying_role,
                    buying_confidence = new.buying_confidence, role_evidence = new.role_evidence
                FROM {subquery} AS new WHERE p.id = new.id
                """,
                parameters,
            )
    return len(new), accounts


def _title(
    rules: reading.Rules, then: _Then, title: str, seniority: str, department: str, said: Mapping[str, int]
) -> Title:
    """What is known now: of the title by today's rules, but what was said outright stays. `said`: fields that messages said;
    of people from before that was kept it is guessed."""
    if not title:
        return Title(seniority, department)
    now = rules.titles.classify(title)

    def is_of_title(kind: str, stored: str) -> bool:
        return kind not in said if said else then.may_be(stored, title, kind)

    return Title(
        now.seniority if is_of_title("seniority", seniority) else seniority,
        now.department if is_of_title("department", department) else department,
    )


def _role(rated: reading.Rated, stored: Sequence[Any]) -> tuple[str, float, str]:
    """Role, confidence and evidence, as JSON, when the title says `rated`. The other evidence stays."""
    _persona_id, role, confidence, text = stored
    known: list[evidence.Evidence] = msgspec.json.decode(text)
    if confidence >= evidence.CONFIRMED and not known:  # said by hand before evidence was kept
        return role, confidence, text
    others = evidence.with_title(known, rated.role, rated.confidence)
    if sorted(map(_text, others)) == sorted(map(_text, known)):
        return (*evidence.fuse(known), text) if known else (role, confidence, text)
    return *evidence.fuse(others), _text(others)


def _text(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _with_title() -> QuerySet[Contact]:
    return Contact.objects.filter(removed_at=None).exclude(title="")


def _next_contacts(after: int) -> list[Contact]:
    return list(_with_title().filter(pk__gt=after).order_by("pk").select_for_update()[:CONTACTS])


def _contacts(rows: Sequence[Contact], rules: reading.Rules, then: _Then) -> tuple[int, set[int]]:
    """The same for contacts that have a title."""
    before = [_known_of(row) for row in rows]
    ids = {row.account_id for row in rows if row.account_id}
    sizes = dict(Account.objects.filter(pk__in=ids).values_list("pk", "employees"))
    for row in rows:
        now = _title(rules, then, row.title, row.seniority, row.department, {})
        row.seniority, row.department = now.seniority, now.department
        size = sizes.get(row.account_id) if row.account_id else None
        row.persona_id = rules.rate(now.seniority, now.department, size, "").persona_id
    rating.settle(rows)
    new = [(row.pk, *_known_of(row)) for row, was in zip(rows, before, strict=True) if _known_of(row) != was]
    if new:
        subquery, parameters = bulk.rows(_OF_CONTACTS, new)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                UPDATE accounts_contact c SET seniority = new.seniority, department = new.department,
                    persona_id = new.persona_id, buying_role = new.buying_role, buying_confidence = new.buying_confidence
                FROM {subquery} AS new WHERE c.id = new.id
                """,
                parameters,
            )
    changed = {one[0] for one in new}
    return len(new), {row.account_id for row in rows if row.pk in changed and row.account_id}


def _known_of(row: Contact) -> tuple[Any, ...]:
    return row.seniority, row.department, row.persona_id, row.buying_role, row.buying_confidence


def _before(run_id: int) -> _Then:
    """The rules of the last run that ended by itself, and of those that were overtaken since."""
    ended = ProfilingRun.objects.filter(pk__lt=run_id, overtaken=False).aggregate(last=Max("pk"))["last"] or 0
    runs = (
        ProfilingRun.objects.filter(pk__gte=ended, pk__lte=run_id).order_by("pk").values_list("title_rules", flat=True)
    )
    return _Then(tuple(TitleRules([Rule(None, *rule) for rule in rules]) for rules in runs))


def _stored(rules: TitleRules) -> list[list[Any]]:
    return [[rule.kind, rule.value, rule.pattern, rule.is_regex] for rule in rules.all]
