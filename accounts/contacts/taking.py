"""Takes in contacts, a thousand at a time: who is new, who changes, to which account they belong, what role they have.

An e-mail's own domain says the account, unless many share it; then the stated domain of the company does. A company nobody knew
gets an account (`Account.source="contact"`). Empty values change nothing. Whoever uses the product is linked to that person, and a
role that was said is said of the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import bulk, changes, domains, loading, personas, roles
from accounts.contacts import rating
from accounts.contacts.fields import Row, in_ascii, in_letters
from accounts.models import Account, AccountDomain, Contact, Member, ProductUser, RoleWord

AT_ONCE = 1_000
NEW, CHANGED, SAME = "new", "changed", "same"
#: How sure a contact's domain is the company's: the weakest step of the ladder.
DOMAIN_CONFIDENCE = 0.4
#: The columns that taking in can change, with their types.
KEPT = {
    "name": "text",
    "title": "text",
    "phone": "text",
    "department": "text",
    "seniority": "text",
    "persona_id": "bigint",
    "buying_role": "text",
    "buying_confidence": "float8",
    "account_id": "bigint",
    "user_id": "bigint",
    "source": "text",
    "imported_by_id": "bigint",
    "added_by_id": "bigint",
}

#: Those that follow from the title, unless the row said them.
OF_TITLE = {"department", "seniority", "persona_id"}


@dataclass
class Taken:
    """What was done, with all that is needed to take it back. `before`: contact → column → [was, became]."""

    new: int = 0
    changed: int = 0
    same: int = 0
    users: int = 0
    made: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    before: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    words: list[int] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)


@dataclass
class TakenBack:
    """How many contacts are `gone`, and what a later import had overwritten: `words` (of the undone import → what they
    had replaced, none: nothing) and `columns` (contact → column → [was, became])."""

    gone: int
    words: dict[int, int | None] = field(default_factory=dict)
    columns: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Judged:
    """What taking a row in would do."""

    row: Row
    kind: str
    contact: Contact | None
    user: ProductUser | None
    word: RoleWord | None = None


def judge(rows: Sequence[Row], *, lock: bool = False) -> list[Judged]:
    """Six queries at most, whatever their number. `lock`: the contacts are held until the transaction ends."""
    emails = [row.email for row in rows]
    found = Contact.objects.filter(email__in=emails).order_by("pk")
    contacts = {contact.email: contact for contact in (found.select_for_update() if lock else found)}
    users = {
        in_letters(user.email.lower()): user
        for user in ProductUser.objects.filter(
            pk__in=_who_have(sorted({*emails, *map(in_ascii, emails)})), erased_at=None
        ).order_by("-last_seen_at", "-pk")
    }
    words = rating.standing(
        contacts=[contact.pk for contact in contacts.values()], users=[user.pk for user in users.values()]
    )
    judged = []
    for row in rows:
        contact, user = contacts.get(row.email), users.get(row.email)
        word = words.get(("user", user.pk)) if user else words.get(("contact", contact.pk)) if contact else None
        if contact is None or contact.removed_at is not None:
            kind = NEW
        else:
            kind = CHANGED if _differs(row, contact, user, word) else SAME
        judged.append(Judged(row, kind, contact, user, word))
    return judged


def _who_have(emails: list[str]) -> list[int]:
    """The ids of product users with one of these addresses in lower case.

    Address by address: of a partial index the database does not know that addresses differ, and of a thousand it would read all
    people instead.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM unnest(%s::text[]) AS said (email) CROSS JOIN LATERAL (SELECT id FROM accounts_productuser "
            "WHERE lower(email) = said.email AND email <> '' OFFSET 0) AS p",
            [emails],
        )
        return [pk for (pk,) in cursor.fetchall()]


def _differs(row: Row, contact: Contact, user: ProductUser | None, word: RoleWord | None) -> bool:
    for name in ("name", "title", "phone", "department", "seniority"):
        if getattr(row, name) and getattr(row, name) != getattr(contact, name):
            return True
    if row.role_said and (word is None or (word.source == RoleWord.By.CRM and word.role != row.role)):
        return True
    if user is not None and contact.user_id != user.pk:
        return True
    return contact.account_id is None and user is None and bool(domain_of(row))


def domain_of(row: Row) -> str:
    """The domain that says whose contact it is; empty: an address that many share, and no company was named."""
    own = domains.of_email(row.email)
    return own or ("" if not row.domain or domains.is_shared(row.domain) else row.domain)


def homes(counts: Mapping[str, int]) -> dict[str, int]:
    """Where contacts of these domains (domain → how many; `""`: no domain says it) would belong: at `known` accounts, at companies
    nobody knew (`unknown`, for which `made` accounts are made), at `none`. One query."""
    known = _known(filter(None, counts))
    others = {domain: n for domain, n in counts.items() if domain and domain not in known}
    return {
        "known": sum(counts[domain] for domain in known),
        "unknown": sum(others.values()),
        "made": len(others),
        "none": counts.get("", 0),
    }


@transaction.atomic
def take(
    rows: Sequence[Row],
    *,
    member: Member | None,
    source: str,
    imported_by: int | None = None,
    by: str = RoleWord.By.CRM,
    confidence: float = 0.9,
) -> Taken:
    """Takes in at most `AT_ONCE` rows of different addresses. `source`: where those come from who do not say it themselves.

    The role of a row is the word of `by`: the CRM's, or of the member. Accounts that it touches are scored again. Call it once a
    transaction.
    """
    personas.refresh()
    taken, now = Taken(), timezone.now()
    unlocked = judge(rows)  # before rows are locked, the loader is waited for at need: it writes contacts too
    if any(one.user is not None and one.row.role_said for one in unlocked):
        wait_for_loader()
    accounts = _accounts(unlocked, taken)
    judged = judge(rows, lock=True)
    sizes = dict(Account.objects.filter(pk__in=set(accounts.values())).values_list("pk", "employees"))
    touched: set[int] = set()
    new: list[Contact] = []
    old: list[Contact] = []
    for one in judged:
        row = one.row
        taken.users += one.user is not None
        if one.kind == SAME:
            taken.same += 1
            continue
        contact = one.contact or Contact(email=row.email)
        before = {name: getattr(contact, name) for name in KEPT}
        for name in ("name", "title", "phone"):
            setattr(contact, name, getattr(row, name) or getattr(contact, name))
        contact.user = one.user
        if one.user is not None:
            contact.account_id = one.user.account_id
        elif contact.account_id is None or contact.removed_at is not None:
            contact.account_id = accounts.get(domain_of(row)) or contact.account_id
        size = sizes.get(contact.account_id) if contact.account_id else None
        rating.profile(contact, row.department, row.seniority, employees=size)
        word = one.word
        if row.role_said and (word is None or word.source == by or by == RoleWord.By.HUMAN):
            word = RoleWord(role=row.role, confidence=confidence)
        rating.rate(contact, word, employees=size)
        contact.source = contact.source or (row.source or source)[:80]
        if one.kind == NEW:
            contact.source = (row.source or source)[:80]
            contact.imported_by_id, contact.added_by = imported_by, member
        if one.contact is None:
            new.append(contact)
        else:
            old.append(contact)
            now_is = {name: getattr(contact, name) for name in KEPT}
            taken.before[str(contact.pk)] = {n: [v, now_is[n]] for n, v in before.items() if v != now_is[n]}
            if one.kind == NEW:
                taken.back.append(contact.pk)
        touched |= {one for one in (contact.account_id, before["account_id"]) if one}
        taken.new += one.kind == NEW
        taken.changed += one.kind == CHANGED
    Contact.objects.bulk_create(new)
    taken.made = [contact.pk for contact in new]
    _write(old)
    Contact.objects.filter(pk__in=taken.back).update(removed_at=None, created_at=now)
    by_email = {contact.email: contact for contact in [*new, *old]}
    said = [(one, by_email.get(one.row.email) or one.contact) for one in judged if one.row.role_said]
    users = rating.say(said, by=by, member=member, confidence=confidence, taken=taken)
    changes.mark(touched | rate_people(users))
    return taken


def rate_people(user_ids: set[int]) -> set[int]:
    """Works out the roles of these people anew, under the loader's lock; answers their accounts."""
    if not user_ids:
        return set()
    personas.refresh()
    roles.work_out(user_ids)
    return roles.accounts_of(user_ids)


def wait_for_loader() -> None:
    """Until the transaction ends it writes nothing. Before rows of contacts are locked, since it writes those too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [loading.LOCK])


def account_of(row: Row) -> tuple[int | None, list[int]]:
    """The account that one row belongs to, none when no domain says it; and that which was made for it, if any."""
    taken = Taken()
    return _accounts([Judged(row, NEW, None, None)], taken).get(domain_of(row)), taken.accounts


def _write(contacts: Sequence[Contact]) -> None:
    """All that can have changed, in one statement: Django's `bulk_update` spends a millisecond on every row."""
    if not contacts:
        return
    values = [(contact.pk, *(getattr(contact, name) for name in KEPT)) for contact in contacts]
    sent, arrays = bulk.rows({"id": "bigint"} | KEPT, values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE accounts_contact AS old SET {', '.join(f'{name} = new.{name}' for name in KEPT)} "
            f"FROM {sent} AS new WHERE old.id = new.id",
            arrays,
        )


def _accounts(judged: Iterable[Judged], taken: Taken) -> dict[str, int]:
    """domain → account, of all the rows' domains; made where there was none."""
    wanted: dict[str, Row] = {}
    for one in judged:
        if one.kind != SAME and one.user is None and (domain := domain_of(one.row)):
            known = wanted.setdefault(domain, one.row)
            if one.row.company and not known.company:
                wanted[domain] = one.row
    found = _known(wanted)
    if len(found) < len(wanted):
        wait_for_loader()  # it makes accounts of domains too, and neither shall meet the other's
        found = _known(wanted)
        missing = [domain for domain in wanted if domain not in found]
        made = Account.objects.bulk_create(
            Account(
                name=(wanted[domain].company or domain)[:200],
                domain=domain,
                employees=wanted[domain].employees,
                source="contact",
            )
            for domain in missing
        )
        AccountDomain.objects.bulk_create(
            AccountDomain(domain=account.domain, account=account, source="contact", confidence=DOMAIN_CONFIDENCE)
            for account in made
        )
        taken.accounts += [account.pk for account in made]
        found |= {account.domain: account.pk for account in made}
    return found


def _known(domain_names: Iterable[str]) -> dict[str, int]:
    return dict(AccountDomain.objects.filter(domain__in=list(domain_names)).values_list("domain", "account_id"))


@transaction.atomic
def take_back(taken: Taken) -> TakenBack:
    """Undoes what `take` did. What somebody has changed since stays."""
    now = timezone.now()
    touched: set[int] = set()
    is_of_users = taken.words and RoleWord.objects.filter(pk__in=taken.words).exclude(user=None).exists()
    if is_of_users or taken.accounts:  # somebody may come to an account that is to be deleted
        wait_for_loader()
    personas.refresh()
    contacts = Contact.objects.select_for_update().order_by("pk")
    gone = list(contacts.filter(pk__in=[*taken.made, *taken.back], removed_at=None))
    touched |= {one.account_id for one in gone if one.account_id}
    Contact.objects.filter(pk__in=[one.pk for one in gone]).update(removed_at=now)
    changed = [int(pk) for pk in taken.before if int(pk) not in set(taken.back)]
    restored = []
    back = TakenBack(len(gone))
    for contact in contacts.filter(pk__in=changed):
        pairs = {name: pair for name, pair in taken.before[str(contact.pk)].items() if len(pair) == 2}
        overwritten = {name for name, pair in pairs.items() if getattr(contact, name) != pair[1]}
        if "title" in overwritten:
            overwritten |= OF_TITLE & pairs.keys()
        for name, pair in pairs.items():
            if name in overwritten:
                back.columns.setdefault(str(contact.pk), {})[name] = pair
            else:
                setattr(contact, name, pair[0])
        restored.append(contact)
        touched |= {contact.account_id} if contact.account_id else set()
    users = _take_words_back(taken, back)
    rating.settle(restored)
    _write(restored)
    touched |= rate_people(users)
    touched -= forget_empty(taken.accounts)
    changes.mark(touched)
    return back


def _take_words_back(taken: Taken, back: TakenBack) -> set[int]:
    """What the words had replaced stands again where nobody has said something since; answers whose roles are to be rated."""
    known = RoleWord.objects.select_related("contact").in_bulk([*taken.words, *taken.withdrawn])
    replaced = {_about(known[pk]): known[pk] for pk in taken.withdrawn if pk in known}
    standing, again = [], []
    for word in (known[pk] for pk in taken.words if pk in known):
        before = replaced.get(_about(word))
        if word.withdrawn_at is not None:
            back.words[word.pk] = before.pk if before else None
            continue
        standing.append(word)
        if before is not None and before.source == RoleWord.By.CRM:
            again.append(before.pk)
            if before.user_id != word.user_id:  # the contact has signed up meanwhile: it is about the person now
                RoleWord.objects.filter(pk=before.pk).update(user=word.user_id, contact=word.contact_id)
    RoleWord.objects.filter(pk__in=[word.pk for word in standing]).update(withdrawn_at=timezone.now())
    RoleWord.objects.filter(pk__in=again).update(withdrawn_at=None)
    return {word.user_id for word in standing if word.user_id}


def _about(word: RoleWord) -> tuple[str, int | None]:
    user = word.user_id or (word.contact.user_id if word.contact else None)
    return ("user", user) if user else ("contact", word.contact_id)


def hand_on(back: TakenBack, later: Taken) -> bool:
    """What a later import found is now what it would have found without the undone one; whether that is something else."""
    withdrawn = [kept for word in later.withdrawn if (kept := back.words.get(word, word))]
    is_other, later.withdrawn = withdrawn != later.withdrawn, withdrawn
    for contact, columns in back.columns.items():
        pairs = later.before.get(contact, {})
        has_title = "title" in pairs
        for name, (was, became) in columns.items():
            pair = pairs.get(name, [])
            if len(pair) == 2 and pair[0] == became:
                pair[0], is_other = was, True
            elif name not in pairs and name in OF_TITLE and has_title:
                pairs[name], is_other = [was, became], True
    return is_other


def forget_empty(account_ids: Sequence[int]) -> set[int]:
    """Deletes those of these accounts that are known for nothing else; answers which."""
    in_use = (
        Q(product_users__isnull=False)
        | Q(workspaces__isnull=False)
        | Q(contacts__removed_at=None, contacts__isnull=False)
    )
    rows = Account.objects.filter(pk__in=account_ids, source="contact", merged_into=None)
    keep = set(rows.filter(in_use | Q(merged__isnull=False)).values_list("pk", flat=True))
    gone = set(rows.values_list("pk", flat=True)) - keep
    if gone:
        Contact.objects.filter(account__in=gone).update(account=None)
        Account.objects.filter(pk__in=gone).delete()
    return gone
