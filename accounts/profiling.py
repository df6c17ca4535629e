"""What traits say of a person: name, title, department, seniority, company and its size, and the buying role that follows."""

from __future__ import annotations

import re
from typing import Any

from accounts import domains, moments, titles
from accounts.identity_rows import Person
from accounts.messages import Message
from accounts.models import Department, Seniority

#: Member-stated words → our values, beside the exact ones.
_DEPARTMENTS = {value: value for value in Department.values} | {
    label.lower(): value for value, label in Department.choices
}
_SENIORITIES = {value: value for value in Seniority.values} | {
    label.lower(): value for value, label in Seniority.choices
}


def learn(person: Person, message: Message) -> bool:
    """Takes over what the traits of the message say of the person. Answers whether the e-mail is another one now."""
    traits = message.user_traits
    company = traits.get("company")
    company = company if isinstance(company, dict) else {"name": company}
    learnt = {
        "email": domains.clean_email(text(traits, "email")) or ("" if person.email else _email_as_id(message.user_id)),
        "name": text(traits, "name", "fullName", "full_name")
        or f"{text(traits, 'firstName', 'first_name')} {text(traits, 'lastName', 'last_name')}".strip(),
        "title": text(traits, "title", "jobTitle", "job_title", "position"),
        "company": text(company, "name") or text(traits, "companyName", "company_name", "organization"),
        "employees": whole(traits, "employees", "employeeCount", "company_size")
        or whole(company, "employees", "employeeCount", "employee_count", "size"),
    }
    said_department = _DEPARTMENTS.get(text(traits, "department").lower(), "")
    said_seniority = _SENIORITIES.get(text(traits, "seniority", "level").lower(), "")
    before = (person.title, person.department, person.seniority, person.employees)
    was = profile(person)
    is_other_email = False
    for field, value in learnt.items():
        if value and value != getattr(person, field):
            setattr(person, field, value)
            person.changed = True
            if field == "employees":
                person.employees_at = moments.micros(message.at)
            is_other_email = is_other_email or field == "email"
    if learnt["title"] and person.title != before[0]:
        found = titles.classify(person.title)
        person.department, person.seniority = found.department, found.seniority
    person.department = said_department or person.department
    person.seniority = said_seniority or person.seniority
    if (person.title, person.department, person.seniority, person.employees) != before:
        person.changed = True
        if person.title or person.seniority:
            _rate_buyer(person)
        if profile(person) != was:
            person.profiled_at = moments.micros(message.at)
    return is_other_email


def _rate_buyer(person: Person) -> None:
    if person.buying_confidence >= 0.9:  # a person said so: titles do not overrule it
        return
    was_buyer = person.buying_role == "economic_buyer"
    person.buying_role, person.buying_confidence = titles.buying_role(
        person.seniority, person.department, person.employees
    )
    person.is_new_buyer = person.buying_role == "economic_buyer" and (person.is_new_buyer or not was_buyer)


def profile(person: Person) -> tuple[Any, ...]:
    """What features look at; `profiled_at` is since when."""
    return person.title, person.seniority, person.buying_role, person.buying_confidence


def _email_as_id(user_id: str) -> str:
    return domains.clean_email(user_id) if "@" in user_id else ""


def text(traits: dict[str, Any], *names: str) -> str:
    """The first of these traits that is a non-empty string, trimmed, at most 200 characters."""
    for name in names:
        value = traits.get(name)
        if isinstance(value, str) and value.strip():
            return value.replace("\x00", "").strip()[:200]
    return ""


def whole(traits: dict[str, Any], *names: str) -> int | None:
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
