"""A file of contacts: read, looked at with what is wrong in which row, taken in, and taken back as a whole.

What was read is kept in `ContactImport.rows` until it is taken in. Taking in goes on where it stopped: each step of a thousand rows
is one transaction, and keeps in `result` what it did. Wrong rows are left out, and kept with what is wrong to be mended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.contacts import fields, reading, taking
from accounts.contacts.fields import Row, Wrong
from accounts.contacts.taking import AT_ONCE, Taken
from accounts.models import ContactImport, Member
from accounts.refused import Refused

State = ContactImport.State
#: So many good rows are taken in, or back, while the member waits; more are a job.
SMALL = 500
#: So many rows are looked at while the member waits.
QUICK = 1_000
#: After so many rows more a look at a large file says how far it is.
TOLD_EVERY = 2_500
_BAD_FILES = {
    "empty": gettext_lazy("The file is empty: its first row names the columns."),
    "no_rows": gettext_lazy("The file has names of columns and no rows under them."),
    "too_large": gettext_lazy("The file is larger than 20 MB: cut it into parts."),
    "too_many_rows": gettext_lazy("The file has more than 50,000 rows: cut it into parts."),
    "too_wide": gettext_lazy("The file has more than 500 columns: leave out those that say nothing of contacts."),
    "open_quote": gettext_lazy(
        "In row %(row)d a quotation mark opens that is never closed: close it, or take it away."
    ),
    "no_text": gettext_lazy("That is no CSV file. In the spreadsheet choose “Save as” and CSV."),
}


def upload(*, name: str, data: bytes, member: Member, source: str = "") -> ContactImport:
    """Reads a file and guesses its columns. One of more than `QUICK` rows is still to be looked at: call `go_on`.

    Raises `Refused("file", …)`.
    """
    try:
        sheet = reading.read(data)
        if not sheet.rows:
            raise reading.BadFile("no_rows")
    except reading.BadFile as bad:
        words = str(_BAD_FILES[bad.code])
        raise Refused("file", words % {"row": bad.row} if bad.code == "open_quote" else words) from None
    found = ContactImport(
        name=name.replace("\x00", "")[-200:] or _("contacts.csv"),
        mapping=fields.guess(sheet.heads, [cells for _number, cells in sheet.rows[:50]]),
        rows={
            "heads": sheet.heads,
            "rows": [[number, *cells] for number, cells in sheet.rows],
            "encoding": sheet.encoding,
            "separator": sheet.separator,
        },
        source=" ".join(source.replace("\x00", "").split())[:80],
        created_by=member,
    )
    found.result = _first_look(found)
    found.save()
    return found


def is_being_looked_at(found: ContactImport) -> bool:
    """Nobody knows yet what taking it in would do."""
    return found.state == State.PREVIEW and "looked_at" in found.result


def of_rows(*, rows: Sequence[Mapping[str, str]], source: str, member: Member) -> ContactImport:
    """The same of rows by field, numbered from 1; not kept yet."""
    names = list(fields.FIELDS)
    found = ContactImport(
        name=_("Rows of the API"),
        mapping={name: place for place, name in enumerate(names)},
        rows={
            "heads": names,
            "rows": [[number, *(row.get(name, "") for name in names)] for number, row in enumerate(rows, 1)],
        },
        source=" ".join(source.split())[:80],
        created_by=member,
    )
    found.result = _checked(found)
    return found


def remap(*, import_id: int, mapping: Mapping[str, int | None], source: str) -> ContactImport:
    """Other columns, or another source for those rows that name none. Raises `ContactImport.DoesNotExist` and `Refused`."""
    with transaction.atomic():
        found = ContactImport.objects.select_for_update().get(pk=import_id)
        _ensure_preview(found)
        heads = found.rows["heads"]
        wanted = {field: place for field, place in mapping.items() if place is not None}
        for field, place in wanted.items():
            if field not in fields.FIELDS or not 0 <= place < len(heads):
                raise Refused(field, _("Choose one of the file’s columns."))
        twice = sorted({str(fields.FIELDS[f]) for f, p in wanted.items() if list(wanted.values()).count(p) > 1})
        if twice:
            raise Refused("mapping", _("One column can say one thing only: %(fields)s.") % {"fields": ", ".join(twice)})
        found.mapping, found.source = wanted, " ".join(source.replace("\x00", "").split())[:80]
        found.result = _first_look(found)
        found.save(update_fields=["mapping", "source", "result"])
    return found


def drop(*, import_id: int) -> None:
    """Forgets a file that was not taken in."""
    ContactImport.objects.filter(pk=import_id, state=State.PREVIEW).delete()


def begin(*, import_id: int, member: Member | None) -> ContactImport:
    """From now on it is being taken in: call `go_on` until it is done. Raises `ContactImport.DoesNotExist` and `Refused`."""
    with transaction.atomic():
        found = ContactImport.objects.select_for_update().get(pk=import_id)
        _ensure_preview(found)
        if not found.result["good"]:
            raise Refused("file", _("No row can be taken in: mend the file, or choose other columns."))
        found.state = State.RUNNING
        found.result |= {"done": 0, "steps": [], "new": 0, "changed": 0, "same": 0, "users": 0}
        found.save(update_fields=["state", "result"])
        _note("contacts.import", found, member)
    return found


def begin_undo(*, import_id: int, member: Member | None) -> ContactImport:
    """From now on it is being taken back. Raises `ContactImport.DoesNotExist` and `Refused`."""
    with transaction.atomic():
        found = ContactImport.objects.select_for_update().get(pk=import_id)
        if found.state != State.DONE:
            raise Refused("file", _("It is not taken in, so there is nothing to take back."))
        found.state = State.RUNNING
        found.result |= {"undoing": True, "gone": 0, "of_steps": len(found.result["steps"])}
        found.save(update_fields=["state", "result"])
        _note("contacts.import_undone", found, member)
    return found


def go_on(import_id: int) -> ContactImport:
    """Does what is left, a step at a time; begun twice, the second waits for the first and does the rest.

    Raises `ContactImport.DoesNotExist`.
    """
    found = ContactImport.objects.get(pk=import_id)
    if is_being_looked_at(found):
        _look(found)
    elif found.state == State.RUNNING and found.result.get("undoing"):
        while _step_back(import_id):
            pass
    elif found.state == State.RUNNING:
        good, _wrong, _twice = read_rows(found)
        while _step_twice(import_id, good):
            pass
    found.refresh_from_db()
    return found


def _step_twice(import_id: int, good: Sequence[Row]) -> bool:
    """Once more when somebody added one of these contacts at the same moment: now they are known."""
    try:
        return _step(import_id, good)
    except IntegrityError:
        return _step(import_id, good)


def _step(import_id: int, good: Sequence[Row]) -> bool:
    """Takes in the next rows; whether any may be left."""
    with transaction.atomic():
        found = ContactImport.objects.select_for_update().defer("rows").get(pk=import_id)
        if found.state != State.RUNNING:
            return False
        done = found.result["done"]
        part = good[done : done + AT_ONCE]
        if part:
            source = found.source or found.name.rpartition(".")[0] or found.name
            taken = taking.take(part, member=found.created_by, source=source, imported_by=found.pk)
            for name in ("new", "changed", "same", "users"):
                found.result[name] += getattr(taken, name)
            found.result["steps"].append(asdict(taken))
            found.result["done"] = done + len(part)
        if done + len(part) < len(good):
            found.save(update_fields=["result"])
            return True
        found.state, found.rows, found.done_at = State.DONE, [], timezone.now()
        found.save(update_fields=["result", "state", "rows", "done_at"])
        return False


def _step_back(import_id: int) -> bool:
    with transaction.atomic():
        found = ContactImport.objects.select_for_update().get(pk=import_id)
        if found.state != State.RUNNING:
            return False
        steps = found.result["steps"]
        if steps:
            back = taking.take_back(Taken(**steps.pop()))
            found.result["gone"] += back.gone
            _hand_on(found, back)
        if not steps:
            found.state = State.UNDONE
            found.result.pop("undoing", None)
        found.save(update_fields=["result", "state"])
        return bool(steps)


def _hand_on(undone: ContactImport, back: taking.TakenBack) -> None:
    """Imports taken in after this one may be taken back later: not to what this one had said."""
    if not (back.words or back.columns):
        return
    rows = ContactImport.objects.select_for_update().defer("rows").filter(done_at__gt=undone.done_at).order_by("pk")
    for later in rows.filter(state__in=[State.DONE, State.RUNNING]):
        steps = [Taken(**step) for step in later.result["steps"]]
        if sum(taking.hand_on(back, step) for step in steps):
            later.result["steps"] = [asdict(step) for step in steps]
            later.save(update_fields=["result"])


def progress(found: ContactImport) -> int:
    """0 to 100, of an import that is running or being looked at."""
    result = found.result
    if is_being_looked_at(found):
        return round(100 * result["looked_at"] / max(1, 2 * result["read"]))
    if result.get("undoing"):
        return round(100 * (1 - len(result["steps"]) / max(1, result["of_steps"])))
    return round(100 * result["done"] / max(1, result["good"]))


def unfinished() -> list[int]:
    """Imports of which something is left to do: `go_on` does it."""
    rows = ContactImport.objects.filter(Q(state=State.RUNNING) | Q(state=State.PREVIEW, result__has_key="looked_at"))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _ensure_preview(found: ContactImport) -> None:
    if found.state != State.PREVIEW:
        raise Refused("file", _("It is taken in already."))
    if is_being_looked_at(found):
        raise Refused("file", _("It is still being looked at: wait a moment."))


def _first_look(found: ContactImport) -> dict[str, Any]:
    """All that is known of a small file; of a large one only that it is still to be looked at."""
    rows = found.rows["rows"]
    if len(rows) <= QUICK:
        return _checked(found)
    nothing = dict.fromkeys((*("good", "wrong", "twice", "users"), taking.NEW, taking.CHANGED, taking.SAME), 0)
    return nothing | {"read": len(rows), "looked_at": 0, "wrong_rows": [], **_head(found)}


def _look(found: ContactImport) -> None:
    """Looks at a large file. Killed on the way it begins anew: nothing but how far it is was written down."""
    first, mapping = found.result, found.mapping
    same = ContactImport.objects.filter(pk=found.pk, state=State.PREVIEW, mapping=mapping, result__has_key="looked_at")

    def tell(done: int) -> None:
        if not same.update(result=first | {"looked_at": done}):
            raise _NoMoreAskedError  # somebody forgot the file, or another worker was faster

    try:
        same.update(result=_checked(found, tell))
    except _NoMoreAskedError:
        return


class _NoMoreAskedError(Exception):
    """What is being done is of no use any more."""


def read_rows(found: ContactImport, tell: Callable[[int], None] | None = None) -> tuple[list[Row], list[Wrong], int]:
    """The rows that can be taken in, what is wrong with the others, and how many say a second time what another row says.

    A second row of the same address that says something else is wrong: nobody knows which of them is right.
    """
    good: dict[str, Row] = {}
    wrong: list[Wrong] = []
    twice = 0
    for place, (number, *cells) in enumerate(found.rows["rows"]):
        if tell is not None and place % TOLD_EVERY == 0:
            tell(place)
        row = fields.read(number, cells, found.mapping)
        if isinstance(row, list):
            wrong += row
            continue
        first = good.setdefault(row.email, row)
        if first is row:
            continue
        if asdict(first) | {"number": 0} == asdict(row) | {"number": 0}:
            twice += 1
        else:
            words = _("is in row %(row)d too, with other words: keep one of the two.") % {"row": first.number}
            wrong.append(Wrong(number, "email", row.email, words))
    return list(good.values()), wrong, twice


def _head(found: ContactImport) -> dict[str, Any]:
    """What the page shows of the file itself, so that it need not read all rows of it."""
    return {"heads": found.rows["heads"], "sample": [cells for _number, *cells in found.rows["rows"][:3]]}


def _checked(found: ContactImport, tell: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Counts of what taking it in would do, and the wrong rows as they are in the file with what is wrong.

    `tell` is told how far it is: twice the number of rows is the end.
    """
    # Without a column of addresses every row would be wrong for the same reason: the page says it once.
    good, wrong, twice = read_rows(found, tell) if "email" in found.mapping else ([], [], 0)
    kinds = dict.fromkeys((taking.NEW, taking.CHANGED, taking.SAME), 0)
    users, of_domain = 0, Counter[str]()
    for start in range(0, len(good), TOLD_EVERY):
        if tell is not None:
            tell(len(found.rows["rows"]) + start)
        for one in taking.judge(good[start : start + TOLD_EVERY]):
            kinds[one.kind] += 1
            users += one.user is not None
            if one.kind == taking.NEW and one.user is None:
                of_domain[taking.domain_of(one.row)] += 1
    of_row: dict[int, list[dict[str, str]]] = {}
    for bad in wrong:
        of_row.setdefault(bad.row, []).append({"field": bad.field, "value": bad.value, "words": bad.words})
    kept = [
        {"row": number, "cells": cells, "wrong": of_row[number]}
        for number, *cells in found.rows["rows"]
        if number in of_row
    ]
    return {
        **kinds,
        "read": len(found.rows["rows"]),
        "good": len(good),
        "wrong": len(kept),
        "twice": twice,
        "users": users,
        "homes": taking.homes(of_domain),
        "wrong_rows": kept,
        **_head(found),
    }


def _note(action: str, found: ContactImport, member: Member | None) -> None:
    counts = {name: found.result.get(name, 0) for name in ("good", "wrong")}
    audit.record(action, by=member, subject="contact_import", subject_id=found.pk, label=found.name, **counts)
