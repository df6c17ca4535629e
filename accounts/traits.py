"""What the traits of a message say of a person, in our words, whichever of the usual names a sender gives them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from accounts import domains
from accounts.models import Department, Seniority

#: What is known of a person, in the order in which it is learnt: department and seniority after the title that suggests them.
FIELDS = ("email", "name", "title", "department", "seniority", "company", "employees", "use_case")

#: Member-stated words → our values, beside the exact ones.
_DEPARTMENTS = {value: value for value in Department.values} | {
    label.lower(): value for value, label in Department.choices
}
_SENIORITIES = {value: value for value in Seniority.values} | {
    label.lower(): value for value, label in Seniority.choices
}

type Traits = dict[str, Any]


def of_person(traits: Traits) -> list[tuple[str, Any]]:
    """(field, value) of what they say, in the order of `FIELDS`; no value is empty. Other fields are not looked at."""
    told = {field for name in traits if name in _TOLD_BY for field in _TOLD_BY[name]}
    return [(field, value) for field in FIELDS if field in told and (value := _READ[field](traits))]


def text(traits: Traits, *names: str) -> str:
    """The first of these traits that is a non-empty string, trimmed, at most 200 characters."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, str) and value.strip():
            return value.replace("\x00", "").strip()[:200]
    return ""


def whole(traits: Traits, *names: str) -> int | None:
    """The first of these traits that is a whole number; of a range such as `"51-200"` or `"1,000+"` the lower end."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str):
            match = re.match(r"\s*(\d{1,3}(?:[,. ]\d{3})+|\d{1,9})", value)
            value = int(re.sub(r"\D", "", match[1])) if match else None
        if isinstance(value, int) and 0 < value <= 10_000_000:
            return value
    return None


def _email(traits: Traits) -> str:
    return domains.clean_email(text(traits, "email"))


def _name(traits: Traits) -> str:
    first, last = text(traits, "firstName", "first_name"), text(traits, "lastName", "last_name")
    return text(traits, "name", "fullName", "full_name") or f"{first} {last}".strip()


def _title(traits: Traits) -> str:
    return text(traits, *_NAMES["title"])


def _department(traits: Traits) -> str:
    return _DEPARTMENTS.get(text(traits, "department").lower(), "")


def _seniority(traits: Traits) -> str:
    return _SENIORITIES.get(text(traits, "seniority", "level").lower(), "")


def _company_of(traits: Traits) -> Traits:
    company = traits.get("company")
    return company if isinstance(company, dict) else {"name": company}


def _company(traits: Traits) -> str:
    return text(_company_of(traits), "name") or text(traits, "companyName", "company_name", "organization")


def _employees(traits: Traits) -> int | None:
    return whole(traits, "employees", "employeeCount", "company_size") or whole(
        _company_of(traits), "employees", "employeeCount", "employee_count", "size"
    )


def _use_case(traits: Traits) -> str:
    return text(traits, *_NAMES["use_case"])[:120]


_READ: dict[str, Callable[[Traits], Any]] = {
    "email": _email,
    "name": _name,
    "title": _title,
    "department": _department,
    "seniority": _seniority,
    "company": _company,
    "employees": _employees,
    "use_case": _use_case,
}
#: The traits that may tell a field.
_NAMES: dict[str, tuple[str, ...]] = {
    "email": ("email",),
    "name": ("name", "fullName", "full_name", "firstName", "first_name", "lastName", "last_name"),
    "title": ("title", "jobTitle", "job_title", "position"),
    "department": ("department",),
    "seniority": ("seniority", "level"),
    "company": ("company", "companyName", "company_name", "organization"),
    "employees": ("employees", "employeeCount", "company_size", "company"),
    "use_case": ("useCase", "use_case", "goal", "primaryUseCase", "primary_use_case"),
}
_TOLD_BY = {
    name: tuple(field for field, names in _NAMES.items() if name in names)
    for name in {name for names in _NAMES.values() for name in names}
}
