"""Running apps that are broken on purpose."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from plsapp.faults.scene import Stage
from plsapp.running import App
from tests import prepared

#: Events that a fault is tried with.
SIZE = 1_000


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user may enter, so that the embedded server keeps its data inside."""
    folder = Path(tempfile.mkdtemp(prefix="plsapp-faults-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def stage(place: Path) -> Iterator[Stage]:
    """One app, its queue in its own PostgreSQL, for all faults of a module."""
    app = App(prepared.fill(place / "home"))
    try:
        yield Stage(app.wait_until_ready(), size=SIZE)
    finally:
        app.clean_up()
