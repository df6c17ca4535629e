"""The routing table as an admin edits it. Only cells that differ from the default are rows of `RoutingRule`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import AuditEntry, Member
from playbooks import queue
from playbooks.models import Motion, RoutingRule
from playbooks.routing import BUYER_STATES, DEFAULT_TABLE, SEGMENTS, TIERS, Cell
from scoring.models import BuyerState, Score, Segment, Tier

LOCK = 7_005
#: What the audit log calls it.
CHANGE = "routing.change"
STEP_LENGTH = 200

type Key = tuple[str, str, str]
"""tier, buyer state, segment"""


@dataclass(frozen=True)
class CellView:
    """A cell as the page shows it; `name` is its key in forms."""

    name: str
    title: str
    motion: str
    motion_label: str
    first_step: str
    also_marketing: bool
    is_changed: bool
    default_words: str
    accounts: int
    error: str = ""


@dataclass(frozen=True)
class Line:
    """A buyer state of one tier, with a cell for each segment."""

    label: str
    cells: list[CellView]


@dataclass(frozen=True)
class Block:
    """A tier. `accounts` is the sum of its cells."""

    tier: str
    label: str
    lines: list[Line]
    accounts: int
    changed: int

    @property
    def is_quiet(self) -> bool:
        """Whether no cell gives anybody work."""
        return all(cell.motion == Motion.SELF_SERVE for line in self.lines for cell in line.cells)

    @property
    def is_open(self) -> bool:
        """Whether the page shows it unfolded: there is something to see, or something is wrong in it."""
        wrong = any(cell.error for line in self.lines for cell in line.cells)
        return wrong or self.changed > 0 or not self.is_quiet


@dataclass(frozen=True)
class Saved:
    """What a save did: cells that changed, and the entry of the audit log that `put_back` takes; none when nothing changed."""

    changed: int
    entry_id: int | None = None


def blocks(table: Mapping[Key, Cell] | None = None, errors: Mapping[str, str] | None = None) -> list[Block]:
    """The table in force, or the given one (a form that was refused). Two queries, one when it is given."""
    cells = queue.table() if table is None else table
    accounts = counts()
    result = []
    for tier in TIERS:
        lines = []
        for buyer_state in BUYER_STATES:
            row = [_view((tier, buyer_state, segment), cells, accounts, errors or {}) for segment in SEGMENTS]
            lines.append(Line(str(BuyerState(buyer_state).label), row))
        flat = [cell for line in lines for cell in line.cells]
        result.append(
            Block(
                tier,
                str(Tier(tier).label),
                lines,
                sum(cell.accounts for cell in flat),
                sum(cell.is_changed for cell in flat),
            )
        )
    return result


def counts() -> dict[Key, int]:
    """How many accounts are in each cell now. A raised hand goes to sales whatever its cell says."""
    rows = Score.objects.values_list("tier", "buyer_state", "segment").annotate(n=Count("pk")).order_by()
    return {(tier, buyer_state, segment): accounts for tier, buyer_state, segment, accounts in rows}


def read(data: Mapping[str, str]) -> tuple[dict[Key, Cell], dict[str, str]]:
    """The table of a posted form, and what is wrong with it by cell. A cell that was not sent is an error too."""
    table: dict[Key, Cell] = {}
    errors: dict[str, str] = {}
    for key in DEFAULT_TABLE:
        name = name_of(key)
        motion = data.get(f"{name}.motion", "")
        step = " ".join(data.get(f"{name}.step", "").replace("\x00", "").split())
        if motion not in Motion.values:
            errors[name] = _("%(cell)s: “%(value)s” is no team. Choose one of the list.") % {
                "cell": title(key),
                "value": motion[:40],
            }
            motion = DEFAULT_TABLE[key].motion
        elif len(step) > STEP_LENGTH:
            errors[name] = _("%(cell)s: the first step has at most %(n)d characters.") % {
                "cell": title(key),
                "n": STEP_LENGTH,
            }
        table[key] = Cell(motion, step, f"{name}.marketing" in data)
    return table, errors


def newest() -> int:
    """The last save, by its entry in the audit log; 0: none. A page tells it, so that `merged` knows what came since."""
    return AuditEntry.objects.filter(action=CHANGE).order_by("-at", "-pk").values_list("pk", flat=True).first() or 0


def merged(table: dict[Key, Cell], *, seen: int) -> tuple[dict[Key, Cell], dict[str, str]]:
    """A posted table with what others saved since the page told `seen`, and what is wrong with it by cell.

    A cell that was left alone is as they made it; one that both changed is as it was posted, and wrong.
    """
    was: dict[str, list[object]] = {}
    for before in (
        AuditEntry.objects.filter(action=CHANGE, pk__gt=seen).order_by("pk").values_list("detail__before", flat=True)
    ):
        was = before | was
    now, errors, table = queue.table() if was else {}, {}, dict(table)
    for name, said in was.items():
        key = key_of(name)
        if _said(table[key]) == said:
            table[key] = now[key]
        elif _said(now[key]) not in (said, _said(table[key])):
            words = _("%(cell)s: somebody made it “%(now)s” meanwhile. Saved again, it is as you have it here.")
            told = str(Motion(now[key].motion).label) + (f": {now[key].first_step}" if now[key].first_step else "")
            errors[name] = words % {"cell": title(key), "now": told}
    return table, errors


def save(*, table: Mapping[Key, Cell], member: Member, way: str = audit.PAGE) -> Saved:
    """Puts this table in force and has every account routed again. Cells that are left out are the default.

    `way`: that by which it came, for the audit log. Raises `ValidationError` for a key or a motion that does not exist.
    """
    for key, cell in table.items():
        if key not in DEFAULT_TABLE or cell.motion not in Motion.values or len(cell.first_step) > STEP_LENGTH:
            raise ValidationError(_("%(cell)s: no such cell.") % {"cell": ", ".join(key)})
    wanted = {key: cell for key, cell in table.items() if cell != DEFAULT_TABLE[key]}
    with transaction.atomic():
        before = _lock()
        if wanted == before:
            return Saved(0)
        gone = [key for key in before if wanted.get(key) != before[key]]
        new = [key for key in wanted if wanted[key] != before.get(key)]
        for tier, buyer_state, segment in gone:
            RoutingRule.objects.filter(tier=tier, buyer_state=buyer_state, segment=segment).delete()
        RoutingRule.objects.bulk_create(
            RoutingRule(
                tier=key[0],
                buyer_state=key[1],
                segment=key[2],
                motion=wanted[key].motion,
                also_marketing=wanted[key].also_marketing,
                first_step=wanted[key].first_step,
            )
            for key in new
        )
        queue.route_all()
        changed = sorted({*gone, *new})
        entry = audit.record(
            CHANGE,
            by=member,
            subject="routing",
            label=title(changed[0]) if len(changed) == 1 else _("%(n)d cells") % {"n": len(changed)},
            way=way,
            before={name_of(key): _said(before.get(key, DEFAULT_TABLE[key])) for key in changed},
            after={name_of(key): _said(wanted.get(key, DEFAULT_TABLE[key])) for key in changed},
        )
    return Saved(len(changed), entry.pk)


def reset(*, name: str, member: Member) -> Saved:
    """The default again, of one cell or (`all`) of the whole table. Raises `ValidationError` for an unknown cell."""
    with transaction.atomic():
        table = _lock()
        if name == "all":
            return save(table={}, member=member)
        key = key_of(name)
        return save(table={known: cell for known, cell in table.items() if known != key}, member=member)


def put_back(*, entry_id: int, member: Member) -> Saved:
    """The cells of one save as they were before it; others stay. Raises `ValidationError`, also when somebody changed one since."""
    entry = AuditEntry.objects.filter(pk=entry_id, action=CHANGE).first()
    if entry is None:
        raise ValidationError(_("This change cannot be taken back any more."))
    with transaction.atomic():
        table = _lock()
        for name, said in entry.detail["after"].items():
            key = key_of(name)
            if _said(table.get(key, DEFAULT_TABLE[key])) != said:
                words = _("%(cell)s: somebody changed it since. Nothing was taken back.")
                raise ValidationError(words % {"cell": title(key)})
            table[key] = Cell(*entry.detail["before"][name])
        return save(table=table, member=member)


def name_of(key: Key) -> str:
    return ".".join(key)


def key_of(name: str) -> Key:
    key = tuple(name.split("."))
    if key not in DEFAULT_TABLE:
        raise ValidationError(_("%(cell)s: no such cell.") % {"cell": name[:60]})
    return key


def title(key: Key) -> str:
    """`PQA, no buyer, SMB`: a cell in words."""
    return f"{Tier(key[0]).label}, {BuyerState(key[1]).label}, {Segment(key[2]).label}"


def _lock() -> dict[Key, Cell]:
    """The changed cells, with nobody else changing them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    return {
        (rule.tier, rule.buyer_state, rule.segment): Cell(rule.motion, rule.first_step, rule.also_marketing)
        for rule in RoutingRule.objects.all()
    }


def _said(cell: Cell) -> list[object]:
    return [cell.motion, cell.first_step, cell.also_marketing]


def _view(key: Key, cells: Mapping[Key, Cell], accounts: Mapping[Key, int], errors: Mapping[str, str]) -> CellView:
    cell, default = cells[key], DEFAULT_TABLE[key]
    words = str(Motion(default.motion).label)
    if default.also_marketing:
        words += _(", also marketing")
    if default.first_step:
        words += f": {default.first_step}"
    name = name_of(key)
    return CellView(
        name=name,
        title=title(key),
        motion=cell.motion,
        motion_label=str(Motion(cell.motion).label),
        first_step=cell.first_step,
        also_marketing=cell.also_marketing,
        is_changed=cell != default,
        default_words=words,
        accounts=accounts.get(key, 0),
        error=errors.get(name, ""),
    )
