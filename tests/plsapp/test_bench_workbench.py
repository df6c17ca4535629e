"""The benchmarks of previews and backtests work from beginning to end, and check what they measure."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plsapp.running import manage

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("up")]

SHORT = "import json; from plsapp.bench import {bench}; print(json.dumps({bench}.run(accounts=60).as_json()))"


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-bench-"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


def report_of(home: Path, bench: str) -> dict:
    done = manage(home, "shell", "--no-imports", "-c", SHORT.format(bench=bench))

    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_previews_are_measured_at_two_sizes_beside_naive_numpy(home: Path):
    report = report_of(home, "preview")

    assert (report["accounts"], report["tiled_accounts"], report["drafts"]) == (60, 600, 20)
    assert min(report[name] for name in ("p95_ms", "tiled_p95_ms", "naive_p50_ms", "movers_ms")) > 0
    assert [target["limit"] for target in report["targets"]] == [100, 500, 1]
    assert all(target["holds"] for target in report["targets"][:2])


def test_a_backtest_of_26_weeks_is_measured_beside_sql(home: Path):
    report = report_of(home, "backtest")

    assert (report["accounts"], report["weeks"]) == (60, 26)
    assert report["outcomes"] == 2
    assert report["duckdb_sql_seconds"] > 0
    assert all(target["holds"] for target in report["targets"][:2])
