"""What is plain and what is not: majorities, and which domains are one company by what workspaces state. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def majority(votes: Mapping[int, int]) -> tuple[int | None, list[int]]:
    """`(account, [])` when one account has strictly more people than every other, `(None, tied accounts)` when the most are tied.

    `votes`: account → people. Nobody at all is `(None, [])`.
    """
    most = max(votes.values(), default=0)
    first = sorted(account for account, people in votes.items() if people == most)
    return (first[0], []) if len(first) == 1 else (None, first)


def homes(statements: Iterable[tuple[str, frozenset[str]]]) -> dict[str, str]:
    """Domain → the domain that stands for its company, itself when it stands alone, by what workspaces state.

    `statements`: the main domain and all domains of one workspace. A further domain belongs with the main one of the only company
    that states it. It stands alone when two companies state it, or when a workspace has it as its main one: then the two are
    one company only if each states the other. Neither order nor repetition matters.
    """
    said: dict[str, set[str]] = {}
    for main, domains in statements:
        said.setdefault(main, set()).update(domains - {main})
    home = {domain: domain for main, further in said.items() for domain in (main, *further)}

    def root(domain: str) -> str:
        while home[domain] != domain:
            domain = home[domain]
        return domain

    for main in sorted(said):
        for other in sorted(said[main] & said.keys()):
            if main in said[other]:
                first, second = sorted((root(main), root(other)))
                home[second] = first
    stated_by: dict[str, set[str]] = {}
    for main, further in said.items():
        for domain in further - said.keys():
            stated_by.setdefault(domain, set()).add(root(main))
    for domain, companies in stated_by.items():
        if len(companies) == 1:
            home[domain] = next(iter(companies))
    return {domain: root(domain) for domain in home}


def companies(main: str, stated: Iterable[str], home: Mapping[str, str], mains: Iterable[str]) -> set[str]:
    """Of the domains that a workspace states, those that count: without what several companies state beside their own."""
    known = set(mains)
    return {domain for domain in stated if domain == main or domain in known or home.get(domain) == home.get(main)}
