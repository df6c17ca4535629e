"""The benchmark of the intake over HTTP works from beginning to end, and accounts for every event."""

import pytest

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("up")]


def test_every_event_that_was_answered_200_landed_or_was_loaded(bench):
    report = bench("ingest", accounts=20, seconds=1)

    assert report["answered_200_events"] == report["landed_events"] + report["loaded_events"] > 0
    assert report["durable"]
    assert [target["holds"] for target in report["targets"] if target["limit"] in (0, 1)] == [True, True]
    assert not [name for name in report if name.endswith("_not_200")]
