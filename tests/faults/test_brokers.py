"""Nothing lost, nothing twice: Redis as the broker goes away and comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plsapp.faults import brokers
from plsapp.faults.scene import Scenario, Stage
from plsapp.running import App
from tests import prepared
from tests.faults.conftest import SIZE

pytestmark = [
    pytest.mark.process,
    pytest.mark.redis,
    pytest.mark.skipif(not brokers.redis_program(), reason="redis-server is not installed"),
]


@pytest.fixture(scope="module")
def stage(place: Path) -> Iterator[Stage]:
    redis = brokers.Redis(place)
    redis.start()
    app = App(prepared.fill(place / "home"), CELERY_BROKER_URL=redis.url)
    try:
        yield Stage(app.wait_until_ready(), size=SIZE, broker=redis)
    finally:
        app.clean_up()
        redis.kill()


@pytest.mark.parametrize("scenario", brokers.ALL, ids=lambda scenario: scenario.name)
def test_a_broker_that_goes_away_costs_nothing(stage: Stage, scenario: Scenario):
    outcome = stage.play(scenario)
    assert outcome.problems == [], f"{scenario.title}\n{stage.app.log[-6000:]}"
    assert outcome.counted > 0
