"""The workbench through the app: what the server takes for the page of a draft, and for its answer to each change.

Requests go through every middleware and the real views, in this process: no network, and nobody else. Each change saves the draft.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import msgspec
import numpy as np
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Member, Role
from plsapp.bench.measure import bar, timed
from plsapp.bench.report import Target
from scoring import drafts
from scoring.rules import Spec


def measure(specs: Sequence[Spec]) -> dict[str, float]:
    """Milliseconds of the first page, of further ones, and of the answers to changes: to each of the specs in turn."""
    member = Member.objects.create_user("product@bench.example", role=Role.PRODUCT, name="Pia")
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(member)
    draft = drafts.begin(member=member)
    where = reverse("draft", args=[draft.pk])

    page = partial(client.get, where, secure=True)
    first, _ = _took(page)
    changes, pages = [], []
    for number, spec in enumerate(bar(specs, "Changes and pages")):
        typed = dict(_typed(msgspec.to_builtins(spec)))
        typed |= {"do": "autosave", "revision": str(draft.revision + number)}
        changes.append(_took(partial(client.post, where, typed, headers={"HX-Request": "true"}, secure=True)))
        pages.append(_took(page))
    with CaptureQueriesContext(connection) as asked:
        page()
    figures: dict[str, float] = {"page_first_ms": first, "page_queries": len(asked)}
    for name, taken in (("page", pages), ("change", changes)):
        wall, cpu = np.array(taken).T
        figures |= {
            f"{name}_p50_ms": float(np.percentile(wall, 50)),
            f"{name}_p95_ms": float(np.percentile(wall, 95)),
            f"{name}_p95_cpu_ms": float(np.percentile(cpu, 95)),
        }
    return figures


def targets(figures: dict[str, float]) -> list[Target]:
    return [
        Target("p95 of the draft's page, ms", figures["page_p95_ms"], 150),
        Target("p95 of the answer to a change, ms", figures["change_p95_ms"], 100),
    ]


def _took(ask: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds by the clock, and of this process's processor."""
    before = time.process_time()
    answer, seconds = timed(ask)
    if answer.status_code != 200:
        raise RuntimeError(f"The workbench answered {answer.status_code}")
    return seconds * 1000, (time.process_time() - before) * 1000


def _typed(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """What the form sends: `components[0].weight` → 30, and so on."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _typed(value, f"{path}.{name}" if path else name)
    elif isinstance(node, list | tuple):
        for place, value in enumerate(node):
            yield from _typed(value, f"{path}[{place}]")
    elif node is not None:
        yield path, str(node)
