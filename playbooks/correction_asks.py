"""What a member asks to correct: the fields of a page or a call as a verb of `accounts.corrections` and its words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts import corrections
from accounts.corrections import Refused
from accounts.models import Account, Correction

MERGE, DOMAIN, WORKSPACE, SPLIT = "merge", "domain", "workspace", "split"
DOING = (MERGE, DOMAIN, WORKSPACE, SPLIT)
LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Ask:
    """One correction of an account. `other`: the second account; `keeps_other`: it is the one that stays of a merge."""

    do: str = MERGE
    other: int | None = None
    keeps_other: bool = True
    domain: str = ""
    workspace: int | None = None
    domains: tuple[str, ...] = ()
    workspaces: tuple[int, ...] = ()
    people: tuple[int, ...] = ()
    name: str = ""
    note: str = ""
    q: str = ""
    problems: tuple[str, ...] = field(default=())

    @classmethod
    def read(cls, said: Any) -> Ask:
        """From a QueryDict; what is no number is named in `problems`."""
        problems: list[str] = []

        def number(name: str, value: str) -> int | None:
            if not value:
                return None
            if value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= LARGEST:
                return int(value)
            problems.append(_("%(field)s: %(value)s is not a number.") % {"field": name, "value": value[:40]})
            return None

        def numbers(name: str) -> tuple[int, ...]:
            found = (number(name, value) for value in said.getlist(name)[:2000])
            return tuple(dict.fromkeys(id_ for id_ in found if id_ is not None))

        def text(name: str, most: int) -> str:
            return str(said.get(name, "")).replace("\x00", "").strip()[:most]

        do = text("do", 20) or MERGE
        if do not in DOING:
            problems.append(_("do: %(value)s is not known.") % {"value": do})
            do = MERGE
        return cls(
            do=do,
            other=number("other", text("other", 40)),
            keeps_other=text("keep", 10) != "this",
            domain=text("domain", 253).lower(),
            workspace=number("workspace", text("workspace", 40)),
            domains=tuple(dict.fromkeys(one.replace("\x00", "").lower()[:253] for one in said.getlist("domains"))),
            workspaces=numbers("workspaces"),
            people=numbers("people"),
            name=text("name", 200),
            note=text("note", corrections.NOTE),
            q=text("q", 100),
            problems=tuple(problems),
        )

    @property
    def is_whole(self) -> bool:
        """Whether it says enough to be looked at before it is done."""
        if self.problems:
            return False
        if self.do == SPLIT:
            return bool(self.domains or self.workspaces or self.people)
        return self.other is not None and bool({MERGE: True, DOMAIN: self.domain}.get(self.do, self.workspace))

    def verb(self, account: Account) -> tuple[Callable[..., Correction], dict[str, Any]]:
        """The verb and its words. Raises `Refused` when a domain or a workspace is not of this account."""
        if self.do == MERGE:
            away, into = (account.pk, self.other) if self.keeps_other else (self.other, account.pk)
            return corrections.merge, {"account_id": away, "into_id": into, "note": self.note}
        if self.do == DOMAIN:
            if not account.domains.filter(domain=self.domain).exists():
                raise Refused("domain", _("%(domain)s is no domain of this account.") % {"domain": self.domain})
            return corrections.move_domain, {"domain": self.domain, "into_id": self.other, "note": self.note}
        if self.do == WORKSPACE:
            if not account.workspaces.filter(pk=self.workspace or 0).exists():
                raise Refused("workspace", _("That is no workspace of this account."))
            said = {"workspace_id": self.workspace, "into_id": self.other, "note": self.note}
            return corrections.move_workspace, said
        return corrections.split, {
            "account_id": account.pk,
            "name": self.name,
            "domains": self.domains,
            "workspace_ids": self.workspaces,
            "people": self.people,
            "note": self.note,
        }

    @property
    def fields(self) -> Sequence[tuple[str, str]]:
        """What a form has to send again, without the search and the note."""
        said: list[tuple[str, str]] = [("do", self.do)]
        if self.do == SPLIT:
            said += [("domains", one) for one in self.domains]
            said += [("workspaces", str(one)) for one in self.workspaces]
            said += [("people", str(one)) for one in self.people]
            return [*said, ("name", self.name)]
        if self.other is not None:
            said.append(("other", str(self.other)))
        if self.do == MERGE and not self.keeps_other:
            said.append(("keep", "this"))
        if self.do == DOMAIN and self.domain:
            said.append(("domain", self.domain))
        if self.do == WORKSPACE and self.workspace is not None:
            said.append(("workspace", str(self.workspace)))
        return said
