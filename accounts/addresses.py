"""The address of who sends a request, as far as it can be believed. Only to count by. Pure.

Each proxy adds to `X-Forwarded-For` whom it was called by, and a client may write into it what he likes. So the header counts as
often as there are proxies of our own. How many that are is said by `TRUSTED_PROXIES`; without it one, where the caller is on this
machine or network, and none where the caller is out in the internet, as clients are when nothing stands in front.
"""

from __future__ import annotations

import ipaddress
import re

AUTO = "auto"
_WITH_PORT = re.compile(r"(?:([0-9.]+):\d+|\[([0-9a-fA-F:.]+)\](?::\d+)?)")


def of_client(*, peer: str, forwarded: str, proxies: int | str) -> str:
    """The address that the outermost of our own proxies saw, without a port; what is none is given back as it is.

    `peer`: who opened the connection; `forwarded`: the header; `proxies`: their number, or `AUTO`.
    """
    said = [part.strip() for part in forwarded.split(",") if part.strip()]
    trusted = proxies if isinstance(proxies, int) else 0 if _is_of_the_internet(peer) else 1
    return _bare(said[-min(trusted, len(said))] if trusted and said else peer)


def to_count_by(address: str) -> str:
    """Of IPv6 the network, since one customer has all of it."""
    found = _read(address)
    if found is None:
        return address[:64]
    return str(ipaddress.ip_network((found.packed, 64), strict=False)) if found.version == 6 else str(found)


def _bare(address: str) -> str:
    """Some proxies say the port too, another one each time. A server that listens to both calls IPv4 clients by IPv6."""
    if found := _WITH_PORT.fullmatch(address):
        address = found[1] or found[2]
    known = _read(address)
    return address if known is None else str(known)


def _is_of_the_internet(peer: str) -> bool:
    known = _read(peer)
    return known is not None and known.is_global


def _read(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return found.ipv4_mapped or found if found.version == 6 else found
