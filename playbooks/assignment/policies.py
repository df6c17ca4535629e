"""How each queue is run, and how each member works: what is stored, else the defaults of the models.

Reading the rules of one motion takes two queries. Whoever needs them for many items reads them once, in `held()`.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import access, audit
from accounts.models import Member
from playbooks.assignment.working_time import Hours
from playbooks.models import CoolDown, Holiday, QueuePolicy, WorkSettings
from playbooks.verbs import reasons

#: What a form or a program may set of a policy.
FIELDS = tuple(field.name for field in QueuePolicy._meta.fields if field.name != "motion")
#: And of how a member works, as far as it is about assignment.
WORK_FIELDS = ("takes_automatic", "segments", "territories", "open_limit", "daily_limit", "away_from", "away_until")
#: Minutes of working time and days that a rule may ask for at most.
MOST_MINUTES, MOST_DAYS = 43_200, 1_000
SHORTEST_DAY = dt.timedelta(hours=1)
MOST_TERRITORIES = 40


@dataclass(frozen=True)
class Rules:
    """Of one motion: its policy and its opening hours with holidays."""

    policy: QueuePolicy
    hours: Hours


_held: ContextVar[dict[str, Rules] | None] = ContextVar("rules of the queues", default=None)


@contextmanager
def held() -> Iterator[None]:
    """The rules are read once for all that is done inside. Also a decorator."""
    if _held.get() is not None:
        yield
        return
    token = _held.set({})
    try:
        yield
    finally:
        _held.reset(token)


def of(motion: str) -> QueuePolicy:
    """The policy of a motion."""
    return rules(motion).policy


def all_of() -> dict[str, QueuePolicy]:
    """The policies of all motions that people work."""
    return {motion: rule.policy for motion, rule in _read().items()}


def rules(motion: str) -> Rules:
    """Policy and opening hours of a motion."""
    kept = _held.get()
    if kept is None:
        kept = _read()
    elif not kept:
        kept.update(_read())
    return kept.get(motion) or Rules(with_defaults(motion), Hours())


def _read() -> dict[str, Rules]:
    stored = QueuePolicy.objects.in_bulk()
    holidays: dict[str, set[dt.date]] = {}
    for day, motion in Holiday.objects.values_list("day", "motion"):
        holidays.setdefault(motion, set()).add(day)
    found = {}
    for motion in access.WORKERS:
        policy = stored.get(motion) or with_defaults(motion)
        days = frozenset(holidays.get("", set()) | holidays.get(motion, set()))
        found[motion] = Rules(policy, hours_of(policy, days))
    return found


def with_defaults(motion: str) -> QueuePolicy:
    """An unsaved policy of nothing but defaults."""
    policy = QueuePolicy(motion=motion)
    policy.day_begins, policy.day_ends = dt.time(9), dt.time(17)
    return policy


def hours_of(policy: QueuePolicy, holidays: frozenset[dt.date] = frozenset()) -> Hours:
    """Raises `ValueError` naming what is wrong, which the verbs below keep out of the table."""
    return Hours(policy.day_begins, policy.day_ends, policy.weekdays, policy.timezone, holidays)


# Changing them -------------------------------------------------------------------------------------------------------


@transaction.atomic
def save(*, motion: str, **fields: Any) -> QueuePolicy:
    """Sets some of `FIELDS`. Raises `ValidationError` naming the field; then nothing was changed."""
    if motion not in access.WORKERS:
        raise ValidationError({"motion": _("Choose sales, success or marketing.")})
    policy = QueuePolicy.objects.select_for_update().filter(pk=motion).first() or with_defaults(motion)
    before = {name: getattr(policy, name) for name in FIELDS}
    for name, value in fields.items():
        if name not in FIELDS:
            raise ValidationError({name: _("is not a rule of a queue.")})
        setattr(policy, name, value)
    _check(policy)
    policy.save()
    _record("queue.rules", motion, audit.changed(before, {name: getattr(policy, name) for name in FIELDS}))
    return policy


def _record(action: str, motion: str, told: Mapping[str, Any]) -> None:
    if told:
        audit.record(action, subject="queue", label=motion, **told)


def _check(policy: QueuePolicy) -> None:
    policy.clean_fields()
    wrong: dict[str, str] = {}
    for name in ("hand_minutes", "response_minutes", "touch_minutes"):
        if getattr(policy, name) > MOST_MINUTES:
            wrong[name] = _("At most %(n)d minutes of working time.") % {"n": MOST_MINUTES}
    for name in ("same_owner_days", "untouched_days", "early_days"):
        if getattr(policy, name) > MOST_DAYS:
            wrong[name] = _("At most %(n)d days.") % {"n": MOST_DAYS}
    if not 0 < policy.warn_share <= 1:
        wrong["warn_share"] = _("More than 0 and at most 1, for example 0.75.")
    if not 0 <= policy.audit_share <= 0.05:
        wrong["audit_share"] = _("0 to 0.05.")
    policy.weekdays = "".join(sorted(set(policy.weekdays)))
    today = dt.date(2026, 1, 5)
    if policy.day_ends <= policy.day_begins:
        wrong["day_ends"] = _("The day ends after it begins. A night over midnight is not a working day here.")
    elif dt.datetime.combine(today, policy.day_ends) - dt.datetime.combine(today, policy.day_begins) < SHORTEST_DAY:
        wrong["day_ends"] = _("A working day has at least an hour.")
    if policy.timezone not in zoneinfo.available_timezones():
        wrong["timezone"] = _("“%(zone)s” is not a time zone.") % {"zone": policy.timezone}
    if not policy.weekdays or set(policy.weekdays) - set("1234567"):
        wrong["weekdays"] = _("Choose at least one day.")
    if wrong:
        raise ValidationError(wrong)


@transaction.atomic
def add_holiday(*, day: dt.date, name: str, motion: str = "") -> Holiday:
    """A day on which nobody owes an answer; `motion` empty: for every queue. The name may be empty. Raises `ValidationError`."""
    if motion and motion not in access.WORKERS:
        raise ValidationError({"motion": _("Choose sales, success or marketing.")})
    holiday = Holiday(day=day, name=name.strip(), motion=motion)
    holiday.clean_fields(exclude=set() if holiday.name else {"name"})
    if Holiday.objects.filter(day=day, motion__in={"", motion}).exists():
        raise ValidationError({"day": _("That day is a holiday already.")})
    made, is_new = Holiday.objects.get_or_create(day=day, motion=motion, defaults={"name": holiday.name})
    if is_new:
        _record("queue.holiday", motion, {"after": {"day": day, "name": holiday.name}})
    return made


@transaction.atomic
def remove_holiday(*, holiday_id: int) -> Holiday:
    """Returns what it was. Raises `Holiday.DoesNotExist`."""
    holiday = Holiday.objects.get(pk=holiday_id)
    if Holiday.objects.filter(pk=holiday_id).delete()[0]:
        _record("queue.no_holiday", holiday.motion, {"before": {"day": holiday.day, "name": holiday.name}})
    return holiday


@transaction.atomic
def set_cool_downs(*, motion: str, days: Mapping[str, int | None]) -> None:
    """Days by closing (a key of `reasons.MEANINGS`); none: for good. What equals the default is not kept. For closings from now on.

    Raises `ValidationError` naming the closing.
    """
    if motion not in access.WORKERS:
        raise ValidationError({"motion": _("Choose sales, success or marketing.")})
    for closing, length in days.items():
        if closing not in reasons.MEANINGS:
            raise ValidationError({closing: _("is not a way to close an account.")})
        if length is not None and not 0 <= length <= MOST_DAYS:
            raise ValidationError({closing: _("0 to %(n)d days.") % {"n": MOST_DAYS}})
    _record("queue.cool_downs", motion, audit.changed(cool_downs(motion), days))
    CoolDown.objects.filter(motion=motion, closing__in=days).delete()
    CoolDown.objects.bulk_create(
        CoolDown(motion=motion, closing=closing, days=length)
        for closing, length in days.items()
        if length != reasons.MEANINGS[closing].days
    )


def cool_downs(motion: str) -> dict[str, int | None]:
    """Days of every closing, as they are in force."""
    stored = dict(CoolDown.objects.filter(motion=motion).values_list("closing", "days"))
    return {closing: stored.get(closing, meaning.days) for closing, meaning in reasons.MEANINGS.items()}


# Members -------------------------------------------------------------------------------------------------------------


def work_settings(member_ids: Collection[int]) -> dict[int, WorkSettings]:
    """How these members work; unsaved defaults for those who changed nothing. One query."""
    stored = WorkSettings.objects.in_bulk(list(member_ids))
    return {pk: stored.get(pk) or WorkSettings(member_id=pk) for pk in member_ids}


@transaction.atomic
def save_work(*, member: Member, **fields: Any) -> WorkSettings:
    """Sets some of `WORK_FIELDS`. Raises `ValidationError` naming the field."""
    kept = WorkSettings.objects.select_for_update().filter(pk=member.pk).first() or WorkSettings(member=member)
    before = {name: getattr(kept, name) for name in WORK_FIELDS}
    for name, value in fields.items():
        if name not in WORK_FIELDS:
            raise ValidationError({name: _("is not a setting of your work.")})
        setattr(kept, name, value)
    kept.segments = sorted(set(kept.segments))
    kept.territories = territories(kept.territories)
    kept.clean_fields(exclude={field.name for field in kept._meta.fields} - set(WORK_FIELDS))
    if kept.away_from and kept.away_until and kept.away_until < kept.away_from:
        raise ValidationError({"away_until": _("That is before it begins.")})
    for name in ("open_limit", "daily_limit"):
        if getattr(kept, name) > MOST_DAYS:
            raise ValidationError({name: _("At most %(n)d.") % {"n": MOST_DAYS}})
    kept.save()
    told = audit.changed(before, {name: getattr(kept, name) for name in WORK_FIELDS})
    if told:
        audit.record("member.work", subject="member", subject_id=member.pk, label=str(member), **told)
    return kept


def territories(said: Collection[str]) -> list[str]:
    """Ends of domains in one form: `"DE"`, `".de"` and `"*.de"` are `".de"`. Raises `ValidationError`."""
    found = []
    for one in said:
        end = one.strip().lower().lstrip("*").strip(".")
        if not end:
            continue
        if len(end) > 59 or not all(part and part.replace("-", "").isalnum() for part in end.split(".")):
            raise ValidationError({"territories": _("“%(end)s” is not the end of a domain.") % {"end": one[:60]}})
        found.append(f".{end}")
    if len(found) > MOST_TERRITORIES:
        raise ValidationError({"territories": _("At most %(n)d.") % {"n": MOST_TERRITORIES}})
    return sorted(set(found))
