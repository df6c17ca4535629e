"""The benchmarks of the pages and of freshness work from beginning to end, on a running app."""

import pytest

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("up")]


def test_ten_reps_read_every_kind_of_page(bench):
    report = bench("queue", accounts=150, seconds=5)

    assert report["open_items"] > 15
    assert report["not_200"] == {}
    for kind in ("queue", "queue_filtered", "queue_next", "row", "account", "nothing"):
        assert report[f"{kind}_p95_ms"] > 0
    assert {target["name"]: target["holds"] for target in report["targets"]}["answers that were not 200"]


def test_a_raised_hand_and_a_look_at_prices_are_shown_in_the_queue(bench):
    report = bench("freshness", accounts=80, samples=2, feed=20)

    assert report["samples"] == 2
    assert report["changed_runs"] >= 2
    assert report["hand_median_seconds"] < 60
    assert report["usage_median_seconds"] < 60
    assert {target["name"]: target["holds"] for target in report["targets"]}["samples that were never shown"]
