"""The admin's rules of domains. Every process reads them when they are others than those it knows: the loader once a batch."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, domains
from accounts.models import DomainRule, Member, Resettling

#: Seconds for which a page trusts what it read. The loader reads every batch.
TRUSTED = 2.0
#: Lines of one paste, and rules altogether: all of them are held in memory.
MOST_LINES, MOST_RULES = 1_000, 20_000

_VERSION = "SELECT md5(string_agg(id::text, ',' ORDER BY id)) FROM accounts_domainrule WHERE removed_at IS NULL"
_read_at = 0.0


def refresh(*, trusting: bool = False) -> None:
    """Takes over the rules that hold now. `trusting`: not when that was done within `TRUSTED` seconds. One small query."""
    global _read_at
    now = time.monotonic()
    if trusting and now - _read_at < TRUSTED:
        return
    with connection.cursor() as cursor:
        cursor.execute(_VERSION)
        version = cursor.fetchone()[0] or ""
    if version != domains.rules_version():
        kinds = dict(DomainRule.objects.filter(removed_at=None).values_list("domain", "kind"))
        domains.use(domains.Rules(version, kinds))
    _read_at = now


@dataclass(frozen=True)
class Wanted:
    """One line: a host, what it is to be, and a note."""

    domain: str
    kind: str
    note: str = ""


def read_lines(text: str, *, kind: str) -> tuple[list[Wanted], list[str]]:
    """Rules from pasted lines `domain[, kind[, note]]` (commas, semicolons or tabs), and what is wrong, by line.

    `kind` is for lines that say none. Empty lines, and a first line of column names, are passed over.
    """
    found: dict[str, Wanted] = {}
    wrong = []
    lines = text.replace("\x00", "").splitlines()
    if len(lines) > MOST_LINES:
        return [], [_("At most %(most)d lines at once.") % {"most": MOST_LINES}]
    for number, line in enumerate(lines, 1):
        said = line.strip()
        parts = [part.strip().strip('"') for part in said.replace("\t", ",").replace(";", ",").split(",", 2)]
        if not said or (number == 1 and parts[0].lower() in ("domain", "host")):
            continue
        host = domains.host_of(parts[0])
        its_kind = parts[1].lower() if len(parts) > 1 and parts[1] else kind
        if not host:
            wrong.append(_("Line %(n)d: “%(said)s” is no domain.") % {"n": number, "said": parts[0][:80]})
        elif its_kind not in DomainRule.Kind.values:
            wrong.append(
                _("Line %(n)d: “%(said)s” is none of %(kinds)s.")
                % {"n": number, "said": its_kind[:40], "kinds": ", ".join(DomainRule.Kind.values)}
            )
        else:
            found[host] = Wanted(host, its_kind, parts[2][:200] if len(parts) > 2 else "")
    return list(found.values()), wrong


@transaction.atomic
def add(*, wanted: list[Wanted], member: Member | None) -> tuple[list[DomainRule], Resettling | None]:
    """Makes these rules; one of the same domain gives way. Those that hold already stay. Answers the new ones and the job.

    The caller enqueues `accounts.tasks.resettle`. Raises `ValidationError` (domain).
    """
    _lock()
    old = {rule.domain: rule for rule in DomainRule.objects.filter(removed_at=None)}
    new = [one for one in wanted if one.domain not in old or old[one.domain].kind != one.kind]
    if len(old) + len(new) > MOST_RULES:
        raise ValidationError({"domain": _("There can be %(most)d rules altogether.") % {"most": MOST_RULES}})
    DomainRule.objects.filter(pk__in=[old[one.domain].pk for one in new if one.domain in old]).update(
        removed_at=timezone.now()
    )
    made = DomainRule.objects.bulk_create(
        DomainRule(domain=one.domain, kind=one.kind, note=one.note, created_by=member) for one in new
    )
    for rule in made:
        before = old[rule.domain].kind if rule.domain in old else ""
        if before:  # by its moment `take_back` knows what gave way
            DomainRule.objects.filter(pk=old[rule.domain].pk).update(removed_at=rule.created_at)
        _tell("domain_rule.add", rule, member, before=before)
    return made, _settle([rule.domain for rule in made], member)


@transaction.atomic
def remove(*, rule_id: int, member: Member | None) -> tuple[DomainRule, Resettling | None]:
    """Takes a rule away; the lists count again. Raises `DomainRule.DoesNotExist`."""
    _lock()
    rule = DomainRule.objects.get(pk=rule_id, removed_at=None)
    rule.removed_at = timezone.now()
    rule.save(update_fields=["removed_at"])
    _tell("domain_rule.remove", rule, member)
    return rule, _settle([rule.domain], member)


@transaction.atomic
def put_back(*, rule_id: int, member: Member | None) -> tuple[DomainRule, Resettling | None]:
    """A removed rule holds again; one that was made meanwhile for its domain gives way. Raises `DomainRule.DoesNotExist`."""
    _lock()
    rule = DomainRule.objects.exclude(removed_at=None).get(pk=rule_id)
    DomainRule.objects.filter(domain=rule.domain, removed_at=None).update(removed_at=rule.created_at)
    rule.removed_at = None
    rule.save(update_fields=["removed_at"])
    _tell("domain_rule.add", rule, member)
    return rule, _settle([rule.domain], member)


@transaction.atomic
def take_back(*, rule_id: int, member: Member | None) -> tuple[DomainRule, Resettling | None]:
    """The undo of `add`: the rule goes, and the one that gave way to it holds again. Raises `DomainRule.DoesNotExist`."""
    _lock()
    rule = DomainRule.objects.get(pk=rule_id, removed_at=None)
    before = DomainRule.objects.filter(domain=rule.domain, removed_at=rule.created_at).first()
    return put_back(rule_id=before.pk, member=member) if before else remove(rule_id=rule_id, member=member)


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_domainrule IN SHARE ROW EXCLUSIVE MODE")


def _tell(action: str, rule: DomainRule, member: Member | None, **more: str) -> None:
    audit.record(
        action,
        by=member,
        subject="domain",
        subject_id=rule.pk,
        label=rule.domain,
        kind=rule.kind,
        note=rule.note,
        **more,
    )


def _settle(names: list[str], member: Member | None) -> Resettling | None:
    if not names:
        return None
    return Resettling.objects.create(domains=names, because="rule", asked_by=member)
