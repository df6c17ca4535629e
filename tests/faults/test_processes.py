"""Nothing lost, nothing twice: processes are killed in the middle of their work."""

import pytest

from plsapp.faults import processes
from plsapp.faults.scene import Scenario, Stage

pytestmark = pytest.mark.process


@pytest.mark.parametrize("scenario", processes.ALL, ids=lambda scenario: scenario.name)
def test_a_killed_process_loses_nothing_and_doubles_nothing(stage: Stage, scenario: Scenario):
    outcome = stage.play(scenario)
    assert outcome.problems == [], f"{scenario.title}\n{stage.app.log[-6000:]}"
    assert outcome.counted > 0
