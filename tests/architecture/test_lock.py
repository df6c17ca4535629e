"""requirements.lock is what the dependencies of pyproject.toml resolve to, without any address."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def pinned(text: str) -> set[str]:
    """The requirements with their hashes, without comments."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", text, flags=re.M))
    return {re.sub(r"\s+", " ", line.strip()) for line in joined.splitlines() if line.strip()}


def test_it_holds_hashes_and_no_address():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    for line in pinned(text):
        assert " --hash=sha256:" in line, line


def test_it_is_what_resolves_now(tmp_path):
    if not shutil.which("uv"):
        pytest.skip("uv is not on the PATH")
    for name in ("pyproject.toml", ".python-version"):
        shutil.copy(ROOT / name, tmp_path)
    command = ["uv", "export", "--no-emit-project", "--no-dev", "--format", "requirements-txt", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode and re.search("network|connect|dns|fetch|timed out|offline", done.stderr, re.I):
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    assert pinned((ROOT / "requirements.lock").read_text()) == pinned(done.stdout), (
        "run: uv export --no-emit-project --no-dev --format requirements-txt > requirements.lock"
    )


def test_uv_lock_stays_out_of_git():
    """It records from where each file was downloaded."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone")
    listed = subprocess.run(["git", "ls-files", "uv.lock"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert listed.stdout == ""
