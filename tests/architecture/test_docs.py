"""README and docs do not lie: what they name exists."""

import re
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

from plsapp.env import Env

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
FOLDERS = ("accounts", "scoring", "playbooks", "plsapp", "templates", "static", "tests", "docs", ".ci")


@pytest.fixture(params=PAGES, ids=NAMES)
def page(request) -> tuple[Path, str]:
    return request.param, request.param.read_text()


def test_commands_exist(page):
    path, text = page
    named = set(re.findall(r"manage\.py\s+([a-z_]+)", text))
    assert named <= set(get_commands()), path


def test_options_of_our_commands_exist(page):
    """`manage.py up --port` names an option that `up` has."""
    from django.core.management import load_command_class

    path, text = page
    for line in re.findall(r"manage\.py\s+([a-z_]+[^`|\n]*)", text):
        name, _, rest = line.partition(" ")
        if name == "postgres":  # it passes its options on
            continue
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", rest):
            assert option in parser._option_string_actions, f"{path}: {name} has no {option}"


def test_files_exist(page):
    path, text = page
    start = "|".join(re.escape(folder) for folder in FOLDERS)
    for named in re.findall(rf"`((?:{start})/[\w./-]*)", text):
        assert (ROOT / named).exists(), f"{path} names {named}"
    for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text):
        assert (path.parent / link).exists(), f"{path} links to {link}"


def test_functions_exist(page):
    """`playbooks/queue.py: claim` names a function, class or constant of that file."""
    path, text = page
    for file, name in re.findall(r"`([\w/]+\.py): (\w+)`", text):
        assert re.search(rf"^(def|class) {name}\b|^{name}\b.* = ", (ROOT / file).read_text(), re.M), (
            f"{path}: {file} {name}"
        )


def test_the_table_of_settings_is_the_one_of_the_code():
    text = (ROOT / "docs/deploy.md").read_text()
    table = text.partition("## Settings")[2].partition("\n## ")[0]
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", table, re.M))
    code = {field: getattr(Env(), field) for field in Env.__struct_fields__}
    assert list(listed) == list(code), "the same settings in the same order"
    for name, default in code.items():
        shown = listed[name].strip().strip("`").replace("empty", "")
        expected = str(int(default)) if isinstance(default, bool) else str(default)
        assert shown == expected, f"{name}: {shown!r} in the table, {expected!r} in the code"


def test_settings_named_elsewhere_exist(page):
    path, text = page
    known = set(Env.__struct_fields__) | {"DJANGO_SUPERUSER_PASSWORD", "DJANGO_SETTINGS_MODULE", "PLSAPP_REQUIRE_ALL"}
    for name in re.findall(r"(?<![\w$])([A-Z]{2,}(?:_[A-Z]+)+)=", text):
        assert name in known, f"{path}: no setting {name}"


def test_the_two_commands_of_the_readme_are_there():
    text = (ROOT / "README.md").read_text()
    assert "pip install uv && uv run manage.py demo" in text
    assert "pip install uv && uv run pytest" in text
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"] == ">=3.12"
