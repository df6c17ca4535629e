"""What an admin does with rules of titles and with personas. Each change is in the audit log and begins a profiling run.

Every verb answers what it changed; the caller enqueues `accounts.tasks.profile_again` on commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, stale
from accounts.models import AuditEntry, BuyingRole, Department, Member, Persona, Seniority, TitleRule
from accounts.personas import again
from accounts.personas.library import LIBRARY
from accounts.title_rules import BadPattern, compiled

#: Rules of titles and personas that an installation may have: each is tried on every title.
MOST = 200
#: What of a persona is the admin's word.
FIELDS = (
    "name",
    "seniorities",
    "departments",
    "employees_from",
    "employees_below",
    "use_cases",
    "buying_role",
    "confidence",
    "angle",
)
MOST_CONFIDENCE = 0.6
VALUES = {TitleRule.Kind.SENIORITY.value: Seniority, TitleRule.Kind.DEPARTMENT.value: Department}


# Rules of titles -----------------------------------------------------------------------------------------------------


@transaction.atomic
def add_rule(
    *, kind: str, value: str, pattern: str, is_regex: bool, member: Member, way: str = audit.PAGE
) -> TitleRule:
    """A new rule, after the others. Raises `ValidationError` naming the field."""
    if kind not in VALUES or value not in VALUES[kind].values:
        raise ValidationError({"value": _("Choose a seniority or a department.")})
    pattern = pattern.strip()
    check_pattern(pattern, is_regex=is_regex)
    rule = TitleRule(
        kind=kind, value=value, pattern=pattern, is_regex=is_regex, created_by=member, position=_next(TitleRule)
    )
    _check_rule(rule)
    rule.full_clean(exclude=["removed_at"])
    _save(rule)
    _note("title_rule.add", rule, member, way, after=said_by(rule))
    return rule


def check_pattern(pattern: str, *, is_regex: bool) -> None:
    """Raises `ValidationError` naming `pattern`."""
    if not pattern.strip():
        raise ValidationError({"pattern": _("Write the words of the title.")})
    if "\x00" in pattern:
        raise ValidationError({"pattern": _("Null characters are not allowed.")})
    try:
        compiled(pattern, is_regex=is_regex)
    except BadPattern as error:
        raise ValidationError({"pattern": _("This pattern cannot be used: %(why)s.") % {"why": error}}) from None


def _check_rule(rule: TitleRule) -> None:
    """That it is the only one of its kind, and not one too many."""
    standing = TitleRule.objects.filter(removed_at=None)
    if standing.filter(**said_by(rule)).exists():
        raise _taken(rule)
    if standing.count() >= MOST:
        raise ValidationError(_("There are %(n)d rules already. Remove one first.") % {"n": MOST})


def said_by(rule: TitleRule) -> dict[str, Any]:
    return {"kind": rule.kind, "value": rule.value, "pattern": rule.pattern, "is_regex": rule.is_regex}


def remove_rule(*, rule_id: int, member: Member, way: str = audit.PAGE) -> TitleRule:
    """Raises `TitleRule.DoesNotExist`. Removing it twice is once."""
    return _remove(TitleRule, rule_id, member, way, "title_rule.remove", said_by)


@transaction.atomic
def put_rule_back(*, rule_id: int, member: Member, way: str = audit.PAGE) -> TitleRule:
    """Raises `TitleRule.DoesNotExist`, and `ValidationError` where there is such a rule by now."""
    return _put_back(TitleRule, rule_id, member, way, "title_rule.back", said_by, _check_rule)


@transaction.atomic
def move_rule(*, rule_id: int, up: bool, member: Member, way: str = audit.PAGE) -> TitleRule:
    """One place up or down. Raises `TitleRule.DoesNotExist`."""
    return _move(TitleRule, rule_id, up, member, way, "title_rule.move")


# Personas ------------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_persona(*, said: Mapping[str, Any], member: Member, way: str = audit.PAGE) -> Persona:
    """A new persona, tried before the others: whoever writes one means somebody special. Raises `ValidationError`."""
    persona = Persona()
    _take(persona, said)
    _check_persona(persona)
    for row in Persona.objects.select_for_update().order_by("pk"):
        row.position += 1
        row.save(update_fields=["position"])
    _save(persona)
    _note("persona.add", persona, member, way, after=text_of(persona))
    return persona


@transaction.atomic
def change_persona(
    *, persona_id: int, said: Mapping[str, Any], member: Member, way: str = audit.PAGE, last_seen: str = ""
) -> tuple[Persona, AuditEntry | None]:
    """Sets some of `FIELDS`. Answers the persona and the entry that `undo_change` takes; none: nothing was other.

    `last_seen`: `stale.seen` of what the member looked at. Raises `Persona.DoesNotExist`, `StaleError` and `ValidationError`.
    """
    persona = Persona.objects.select_for_update().get(pk=persona_id, removed_at=None)
    before = text_of(persona)
    _take(persona, before | dict(said))
    after = text_of(persona)
    if after == before:
        return persona, None
    stale.check(before, last_seen)
    _save(persona, update_fields=FIELDS)
    return persona, _note("persona.change", persona, member, way, before=before, after=after)


@transaction.atomic
def undo_change(*, persona_id: int, entry_id: int, member: Member) -> Persona:
    """Puts the words of before the change back, unless somebody changed them since: then `ValidationError`.

    Raises `Persona.DoesNotExist` and `AuditEntry.DoesNotExist`.
    """
    persona = Persona.objects.select_for_update().get(pk=persona_id)
    entry = AuditEntry.objects.get(pk=entry_id, action="persona.change", subject_id=persona_id)
    if text_of(persona) != entry.detail["after"]:
        raise ValidationError(_("Somebody changed “%(persona)s” since: nothing was taken back.") % {"persona": persona})
    _take(persona, entry.detail["before"])
    _save(persona, update_fields=FIELDS)
    _note("persona.change", persona, member, audit.PAGE, before=entry.detail["after"], after=entry.detail["before"])
    return persona


@transaction.atomic
def switch_persona(*, persona_id: int, on: bool, member: Member, way: str = audit.PAGE) -> Persona:
    """Raises `Persona.DoesNotExist`."""
    persona = Persona.objects.select_for_update().get(pk=persona_id, removed_at=None)
    if persona.is_active != on:
        persona.is_active = on
        persona.save(update_fields=["is_active"])
        _note("persona.switch", persona, member, way, before={"is_active": not on}, after={"is_active": on})
    return persona


@transaction.atomic
def move_persona(*, persona_id: int, up: bool, member: Member, way: str = audit.PAGE) -> Persona:
    """One place up or down. Raises `Persona.DoesNotExist`."""
    return _move(Persona, persona_id, up, member, way, "persona.move")


def remove_persona(*, persona_id: int, member: Member, way: str = audit.PAGE) -> Persona:
    """Raises `Persona.DoesNotExist`. Removing it twice is once."""
    return _remove(Persona, persona_id, member, way, "persona.remove", text_of)


def put_persona_back(*, persona_id: int, member: Member, way: str = audit.PAGE) -> Persona:
    """Raises `Persona.DoesNotExist`, and `ValidationError` where another one has its name by now."""
    return _put_back(Persona, persona_id, member, way, "persona.back", text_of, _check_persona)


def _check_persona(persona: Persona) -> None:
    """That nobody else has its name, and that it is not one too many."""
    if _is_named_alike(persona):
        raise _taken(persona)
    if Persona.objects.filter(removed_at=None).exclude(pk=persona.pk).count() >= MOST:
        raise ValidationError(_("There are %(n)d personas already. Remove one first.") % {"n": MOST})


def _is_named_alike(persona: Persona) -> bool:
    return Persona.objects.filter(removed_at=None, name__iexact=persona.name).exclude(pk=persona.pk).exists()


def text_of(persona: Persona) -> dict[str, Any]:
    """What the admin says of it, as JSON."""
    return {name: getattr(persona, name) for name in FIELDS}


def is_as_built_in(persona: Persona) -> bool:
    """Whether it says what it came with."""
    text = LIBRARY.get(persona.key)
    if text is None:
        return False
    return all(
        (list(value) if isinstance(value := getattr(text, name), tuple) else value) == getattr(persona, name)
        for name in FIELDS
    )


def _take(persona: Persona, said: Mapping[str, Any]) -> None:
    """Sets the fields and checks them. Raises `ValidationError` naming the field."""
    for name in FIELDS:
        if name in said:
            setattr(persona, name, said[name])
    persona.name = persona.name.strip()
    persona.use_cases = [kept for case in persona.use_cases if (kept := " ".join(case.split())[:120])]
    errors: dict[str, str] = {}
    for name in ("name", "angle", "use_cases"):
        if "\x00" in "".join(getattr(persona, name)):
            errors[name] = _("Null characters are not allowed.")
    if errors:
        raise ValidationError(errors)
    for name, choices in (("seniorities", Seniority), ("departments", Department)):
        wrong = [value for value in getattr(persona, name) if value not in choices.values]
        if wrong:
            errors[name] = _("“%(value)s” is not known.") % {"value": wrong[0]}
    if persona.buying_role and persona.buying_role not in BuyingRole.values:
        errors["buying_role"] = _("“%(value)s” is not known.") % {"value": persona.buying_role}
    if not 0 <= persona.confidence <= MOST_CONFIDENCE:
        errors["confidence"] = _("From 0 to %(most)s: a title alone is never sure.") % {"most": MOST_CONFIDENCE}
    low, high = persona.employees_from, persona.employees_below
    if low is not None and high is not None and low >= high:
        errors["employees_below"] = _("Must be more than “employees from”.")
    if not any((persona.seniorities, persona.departments, persona.use_cases, low is not None, high is not None)):
        errors["seniorities"] = _("Say at least one thing about such people: this persona would be everybody.")
    if persona.name and _is_named_alike(persona):
        errors["name"] = _("There is a persona of this name already.")
    if errors:
        raise ValidationError(errors)
    persona.full_clean(exclude=["removed_at"])


# Both ----------------------------------------------------------------------------------------------------------------


def _save(row: TitleRule | Persona, *, update_fields: Iterable[str] | None = None) -> None:
    """Raises `ValidationError` when another admin, a moment faster, has saved the same."""
    try:
        with transaction.atomic():
            row.save(update_fields=update_fields)
    except IntegrityError:
        raise _taken(row) from None


def _taken(row: TitleRule | Persona) -> ValidationError:
    if isinstance(row, Persona):
        return ValidationError({"name": _("There is a persona of this name already.")})
    return ValidationError({"pattern": _("There is such a rule already.")})


def _next(model: type[TitleRule]) -> int:
    return (model.objects.aggregate(last=Max("position"))["last"] or 0) + 1


@transaction.atomic
def _remove[Row: (TitleRule, Persona)](
    model: type[Row], pk: int, member: Member, way: str, action: str, told: Callable[[Any], dict[str, Any]]
) -> Row:
    row = model._default_manager.select_for_update().get(pk=pk)
    if row.removed_at is None:
        row.removed_at = timezone.now()
        row.save(update_fields=["removed_at"])
        _note(action, row, member, way, before=told(row))
    return row


@transaction.atomic
def _put_back[Row: (TitleRule, Persona)](
    model: type[Row],
    pk: int,
    member: Member,
    way: str,
    action: str,
    told: Callable[[Any], dict[str, Any]],
    check: Callable[[Any], None],
) -> Row:
    row = model._default_manager.select_for_update().get(pk=pk)
    if row.removed_at is not None:
        check(row)
        row.removed_at = None
        _save(row, update_fields=["removed_at"])
        _note(action, row, member, way, after=told(row))
    return row


def _move[Row: (TitleRule, Persona)](model: type[Row], pk: int, up: bool, member: Member, way: str, action: str) -> Row:
    """Swaps with the neighbour; all get their place as number, since two may have had the same."""
    rows = list(model._default_manager.select_for_update().filter(removed_at=None).order_by("position", "pk"))
    place = next((n for n, row in enumerate(rows) if row.pk == pk), None)
    if place is None:
        raise model.DoesNotExist
    other = place - 1 if up else place + 1
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
        for n, row in enumerate(rows):
            if row.position != n:
                row.position = n
                row.save(update_fields=["position"])
        _note(action, rows[other], member, way, before={"place": place + 1}, after={"place": other + 1})
    return rows[other] if 0 <= other < len(rows) else rows[place]


def _note(action: str, row: TitleRule | Persona, member: Member, way: str, **detail: Any) -> AuditEntry:
    """The audit entry, and a profiling run for whoever is another one now."""
    entry = audit.record(
        action, by=member, subject=action.partition(".")[0], subject_id=row.pk, label=str(row), way=way, **detail
    )
    if again.is_needed():
        again.begin(by=member)
    return entry
