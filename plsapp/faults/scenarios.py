"""Every fault."""

from __future__ import annotations

from plsapp.faults import brokers, data, processes
from plsapp.faults.scene import Scenario

ALL: tuple[Scenario, ...] = (*processes.ALL, *data.ALL, *brokers.ALL)


def of(broker: str) -> tuple[Scenario, ...]:
    """Those for an app that runs on this broker ("": its own database)."""
    return tuple(scenario for scenario in ALL if scenario.broker == broker)
