"""Lists of companies and their domains, from a file or pasted: looked at first, then taken over. Nothing is merged in silence."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, changes, domains
from accounts.company_domains import rules
from accounts.contacts import reading
from accounts.corrections.refusing import hold_loader
from accounts.ladder import again, links
from accounts.models import Account, AccountDomain, Member, Workspace

#: Companies of one list.
MOST = 50_000
NAMES = ("company_name", "company", "name", "account", "account_name", "organization", "organisation")
DOMAINS = ("domain", "domains", "domain_name", "website", "url")
ALIASES = ("aliases", "alias")


class BadList(Exception):
    """The list cannot be read; the words name the column."""


@dataclass
class Company:
    """One company of the list. `account_id`: the one it has already; `new`: domains to be added to it, or to a new account."""

    line: int
    name: str
    domains: list[str]
    account_id: int | None = None
    new: list[str] = field(default_factory=list)
    makes_account: bool = False


@dataclass
class Plan:
    """What taking the list over would do. `problems`: lines that are passed over, or domains that stay where they are."""

    companies: list[Company] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    read: int = 0
    domains: int = 0
    known: int = 0
    conflicts: int = 0

    @property
    def added(self) -> int:
        return sum(len(company.new) for company in self.companies)

    @property
    def made(self) -> int:
        return sum(company.makes_account for company in self.companies)


def read(text: str) -> tuple[list[Company], list[str], int]:
    """Companies of a CSV with the columns company (or company_name) and domain, and perhaps aliases, parted by `|`.

    Cells are parted by commas, semicolons or tabs. Lines of one company belong together. Of the aliases only those count that are
    domains; the others are names. Without a first line of column names the columns are company and domain. Answers companies,
    problems and how many lines. Raises `BadList`.
    """
    lines = _lines(text.replace("\x00", "").lstrip("\ufeff"))
    if not lines:
        raise BadList(_("file: it is empty."))
    heads = [cell.strip().lower().replace(" ", "_") for cell in lines[0][1]]
    name_at = next((heads.index(name) for name in NAMES if name in heads), None)
    domain_at = next((heads.index(name) for name in DOMAINS if name in heads), None)
    alias_at = next((heads.index(name) for name in ALIASES if name in heads), None)
    rows = lines[1:]
    if name_at is None and domain_at is None:
        name_at, domain_at, rows = 0, 1, lines
    elif name_at is None:
        raise BadList(_("company: this column is missing."))
    elif domain_at is None:
        raise BadList(_("domain: this column is missing."))
    found: dict[str, Company] = {}
    owner: dict[str, Company] = {}
    problems: list[str] = []
    for number, cells in rows:
        name = cells[name_at].strip()[:200] if len(cells) > name_at else ""
        said = cells[domain_at].replace(";", "|").replace(" ", "|").split("|") if len(cells) > domain_at else []
        more = cells[alias_at].split("|") if alias_at is not None and len(cells) > alias_at else []
        if not name:
            problems.append(_("Line %(n)d: no company is named.") % {"n": number})
            continue
        if not any("." in one for one in (*said, *more)):
            named = "|".join(one for one in said if one)
            words = (
                _("Line %(n)d: %(said)s is no domain of a company.") if named else _("Line %(n)d: no domain is named.")
            )
            problems.append(words % {"n": number, "said": named[:80]})
            continue
        company = found.setdefault(name.casefold(), Company(number, name, []))
        for text_, is_alias in (*((one, False) for one in said), *((one, True) for one in more)):
            if not text_.strip():
                continue
            is_host = "." in text_ and "@" not in text_
            domain = domains.registrable(text_) if is_host else ""
            if not is_host or not domains.of_site(text_):
                if not is_alias:
                    why = _("is shared by many") if domain else _("is no domain of a company")
                    problems.append(
                        _("Line %(n)d: %(said)s %(why)s.") % {"n": number, "said": text_.strip()[:80], "why": why}
                    )
                continue
            other = owner.setdefault(domain, company)
            if other is not company:
                problems.append(
                    _("Line %(n)d: %(domain)s stands for %(other)s on line %(m)d too; it stays with that one.")
                    % {"n": number, "domain": domain, "other": other.name, "m": other.line}
                )
            elif domain not in company.domains:
                company.domains.append(domain)
    if len(found) > MOST:
        raise BadList(_("file: at most %(most)d companies at once.") % {"most": MOST})
    return [company for company in found.values() if company.domains], problems, len(rows)


def _lines(text: str) -> list[tuple[int, list[str]]]:
    """(number, cells) of the lines that say something, whatever parts their cells. Raises `BadList`."""
    separator = reading.guess_separator(text, among=",;\t")
    try:
        lines = list(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1))
    except csv.Error:
        raise BadList(_("file: a quote is opened and never closed.")) from None
    return [(number, cells) for number, cells in lines if any(cell.strip() for cell in cells)]


def plan(text: str, *, every: bool = False) -> Plan:
    """What taking this list over would do. `every`: also makes accounts of companies with one domain that nobody uses yet.

    A company is an account already when one of its domains is. When several are, and they are not one account, nothing is
    merged: the domains stay where they are, and the problem says so. Raises `BadList`.
    """
    rules.refresh()
    companies, problems, lines = read(text)
    result = Plan(problems=problems, read=lines, domains=sum(len(company.domains) for company in companies))
    result.conflicts = len(problems)
    rows = AccountDomain.objects.filter(domain__in=[d for company in companies for d in company.domains])
    owners = {row.domain: row.account for row in rows.select_related("account")}
    for company in companies:
        theirs = {owners[domain].pk: owners[domain] for domain in company.domains if domain in owners}
        result.known += sum(domain in owners for domain in company.domains)
        if len(theirs) > 1:
            where = ", ".join(f"{d}: {owners[d]} ({owners[d].pk})" for d in company.domains if d in owners)
            result.problems.append(
                _("Line %(n)d: %(company)s is several accounts here, and none was merged (%(where)s).")
                % {"n": company.line, "company": company.name, "where": where}
            )
            result.conflicts += 1
            continue
        company.new = [domain for domain in company.domains if domain not in owners]
        company.account_id = next(iter(theirs), None)
        company.makes_account = company.account_id is None and (every or len(company.new) > 1)
        if company.account_id is None and not company.makes_account:
            company.new = []
        if company.new or company.account_id is not None:
            result.companies.append(company)
    return result


@transaction.atomic
def take_over(text: str, *, member: Member | None, every: bool = False, way: str = "") -> Plan:
    """Does what `plan` says of the list as things are now. Accounts called after a domain get the company's name.

    Raises `BadList`.
    """
    hold_loader()
    result = plan(text, every=every)
    made = [company for company in result.companies if company.makes_account]
    accounts = Account.objects.bulk_create(
        Account(name=one.name, domain=one.domains[0], source="import") for one in made
    )
    for company, account in zip(made, accounts, strict=True):
        company.account_id = account.pk
    rows = AccountDomain.objects.bulk_create(
        AccountDomain(
            domain=domain,
            account_id=company.account_id,  # type: ignore[misc]
            source="import",
            confidence=links.DOMAIN_CONFIDENCE["import"],
            added_by=member,
        )
        for company in result.companies
        for domain in company.new
    )
    _confirm(result.companies, member)
    new = [row.domain for row in rows]
    touched = {company.account_id for company in result.companies if company.new} - {None}
    touched |= again.workspaces(_stating(new))
    changes.mark([id_ for id_ in touched if id_ is not None])
    audit.record(
        "domains.import",
        by=member,
        subject="domain",
        way=way,
        read=result.read,
        added=result.added,
        accounts=result.made,
        problems=len(result.problems),
    )
    return result


def _confirm(companies: Iterable[Company], member: Member | None) -> None:
    """Domains the accounts had already are confirmed by the list, and the name is the list's where none was known."""
    known = [domain for company in companies for domain in company.domains if domain not in company.new]
    AccountDomain.objects.filter(domain__in=known, source__in=[*links.LOOSE, "contact"]).update(
        source="import", confidence=links.DOMAIN_CONFIDENCE["import"], added_by=member
    )
    names = {company.account_id: company.name for company in companies if company.account_id is not None}
    unnamed = [
        account for account in Account.objects.filter(pk__in=names) if account.name == account.domain and account.domain
    ]
    for account in unnamed:
        account.name = names[account.pk]
    Account.objects.bulk_update(unnamed, ["name"], batch_size=500)


def _stating(new: Collection[str]) -> list[int]:
    rows = Workspace.objects.filter(further_domains__overlap=list(new)).exclude(further_domains=[])
    return list(rows.values_list("pk", flat=True)) if new else []
