"""Finding all that is known of a person, and erasing it for good.

What goes: name, e-mail, title and every other trait, all keys, roles with their notes, words of signals and raised hands, contacts
of the same e-mail, messages that wait or were set aside, and the name or e-mail in any text of the person's accounts. What stays: a
row under a random key, with the workspaces and the daily counts, so that no figure of the past changes. The audit log keeps
that it was done, by an id that leads to nobody.

The same key later is somebody new.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.functions import RandomUUID
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import audit, changes, devices, invitations
from accounts.contacts.fields import in_ascii, in_letters
from accounts.erasing import bodies, remembered, texts
from accounts.erasing.needles import SHORTEST_ID, Needles
from accounts.models import (
    Account,
    Contact,
    Correction,
    HandRaise,
    Invitation,
    Member,
    Membership,
    ProductUser,
    RoleWord,
    Signal,
    UserAlias,
    Workspace,
)

#: `accounts.loading.LOCK`: a loader at work holds people in memory, and would write them again.
LOADER = 7_001
#: What a key of an erased person begins with.
ERASED = "x:"
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("email", "name", "title", "department", "seniority", "company", "buying_role", "use_case"), ""),
    "employees": None,
    "buying_confidence": 0.0,
    "role_evidence": [],
    "persona": None,
    "profiled_at": None,
    "said_at": "",
}


@dataclass(frozen=True)
class Known:
    """What an e-mail or an id leads to. `set_aside`: rows of messages that were set aside."""

    people: list[ProductUser]
    contacts: list[Contact]
    set_aside: int

    @property
    def is_nothing(self) -> bool:
        return not (self.people or self.contacts or self.set_aside)


@dataclass(frozen=True)
class Erased:
    """What went: people and contacts, rows of texts, requests that waited, and rows that were set aside."""

    people: int = 0
    contacts: int = 0
    texts: int = 0
    waiting: int = 0
    set_aside: int = 0

    @property
    def is_nothing(self) -> bool:
        return not (self.people or self.contacts or self.waiting or self.set_aside)


def find(said: str) -> Known:
    """By an e-mail, a userId or an anonymousId, as it is written. Reads what was set aside, so it may take a second."""
    said = said.strip()
    if not said:
        return Known([], [], 0)
    people = list(_people(said).select_related("account").order_by("pk"))
    contacts = list(
        _contacts(_emails(said, people), [one.pk for one in people]).select_related("account").order_by("pk")
    )
    return Known(people, contacts, bodies.count_set_aside(_needles(said, people, contacts)))


@transaction.atomic
def erase(*, said: str, member: Member | None = None, way: str = "") -> Erased:
    """Erases everybody whom `find` finds. Cannot be undone. Waits for a loader at work; doing it twice is doing it once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOADER])
    said = said.strip()
    people = list(_people(said).select_for_update(of=("self",)).order_by("pk")) if said else []
    return _erase(said, people, member=member, way=way) if said else Erased()


def erase_user_id(user_id: str, *, at: dt.datetime) -> Erased:
    """What Segment's `delete` message of this time asks for: in the loader's transaction, at its place in the order of messages.

    Messages that wait came later: those of later times may make somebody new.
    """
    remembered.note([f"u:{user_id}"], at=at)
    people = list(ProductUser.objects.filter(pk__in=_ids_of_keys([f"u:{user_id}"])).select_for_update().order_by("pk"))
    if not people:
        return Erased()
    return _erase(user_id, people, member=None, way=audit.MESSAGE, at=at)


def erase_devices(known: Mapping[str, dt.datetime]) -> None:
    """Devices on which an erased person turns out to have been known, at these times: what nobody else has claimed was theirs."""
    for anonymous_id, at in known.items():
        key = f"a:{anonymous_id}"
        if not anonymous_id or UserAlias.objects.filter(key=key).exists():
            continue
        remembered.note([key], at=at)
        if people := list(ProductUser.objects.filter(key=key).select_for_update()):
            _erase(anonymous_id, people, member=None, way=audit.MESSAGE, at=at)


def _erase(
    said: str, people: list[ProductUser], *, member: Member | None, way: str, at: dt.datetime | None = None
) -> Erased:
    """`at`: of a message; none: now, and what waits goes too."""
    ids = [person.pk for person in people]
    contacts = list(_contacts(_emails(said, people), ids).select_for_update(of=("self",)).order_by("pk"))
    needles = _needles(said, people, contacts)
    accounts = _accounts(people, contacts)
    remembered.note(_keys(said, people, needles), at=at or timezone.now())
    _forget(people)
    _forget_contacts(contacts)
    _forget_invitations(needles)
    _rename_spaces(ids, needles)
    _forget_hands(ids, needles)
    bodies.drop_from_imports(needles)
    rows = texts.scrub(needles, account_ids=accounts, user_ids=ids)
    done = Erased(
        people=len(people),
        contacts=len(contacts),
        texts=rows,
        waiting=bodies.drop_waiting(needles) if at is None else 0,
        set_aside=bodies.drop_set_aside(needles),
    )
    transaction.on_commit(functools.partial(bodies.drop_rejects, needles))
    changes.mark(accounts, urgent=True)
    for subject, rows_of in (("person", people), ("contact", contacts)):
        for one in rows_of:
            audit.record(f"{subject}.erase", by=member, subject=subject, subject_id=one.pk, way=way)
    if not people and not contacts and not done.is_nothing:
        told = {"waiting": done.waiting, "set aside": done.set_aside}
        audit.record("messages.erase", by=member, subject="messages", way=way, after=told)
    return done


def _emails(said: str, people: Iterable[ProductUser]) -> set[str]:
    return _forms({one for one in (said, *(person.email for person in people)) if "@" in one})


def _forms(emails: Iterable[str]) -> set[str]:
    """Each as it is, with its host in letters and in ASCII: that is one address."""
    return {form for one in emails for form in (one, in_letters(one), in_ascii(one)) if not form.endswith("@")}


def _people(said: str) -> QuerySet[ProductUser]:
    wanted = _forms({said.lower()}) if "@" in said else {said.lower()}
    found = ProductUser.objects.annotate(lower=Lower("email")).filter(lower__in=wanted).exclude(email="")
    ids = {*found.values_list("pk", flat=True), *_ids_of_keys([f"u:{said}", f"a:{said}"])}
    return ProductUser.objects.filter(pk__in=ids)


def _ids_of_keys(keys: Collection[str]) -> list[int]:
    aliases = UserAlias.objects.filter(key__in=keys).values_list("user_id", flat=True)
    return [*ProductUser.objects.filter(key__in=keys).values_list("pk", flat=True), *aliases]


def _contacts(emails: Iterable[str], user_ids: Collection[int]) -> QuerySet[Contact]:
    """Of these e-mails, and those who turned out to be one of these users."""
    asked = Q(user__in=user_ids)
    for email in emails:
        asked |= Q(email__iexact=email)
    return Contact.objects.filter(asked)


def _needles(said: str, people: Sequence[ProductUser], contacts: Sequence[Contact]) -> Needles:
    known: list[ProductUser | Contact] = [*people, *contacts]
    keys = [person.key for person in people]
    keys += UserAlias.objects.filter(user__in=[person.pk for person in people]).values_list("key", flat=True)
    ids = {key[2:] for key in keys if not key.startswith(ERASED)}
    emails = _forms({one.email for one in known if one.email} | ({said} if "@" in said else set()))
    names = {one.name for one in known if one.name}
    return Needles(frozenset(ids | ({said} if said else set())), frozenset(emails), frozenset(names))


def _keys(said: str, people: Sequence[ProductUser], needles: Needles) -> set[str]:
    """By which messages may come later that name them."""
    ids = [person.pk for person in people]
    found = {person.key for person in people} | {f"u:{said}", f"a:{said}"}
    found |= set(UserAlias.objects.filter(user__in=ids).values_list("key", flat=True))
    return found | {remembered.EMAIL + email.lower() for email in needles.emails}


def _accounts(people: Sequence[ProductUser], contacts: Sequence[Contact]) -> set[int]:
    """Where texts may name them: the accounts that they belong to, and those of their workspaces."""
    found = {person.account_id for person in people} | {contact.account_id for contact in contacts}
    ids = [person.pk for person in people]
    found |= set(Membership.objects.filter(user__in=ids).values_list("workspace__account", flat=True))
    found |= set(Signal.objects.filter(user__in=ids).values_list("account", flat=True))
    return _and_former({account for account in found if account is not None}, ids)


def _and_former(accounts: set[int], people: Collection[int]) -> set[int]:
    """And those that were merged into them, and whence corrections brought these people: what was written there stayed."""
    found, looked = set(accounts), set[int]()
    while new := found - looked:
        looked |= new
        found |= set(Account.objects.filter(merged_into__in=new).values_list("pk", flat=True))
        moved = Correction.objects.filter(Q(from_account__in=new) | Q(to_account__in=new), people__overlap=list(people))
        found.update(*moved.values_list("from_account", "to_account"))
    return found


def _forget(people: Collection[ProductUser]) -> None:
    ids = [person.pk for person in people]
    aliases = UserAlias.objects.filter(user__in=ids)
    devices.forget([key for key in (*aliases.values_list("key", flat=True), *(p.key for p in people)) if key[0] == "a"])
    aliases.delete()
    RoleWord.objects.filter(user__in=ids).delete()
    Signal.objects.filter(user__in=ids).update(detail="")
    for person in people:
        if person.key.startswith(ERASED):
            continue
        key = f"{ERASED}{uuid.uuid4().hex}"
        ProductUser.objects.filter(pk=person.pk).update(key=key, erased_at=timezone.now(), **EMPTY)


def _forget_contacts(contacts: Collection[Contact]) -> None:
    """The rows go. Their signals stay with the account."""
    for contact in contacts:
        signals = Signal.objects.filter(contact=contact)
        signals.filter(account=None, user=None, workspace=None).update(account=contact.account_id)
        signals.update(contact=None, detail="")
    Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).delete()


def _forget_invitations(needles: Needles) -> None:
    """Whom an invitation was for stands there as a digest of the e-mail: it gets one that stands for nobody."""
    keys = [key for email in needles.emails if (key := invitations.invitee(email)) is not None]
    Invitation.objects.filter(invitee__in=keys).update(invitee=RandomUUID())


def _rename_spaces(user_ids: Collection[int], needles: Needles) -> None:
    """A workspace of one's own may be called by one's e-mail or id. It stays, under another one.

    Among the person's workspaces an e-mail counts with whatever stands before it; an id where nobody else is a member.
    """
    asked = Q(pk__in=[])
    for word in needles.everywhere():
        asked |= Q(external_id__icontains=word)
    theirs = set(Membership.objects.filter(user__in=user_ids).values_list("workspace", flat=True))
    alone = theirs - set(
        Membership.objects.filter(workspace__in=theirs).exclude(user__in=user_ids).values_list("workspace", flat=True)
    )
    called = [one.lower() for one in needles.ids if len(one) >= SHORTEST_ID]
    for space in Workspace.objects.filter(asked | Q(pk__in=alone)):
        name = space.external_id.lower()
        known = [*needles.everywhere(), *(called if space.pk in alone else ())] if space.pk in theirs else []
        if any(one.lower() in name for one in known) or needles.says_email(space.external_id):
            Workspace.objects.filter(pk=space.pk).update(external_id=f"{ERASED}{uuid.uuid4().hex}")


def _forget_hands(user_ids: Collection[int], needles: Needles) -> None:
    """Also those that were held back. Of one who only claimed to be this person the claim goes."""
    of_them = Q(user__in=user_ids) | Q(fields__user_id__in=list(needles.ids)) | _any_field(needles.emails)
    HandRaise.objects.filter(of_them).update(fields={}, sender="")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_handraise SET fields = fields - 'claimed_user_id' WHERE fields ->> 'claimed_user_id' = ANY (%s)",
            [list(needles.ids)],
        )


def _any_field(emails: Iterable[str]) -> Q:
    asked = Q(pk__in=[])
    for email in emails:
        asked |= Q(fields__email__iexact=email)
    return asked
