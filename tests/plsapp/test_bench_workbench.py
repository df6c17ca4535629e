"""The benchmarks of previews and backtests work from beginning to end, and check what they measure."""

import pytest

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("up")]


def test_previews_are_measured_at_two_sizes_beside_naive_numpy(bench):
    report = bench("preview", accounts=60)

    assert (report["accounts"], report["tiled_accounts"], report["drafts"]) == (60, 600, 20)
    assert min(report[name] for name in ("p95_ms", "tiled_p95_ms", "naive_p50_ms", "movers_ms")) > 0
    assert [target["limit"] for target in report["targets"]] == [100, 500, 1, 150, 100]
    assert report["change_p50_ms"] > 0
    assert report["page_queries"] < 20
    assert all(target["holds"] for target in report["targets"][:2])


def test_a_backtest_of_26_weeks_is_measured_beside_sql(bench):
    report = bench("backtest", accounts=60)

    assert (report["accounts"], report["weeks"]) == (60, 26)
    assert report["outcomes"] == 2
    assert report["duckdb_sql_seconds"] > 0
    assert all(target["holds"] for target in report["targets"][:2])
