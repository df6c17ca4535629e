"""What tests of whole commands share."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import prepared
from tests.plsapp.running import manage

SHORT = """
import json, subprocess
from django.db import connection
from plsapp.bench import app, {name}
def up(home, whole=app.up):
    subprocess.run(["cp", "-a", *{static!r}, str(home)], check=True)
    return whole(home)
if {static!r}:
    app.up = up
    connection.settings_dict["TEST"]["TEMPLATE"] = {template!r}
{name}.SECONDS_WITHOUT_PAUSE = 1
print(json.dumps({name}.run(**{sizes}).as_json()))
"""


@pytest.fixture
def bench() -> Iterator[Callable[..., dict[str, Any]]]:
    """`bench("queue", accounts=400)`: the report of a short benchmark, on an embedded database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="plsapp-bench-"))
    folder.chmod(0o755)

    def bench(name: str, **sizes: float) -> dict[str, Any]:
        home = prepared.fill(folder / "home", durable=name == "ingest")
        static = [str(path) for path in home.glob("static*")]
        code = SHORT.format(name=name, sizes=sizes, static=static, template=prepared.TEMPLATE)
        done = manage(home, "shell", "--no-imports", "-c", code)
        assert done.returncode == 0, done.stderr
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return report

    yield bench
    shutil.rmtree(folder, ignore_errors=True)
