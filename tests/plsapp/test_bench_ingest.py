"""The benchmark of the intake over HTTP works from beginning to end, and accounts for every event."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plsapp.running import manage

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("up")]

SHORT = "import json; from plsapp.bench import ingest; print(json.dumps(ingest.run(accounts=20, seconds=1).as_json()))"


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-bench-"))
    folder.chmod(0o755)
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


def test_every_event_that_was_answered_200_landed_or_was_loaded(home: Path):
    done = manage(home, "shell", "--no-imports", "-c", SHORT)

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["answered_200_events"] == report["landed_events"] + report["loaded_events"] > 0
    assert report["durable"]
    assert [target["holds"] for target in report["targets"] if target["limit"] in (0, 1)] == [True, True]
    assert not [name for name in report if name.endswith("_not_200")]
