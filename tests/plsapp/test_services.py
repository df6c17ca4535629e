"""What `up` does before its processes start."""

from pathlib import Path

import pytest

from plsapp import services


@pytest.fixture
def source(settings, tmp_path: Path) -> Path:
    """A folder of static files, in place of the project's."""
    source = tmp_path / "source"
    source.mkdir()
    settings.HOME = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    return source


def test_static_files_are_collected_again_only_when_one_changed(source: Path, tmp_path: Path):
    (source / "app.css").write_text("a { color: red }")
    services.collect_static()
    made = tmp_path / "static" / "app.css"
    assert made.read_text() == "a { color: red }"
    made.unlink()
    services.collect_static()
    assert not made.exists(), "nothing changed, so nothing is done"
    (source / "more.css").write_text("b { color: red }")
    services.collect_static()
    assert made.exists()
    assert (tmp_path / "static" / "more.css").exists()
