"""The part people have in a purchase, by all evidence: worked out anew when evidence comes or grows old, and said by members.

`ProductUser.buying_role` and `buying_confidence` are what scoring reads; `role_evidence` is what they rest
on (`accounts.evidence`). Whoever writes them holds the loader's lock, so that
a batch that has read a person never overwrites what a member said meanwhile.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, bulk, changes, evidence, personas
from accounts.evidence import Evidence
from accounts.models import BuyingRole, Contact, Member, ProductUser, Role, RoleWord

#: Who may say what somebody's part is.
SAYERS = frozenset({Role.SALES, Role.SUCCESS, Role.MARKETING, Role.ADMIN})
#: People whose roles are worked out in one transaction.
AT_ONCE = 20_000
#: The same as `accounts.loading.LOCK`, which imports this module.
LOADER = 7_001

_READ = """
WITH acts AS (
    SELECT user_id, jsonb_object_agg(kind, n) AS counts FROM (
        SELECT u.user_id, CASE WHEN e.signal = '' THEN 'billing' ELSE e.signal END AS kind, sum(u.count) AS n
        FROM accounts_usage u JOIN accounts_eventtype e ON e.id = u.event_type_id
        WHERE {usage} AND u.day > %(until)s::date - %(window)s AND u.day <= %(until)s::date
        AND (e.signal = ANY (%(kinds)s) OR (e.signal = '' AND e.category = 'intent'))
        GROUP BY 1, 2
    ) AS counted GROUP BY 1
), words AS (
    SELECT w.user_id, jsonb_agg(jsonb_build_array(w.source, w.role, w.confidence, coalesce(m.name, ''))
                                ORDER BY w.source = 'human' DESC, w.at DESC, w.id DESC) AS said
    FROM accounts_roleword w LEFT JOIN accounts_member m ON m.id = w.by_id
    WHERE {words} AND w.withdrawn_at IS NULL GROUP BY 1
)
SELECT p.id, p.account_id, p.seniority, p.department, coalesce(p.employees, a.employees), p.use_case, p.persona_id, p.buying_role,
       p.buying_confidence, p.role_evidence, acts.counts, words.said
FROM accounts_productuser p LEFT JOIN accounts_account a ON a.id = p.account_id
LEFT JOIN acts ON acts.user_id = p.id LEFT JOIN words ON words.user_id = p.id
WHERE {people} AND p.erased_at IS NULL
AND (p.seniority <> '' OR p.department <> '' OR p.use_case <> '' OR p.role_evidence <> '[]' OR p.buying_role <> ''
     OR acts.user_id IS NOT NULL OR words.user_id IS NOT NULL)
"""
_COLUMNS = {
    "id": "bigint",
    "buying_role": "text",
    "buying_confidence": "float8",
    "role_evidence": "json",
    "persona_id": "bigint",
    "is_news": "bool",
}


@transaction.atomic
def refresh(user_ids: Collection[int], *, until: dt.date | None = None) -> set[int]:
    """Works out the roles of these people and marks the accounts whose people changed; answers those accounts."""
    _wait_for_loader()
    personas.refresh()
    changed, _urgent = work_out(user_ids, until=until)
    accounts = accounts_of(changed)
    changes.mark(accounts, urgent=True)
    return accounts


def refresh_all(*, until: dt.date | None = None) -> int:
    """Works out everybody's role, since what somebody did 90 days ago has grown old. Answers how many changed.

    In pieces of `AT_ONCE` ids, each in a transaction of its own, during which the loader waits: about half a second.
    """
    last = ProductUser.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    changed = 0
    for first in range(1, last + 1, AT_ONCE):
        with transaction.atomic():
            _wait_for_loader()
            personas.refresh()
            ids, _urgent = work_out((), between=(first, first + AT_ONCE), until=until)
            changes.mark(accounts_of(ids))
        changed += len(ids)
    return changed


def work_out(
    user_ids: Collection[int], *, between: tuple[int, int] | None = None, until: dt.date | None = None
) -> tuple[set[int], set[int]]:
    """Writes the roles that are other ones now, by two statements; answers whose, and who became a buyer or is none now.

    The caller holds the loader's lock and its transaction, has called `personas.refresh`, and marks the accounts.
    """
    if not user_ids and between is None:
        return set(), set()
    values: dict[str, Any] = {
        "until": until or timezone.now().date(),
        "window": evidence.WINDOW,
        "kinds": [kind for kind in evidence.BEHAVIOURS if kind != "billing"],
    }
    if between is not None:
        scope = "{0} >= %(first)s AND {0} < %(end)s"
        values |= {"first": between[0], "end": between[1]}
    else:
        scope = "{0} = ANY ((SELECT %(ids)s::bigint[])::bigint[])"
        values["ids"] = bulk.plain(user_ids)
    sql = _READ.format(usage=scope.format("u.user_id"), words=scope.format("w.user_id"), people=scope.format("p.id"))
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows = [row for found in cursor.fetchall() if (row := _other(*found)) is not None]
    if not rows:
        return set(), set()
    sent, arrays = bulk.rows(_COLUMNS, rows)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE accounts_productuser AS old SET buying_role = new.buying_role, buying_confidence = new.buying_confidence,
                role_evidence = new.role_evidence, persona_id = new.persona_id,
                profiled_at = CASE WHEN new.is_news THEN now() ELSE old.profiled_at END
            FROM {sent} AS new WHERE old.id = new.id
            """,
            arrays,
        )
    return {row[0] for row in rows}, {row[0] for row in rows if row[-1]}


def _other(
    id_: int,
    _account: int | None,
    seniority: str,
    department: str,
    employees: int | None,
    use_case: str,
    persona_id: int | None,
    role: str,
    confidence: float,
    stored: str,
    counts: str | None,
    said: str | None,
) -> tuple[Any, ...] | None:
    """What is to be written of this person; none: all is as it was."""
    before: list[Evidence] = json.loads(stored)
    if not before and confidence >= evidence.CONFIRMED and said is None:
        return None  # somebody said so before it was kept who
    rated = personas.rate(seniority=seniority, department=department, employees=employees, use_case=use_case)
    now = [
        evidence.piece(source, of_role, worth, what=who if source == evidence.HUMAN else "")
        for source, of_role, worth, who in json.loads(said or "[]")
    ]
    counted = json.loads(counts or "{}").items()
    now += [evidence.piece(evidence.BEHAVIOUR, "", 0.0, what=kind, count=count) for kind, count in counted]
    now = evidence.with_title(now, rated.role, rated.confidence)
    fused = evidence.fuse(now)
    if (now, fused, rated.persona_id) == (before, (role, confidence), persona_id):
        return None
    # Scoring sees whether somebody is a likely buyer, as of the time when it became known. What a title or a persona says is
    # of the time of the title; what somebody did or said is of now.
    was, is_ = (
        known[0] == BuyingRole.ECONOMIC_BUYER and known[1] >= evidence.LIKELY for known in ((role, confidence), fused)
    )
    is_news = was != is_ and evidence.without(now, evidence.TITLE) != evidence.without(before, evidence.TITLE)
    return id_, *fused, json.dumps(now), rated.persona_id, is_news


def accounts_of(user_ids: Collection[int]) -> set[int]:
    """The accounts of these people: their own, and those of the workspaces they are in."""
    if not user_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account_id FROM accounts_productuser WHERE id = ANY ((SELECT %(ids)s::bigint[])::bigint[])
            UNION
            SELECT w.account_id FROM accounts_membership m JOIN accounts_workspace w ON w.id = m.workspace_id
            WHERE m.user_id = ANY ((SELECT %(ids)s::bigint[])::bigint[])
            """,
            {"ids": bulk.plain(user_ids)},
        )
        return {account for (account,) in cursor.fetchall() if account is not None}


# What members say ----------------------------------------------------------------------------------------------------


@transaction.atomic
def say(
    *,
    member: Member | None,
    role: str,
    user_id: int | None = None,
    contact_id: int | None = None,
    note: str = "",
    source: str = RoleWord.By.HUMAN,
    way: str = "",
) -> RoleWord:
    """A word about the part of one person, a product user or a contact; `role` `""`: has none. It replaces the last of its source.

    Of a contact who uses the product it is about that person. A member's word locks the role.

    Raises `PermissionDenied`, `ValidationError` by field, `ProductUser.DoesNotExist` and
    `Contact.DoesNotExist`.
    """
    _check(member, source)
    if role and role not in BuyingRole.values:
        raise ValidationError({"role": _("Choose one of the roles.")})
    if "\x00" in note:
        raise ValidationError({"note": _("Holds a character that cannot be stored.")})
    note = " ".join(note.split())
    if len(note) > 300:
        raise ValidationError({"note": _("At most %(n)d characters.") % {"n": 300}})
    _wait_for_loader()
    who = _lock(user_id, contact_id)
    now = timezone.now()
    RoleWord.objects.filter(**who, source=source, withdrawn_at=None).update(withdrawn_at=now)
    word = RoleWord.objects.create(
        **who, role=role, source=source, note=note, by=member, confidence=evidence.WORTH[source]
    )
    RoleWord.objects.filter(pk=word.pk).update(at=now)  # `withdraw` finds by it what the word replaced
    word.at = now
    _settle(word, member, way, "role.say")
    return word


@transaction.atomic
def withdraw(*, word_id: int, member: Member | None, way: str = "") -> RoleWord:
    """Takes a word back: the undo of `say`. What it replaced stands again; without that, the other evidence counts.

    Raises `RoleWord.DoesNotExist` and `PermissionDenied`.
    """
    _wait_for_loader()
    word = RoleWord.objects.select_for_update().get(pk=word_id)
    _check(member, word.source)
    if word.withdrawn_at is not None:
        return word
    word.withdrawn_at = timezone.now()
    word.save(update_fields=["withdrawn_at"])
    replaced = RoleWord.objects.filter(
        user=word.user_id, contact=word.contact_id, source=word.source, withdrawn_at=word.at
    )
    replaced.exclude(pk=word.pk).update(withdrawn_at=None)
    _settle(word, member, way, "role.withdraw")
    return word


def standing(*, user_ids: Iterable[int] = (), contact_ids: Iterable[int] = ()) -> dict[tuple[str, int], RoleWord]:
    """("user" or "contact", id) → the member's word that counts, with its member. Two queries at most."""
    found: dict[tuple[str, int], RoleWord] = {}
    for kind, ids in (("user", list(user_ids)), ("contact", list(contact_ids))):
        if not ids:
            continue
        words = RoleWord.objects.filter(withdrawn_at=None, source=RoleWord.By.HUMAN, **{f"{kind}__in": ids})
        for word in words.select_related("by"):
            found[kind, getattr(word, f"{kind}_id")] = word
    return found


def hand_over(pairs: Sequence[tuple[int, int]]) -> None:
    """Before the words about people become those about others, who turned out to be the same: of two the newer stands.

    `pairs`: (old id, new id).
    """
    sent, arrays = bulk.rows({"old": "bigint", "new": "bigint"}, pairs)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH same AS (SELECT old AS id, new FROM {sent} AS m UNION SELECT new, new FROM {sent} AS m), words AS (
                SELECT w.id, w.user_id, row_number() OVER (PARTITION BY same.new, w.source ORDER BY w.at DESC, w.id DESC) AS n,
                       min(w.user_id) OVER (PARTITION BY same.new, w.source) <>
                       max(w.user_id) OVER (PARTITION BY same.new, w.source) AS are_several
                FROM accounts_roleword w JOIN same ON same.id = w.user_id WHERE w.withdrawn_at IS NULL
            )
            UPDATE accounts_roleword w SET withdrawn_at = now() FROM words WHERE words.id = w.id AND n > 1 AND are_several
            """,
            [*arrays, *arrays],
        )


def _check(member: Member | None, source: str) -> None:
    if member is None:
        if source == RoleWord.By.HUMAN:
            raise PermissionDenied
    elif not member.is_active or member.role not in SAYERS:
        raise PermissionDenied


def _lock(user_id: int | None, contact_id: int | None) -> dict[str, int]:
    if user_id is not None:
        ProductUser.objects.select_for_update(of=("self",)).only("pk").get(pk=user_id, erased_at=None)
        return {"user_id": user_id}
    if contact_id is None:
        raise ValidationError({"user_id": _("Name a person or a contact.")})
    contact = Contact.objects.select_for_update(of=("self",)).only("user").get(pk=contact_id, removed_at=None)
    return _lock(contact.user_id, None) if contact.user_id else {"contact_id": contact_id}


def _settle(word: RoleWord, member: Member | None, way: str, action: str) -> None:
    """The role of whom the word is about, the accounts to score, and the entry in the audit log."""
    if word.user_id is not None:
        personas.refresh()
        work_out([word.user_id])
        accounts = accounts_of([word.user_id])
        subject, subject_id = "product_user", word.user_id
    else:
        from accounts.contacts import rating

        contact = Contact.objects.get(pk=word.contact_id or 0)
        rating.settle([contact])
        contact.save(update_fields=["buying_role", "buying_confidence"])
        accounts = {contact.account_id} if contact.account_id else set()
        subject, subject_id = "contact", contact.pk
    changes.mark(accounts, urgent=True)
    audit.record(action, by=member, subject=subject, subject_id=subject_id, way=way, role=word.role, source=word.source)


def _wait_for_loader() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOADER])
