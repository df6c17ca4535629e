"""Nothing lost, nothing twice: processes are killed in the middle of their work."""

import pytest

from plsapp.faults import processes
from plsapp.faults.scene import Scenario, Stage

pytestmark = pytest.mark.process

#: Each is another's fault at a larger or a smaller scale; `manage.py bench faults` plays them too.
ONLY_IN_THE_BENCHMARK = {"webprocess", "backend", "power"}
PLAYED = [scenario for scenario in processes.ALL if scenario.name not in ONLY_IN_THE_BENCHMARK]


@pytest.mark.parametrize("scenario", PLAYED, ids=lambda scenario: scenario.name)
def test_a_killed_process_loses_nothing_and_doubles_nothing(stage: Stage, scenario: Scenario):
    outcome = stage.play(scenario)
    assert outcome.problems == [], f"{scenario.title}\n{stage.app.log[-6000:]}"
    assert outcome.counted > 0
