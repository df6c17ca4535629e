"""Scores of workspaces: the definition's recipe for them, by the same rules, over the same features one level down.

A run scores them after the accounts, in its transaction, when its definition has such a recipe; when it has none, a full run
removes what is there, and that is one look at an empty table. Workspaces without an account have no score. There are no segments
here. As for accounts, the score of a week before is by the same recipe, and every change of score or tier goes to a history. They
are routed where the recipe says that workspaces stand in the queues (`playbooks.spaces`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts import columns
from accounts.models import Workspace
from scoring import copying, digests, features, holding, rules, warehouse, writing
from scoring.before import NEVER
from scoring.breakdown import KEYS
from scoring.copying import Nullable, Texts
from scoring.features import Matrix
from scoring.models import Definition, WorkspaceScore, WorkspaceScoreChange

TABLE, HISTORY = "scoring_workspacescore", "scoring_workspacescorechange"
NOBODY = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Before:
    """n workspaces that have a row, in the order of `workspace_id`. `tier`: places in `rules.TIERS`; `score`: 0 for none."""

    workspace_id: np.ndarray
    tier: np.ndarray
    tier_since: np.ndarray
    score: np.ndarray
    digest: np.ndarray

    def of(self, workspace_ids: np.ndarray) -> Before:
        """The same for these workspaces in this order; tier −1, no time, score and digest 0 where there is no row."""
        if not len(self.workspace_id):
            nothing = np.zeros(len(workspace_ids), dtype=np.int64)
            return Before(workspace_ids, nothing - 1, np.full(len(nothing), NEVER), nothing, nothing)
        place = np.searchsorted(self.workspace_id, workspace_ids).clip(max=len(self.workspace_id) - 1)
        found = self.workspace_id[place] == workspace_ids
        return Before(
            workspace_ids,
            np.where(found, self.tier[place], -1),
            np.where(found, self.tier_since[place], NEVER),
            np.where(found, self.score[place], 0),
            np.where(found, self.digest[place], 0),
        )


def are_scored(spec: rules.Spec) -> bool:
    """Whether a definition scores workspaces here. Usage that lies in a warehouse is asked for by account only."""
    return spec.workspace is not None and not warehouse.is_used()


def score(
    definition: Definition,
    spec: rules.Spec,
    *,
    as_of: dt.date,
    account_ids: Collection[int] | None = None,
    between: tuple[int, int] | None = None,
) -> tuple[Matrix | None, np.ndarray]:
    """Scores and writes the workspaces of the given accounts, or of those between two ids, or all; in the caller's transaction.

    Answers their features ("account_id": the workspace's id), or none when the definition does not score workspaces; and the ids of
    accounts to be routed again because a workspace of theirs has another score, where workspaces stand in the queues.
    """
    recipe = spec.for_workspaces
    if account_ids is None:
        _forget(between, every=not are_scored(spec))
    if recipe is None or not are_scored(spec):
        return None, NOBODY
    pair = features.pair_of_workspaces(as_of, account_ids, between=between)
    now, then = holding.hold(pair, as_of, account_ids, between=between, read=features.pair_of_workspaces)
    past = read(account_ids, between=between).of(now["account_id"])
    found = rules.evaluate(recipe, now, evidence=now["events_28"] > 0, tier_before=past.tier)
    week_ago = rules.evaluate(recipe, then, evidence=then["events_28"] > 0)
    changed = _write(definition, recipe, now, found, then, week_ago, past)
    return now, _accounts_of(changed) if spec.queues_workspaces else NOBODY


def read(account_ids: Collection[int] | None = None, *, between: tuple[int, int] | None = None) -> Before:
    """The rows that there are, of the workspaces of these accounts."""
    params: list[Any] = []
    source = f"FROM {TABLE} s"
    if account_ids is not None or between is not None:
        source += " JOIN accounts_workspace w ON w.id = s.workspace_id WHERE w.account_id "
        source += "= ANY($1::bigint[])" if account_ids is not None else ">= $1 AND w.account_id < $2"
        params = [list(account_ids)] if account_ids is not None else list(between or ())
    places = " ".join(f"WHEN '{tier}' THEN {place}" for place, tier in enumerate(rules.TIERS))
    rows = columns.read(
        {
            "workspace_id": ("s.workspace_id", "int8"),
            "tier": (f"CASE s.tier {places} END", "int2"),
            "tier_since": ("coalesce(s.tier_since, s.scored_at)", "timestamptz"),
            "score": ("coalesce(s.score, 0)", "int2"),
            "digest": ("s.digest", "int8"),
        },
        source,
        params,
    )
    order = np.argsort(rows["workspace_id"], kind="stable")
    return Before(**{name: values[order] for name, values in rows.items()})


def of_account(account_id: int, *, limit: int) -> list[WorkspaceScore]:
    """The scores of an account's workspaces with those, the highest first; each with `among`, how many there are. One query."""
    rows = WorkspaceScore.objects.filter(workspace__account=account_id).select_related("workspace", "definition")
    order = (F("score").desc(nulls_last=True), "workspace__name", "pk")
    return list(rows.annotate(among=Window(Count("*"))).order_by(*order)[:limit])


def course_of(
    workspace_ids: Collection[int], *, most: int = 400
) -> dict[int, list[tuple[dt.datetime, int | None, str]]]:
    """When these workspaces had which score and tier, each the newest first and `most` of them. One query."""
    place = Window(RowNumber(), partition_by="workspace", order_by=("-at", "-pk"))
    rows = WorkspaceScoreChange.objects.filter(workspace__in=workspace_ids).annotate(place=place)
    found: dict[int, list[tuple[dt.datetime, int | None, str]]] = {}
    for row in rows.filter(place__lte=most).order_by("workspace", "place"):
        found.setdefault(row.workspace_id, []).append((row.at, row.score, str(row.get_tier_display())))
    return found


def _write(
    definition: Definition,
    recipe: rules.Spec,
    now: Matrix,
    found: rules.Evaluated,
    then: Matrix,
    week_ago: rules.Evaluated,
    past: Before,
) -> np.ndarray:
    """Answers the ids of the workspaces whose row changed."""
    n = len(now["account_id"])
    reasons = ("", *(gate.reason[:300] for gate in recipe.gates))
    told: dict[str, Any] = {
        "workspace_id": now["account_id"],
        "score": Nullable(found.score.astype(np.int16), found.score > 0),
        "tier": Texts(found.tier, rules.TIERS),
        "tier_reason": Texts(found.gate + 1, reasons),
        "definition_id": np.full(n, definition.pk),
        "feature_values": np.stack([now[key] for key in KEYS], axis=1),
        "effects": found.effect.astype(np.int16),
        "week_ago_score": Nullable(week_ago.score.astype(np.int16), week_ago.score > 0),
        "week_ago_values": np.stack([then[one.feature] for one in recipe.components], axis=1),
        "week_ago_effects": week_ago.effect.astype(np.int16),
    }
    digest = digests.rows(writing.parts(told), about=json.dumps([definition.spec, KEYS], sort_keys=True).encode())
    has_row = past.tier >= 0
    changed = np.flatnonzero(~(has_row & (past.digest == digest)))
    if not len(changed):
        return NOBODY
    moment = np.datetime64(timezone.now().replace(tzinfo=None), "us")
    same_tier = has_row & (past.tier == found.tier)
    since = np.where(same_tier, past.tier_since, moment)
    told |= {"scored_at": np.full(n, moment), "tier_since": since, "digest": digest}
    writing.write_rows(TABLE, "workspace_id", told, changed, has_row)
    _write_history(told, changed[~(same_tier & (past.score == found.score))[changed]], moment)
    return now["account_id"][changed]


def _write_history(told: dict[str, Any], rows: np.ndarray, at: np.datetime64) -> None:
    names = ("workspace_id", "definition_id", "score", "tier", "tier_reason")
    copying.copy(HISTORY, {name: told[name] for name in names} | {"at": np.full(len(told["scored_at"]), at)}, rows)


def _accounts_of(workspace_ids: np.ndarray) -> np.ndarray:
    if not len(workspace_ids):
        return NOBODY
    found = Workspace.objects.filter(pk__in=workspace_ids.tolist(), account__isnull=False)
    return np.fromiter(found.values_list("account", flat=True).distinct(), dtype=np.int64)


def _forget(between: tuple[int, int] | None, *, every: bool) -> None:
    """Removes the rows of workspaces that are gone or have no account any more, or of `every` one of these accounts."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {TABLE})")
        if not cursor.fetchone()[0]:
            return
        if between is None or between[0] == writing.EVERYONE[0]:  # of the shards, one does it
            cursor.execute(
                f"DELETE FROM {TABLE} s WHERE NOT EXISTS (SELECT FROM accounts_workspace w JOIN accounts_account a "
                "ON a.id = w.account_id WHERE w.id = s.workspace_id AND a.merged_into_id IS NULL)"
            )
        if every:
            low, high = between or writing.EVERYONE
            cursor.execute(
                f"DELETE FROM {TABLE} s USING accounts_workspace w "
                "WHERE w.id = s.workspace_id AND w.account_id >= %s AND w.account_id < %s",
                [low, high],
            )
