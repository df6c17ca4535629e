"""What a draft does to every account, as the workbench asks for it on every change, beside the same by naive NumPy.

Twenty random drafts against the published definition: both histograms, the transitions of tiers, the shares. Then the same with the
matrix ten times over. The tiers that accounts have are read before; then the page and its answers through the app, with all of it.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from django.utils import timezone

from plsapp.bench import drafts, workbench, world
from plsapp.bench.measure import PeakMemory, bar, own_database, timed
from plsapp.bench.report import Report, Target
from scoring import definitions, features, matrices, preview, rules, runs
from scoring.matrix_files import Snapshot

ACCOUNTS = 100_000
DRAFTS, TIMES = 20, 10


def run(*, accounts: int) -> Report:
    with own_database():
        made = world.fill(accounts=accounts)
        return _run(made)


def _run(made: world.World) -> Report:
    runs.score_all()
    snapshot = matrices.latest()
    tiers, reading = timed(lambda: preview.tiers_now(snapshot))
    published = definitions.spec_of(definitions.published())
    same = preview.compare(published, published, snapshot=snapshot, tiers=tiers)
    if np.trace(same.transitions) != made.accounts:
        raise RuntimeError("The preview of the published definition is not what the run stored")
    one, cpu, first, naive = _measure(snapshot, tiers, published)
    pages = workbench.measure(drafts.some(DRAFTS, seed=7))
    many = drafts.tiled(snapshot, TIMES)
    with PeakMemory() as memory:
        large, large_cpu, _, large_naive = _measure(many, np.tile(tiers, TIMES), published)
    _, matrix = timed(lambda: features.matrix(timezone.now().date()))
    _, movers = timed(
        lambda: preview.movers(
            drafts.some(1)[0], published, snapshot=snapshot, tiers=tiers, now="self_serve", then="self_serve"
        )
    )
    size = sum(path.stat().st_size for path in matrices.folder().glob("newest.*"))
    return Report(
        bench="preview",
        sizes=made.sizes() | {"drafts": DRAFTS, "tiled_accounts": len(many)},
        figures={
            "p50_ms": float(np.percentile(one, 50)),
            "p95_ms": float(np.percentile(one, 95)),
            "p95_cpu_ms": float(np.percentile(cpu, 95)),
            "first_ms": first,
            "naive_p50_ms": float(np.percentile(naive, 50)),
            "tiled_p50_ms": float(np.percentile(large, 50)),
            "tiled_p95_ms": float(np.percentile(large, 95)),
            "tiled_p95_cpu_ms": float(np.percentile(large_cpu, 95)),
            "tiled_naive_p50_ms": float(np.percentile(large_naive, 50)),
            "movers_ms": movers * 1000,
            "read_tiers_ms": reading * 1000,
            **pages,
            "matrix_seconds": matrix,
            "matrix_file_mb": size / 1e6,
            "peak_memory_tiled_mb": memory.megabytes,
        },
        targets=[
            Target(f"p95 of {DRAFTS} drafts, ms", float(np.percentile(one, 95)), 100),
            Target(f"p95 of {DRAFTS} drafts, {TIMES} times the accounts, ms", float(np.percentile(large, 95)), 500),
            Target("naive NumPy to ours, times", float(np.median(naive) / np.median(one)), 1, at_least=True),
            *workbench.targets(pages),
        ],
    )


def _measure(
    snapshot: Snapshot, tiers: np.ndarray, published: rules.Spec
) -> tuple[list[float], list[float], float, list[float]]:
    """Milliseconds of each draft, and of the processor; of the very first; of the same by naive NumPy. Checks the scores."""
    _, first = timed(lambda: preview.compare(published, published, snapshot=snapshot, tiers=tiers))
    ours, cpu, naive = [], [], []
    whole = {name: snapshot.features[name] for name in snapshot.features}
    for draft in bar(drafts.some(DRAFTS), "Drafts"):
        before = time.process_time()
        effect, seconds = timed(partial(preview.compare, draft, published, snapshot=snapshot, tiers=tiers))
        cpu.append((time.process_time() - before) * 1000)
        ours.append(seconds * 1000)
        plain, seconds = timed(partial(_naive, draft, published, whole, tiers))
        naive.append(seconds * 1000)
        if np.abs(plain[1] - effect.histogram_draft).sum() > 2 + len(snapshot) // 100_000:
            raise RuntimeError("Naive NumPy has other scores")
    return ours, cpu, first * 1000, naive


def _naive(
    draft: rules.Spec, published: rules.Spec, features: dict[str, np.ndarray], tiers: np.ndarray
) -> list[np.ndarray]:
    """Both histograms and the transitions, without hysteresis and gates: less than ours answers."""
    found = []
    for spec in (published, draft):
        score = drafts.naive_scores(spec, features)
        found.append(np.bincount(score, minlength=101))
    tier = np.select([score >= draft.thresholds.pqa, score >= draft.thresholds.activate], [2, 1], 0)
    return [*found, np.histogram2d(tiers, tier, bins=3)[0]]
