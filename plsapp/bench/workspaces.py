"""What scoring workspaces costs: the same full run with and without a recipe for them, and the preview of one.

Every account has one workspace here, and nine tenths of its usage is in it.
"""

from __future__ import annotations

from django.utils import timezone

from plsapp.bench import world
from plsapp.bench.measure import PeakMemory, best, own_database, timed
from plsapp.bench.report import Report, Target
from scoring import definitions, features, matrices, preview, rules, runs, workspace_preview
from scoring.models import Definition, WorkspaceScore

ACCOUNTS = 100_000


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        return _run(made)


def _run(made: world.World) -> Report:
    today = timezone.now().date()
    runs.score_all()
    _, without = best(runs.score_all)
    plain = definitions.spec_of(definitions.published())
    draft = _with_workspaces(plain)
    _, first_look = timed(lambda: workspace_preview.compare(draft, plain))
    _, effect = best(lambda: workspace_preview.compare(_with_workspaces(plain, pqa=81), plain))
    snapshot = matrices.latest()
    tiers = preview.tiers_now(snapshot)
    changed = rules.parse(plain.as_json() | {"thresholds": {"pqa": 81, "activate": 60}})
    _, of_accounts = best(lambda: preview.compare(changed, plain, snapshot=snapshot, tiers=tiers))
    Definition.objects.filter(state=Definition.State.PUBLISHED).update(spec=draft.as_json())
    with PeakMemory() as memory:
        _, written = timed(runs.score_all)
        _, unchanged = best(runs.score_all)
    _, step = best(lambda: features.pair_of_workspaces(today))
    _, step_of_accounts = best(lambda: features.pair(today))
    rows = WorkspaceScore.objects.count()
    if rows != made.accounts:
        raise RuntimeError(f"{rows} workspaces have a score, not {made.accounts}")
    return Report(
        bench="workspaces",
        sizes=made.sizes() | {"workspaces": rows},
        figures={
            "run_without_seconds": without,
            "run_seconds": unchanged,
            "run_every_row_written_seconds": written,
            "feature_step_seconds": step,
            "feature_step_of_accounts_seconds": step_of_accounts,
            "first_look_seconds": first_look,
            "effect_seconds": effect,
            "effect_of_accounts_seconds": of_accounts,
            "peak_memory_mb": memory.megabytes,
        },
        targets=[
            Target("unchanged run with workspaces to one without, times", unchanged / without, 2.5),
            Target("feature step to that of accounts, times", step / step_of_accounts, 1.2),
            Target("effect of a draft, seconds", effect, 0.1),
        ],
    )


def _with_workspaces(spec: rules.Spec, *, pqa: int = 80) -> rules.Spec:
    """Workspaces by the recipe for accounts."""
    said = spec.as_json()
    recipe = {name: said[name] for name in ("components", "hysteresis", "gates")}
    return rules.parse(said | {"workspace": recipe | {"thresholds": {"pqa": pqa, "activate": 60}}})
