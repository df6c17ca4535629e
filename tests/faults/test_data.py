"""Nothing lost, nothing twice: what is sent is odd, late or doubled, and things happen at once."""

import pytest

from plsapp.faults import data
from plsapp.faults.scene import Scenario, Stage

pytestmark = pytest.mark.process


@pytest.mark.parametrize("scenario", data.ALL, ids=lambda scenario: scenario.name)
def test_odd_messages_lose_nothing_and_double_nothing(stage: Stage, scenario: Scenario):
    outcome = stage.play(scenario)
    assert outcome.problems == [], f"{scenario.title}\n{stage.app.log[-6000:]}"
    assert outcome.counted > 0
