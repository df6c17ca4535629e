"""Static files: what templates name is there, and nothing that is there is unused or unlicensed."""

from __future__ import annotations

import re
from pathlib import Path

from playbooks.screens.detail import SIGNAL_ICONS

ROOT = Path(__file__).resolve().parent.parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SYMBOLS = set(re.findall(r'<symbol id="([a-z-]+)"', (ROOT / "static" / "icons.svg").read_text()))


def named() -> set[str]:
    """Every icon that a template or a screen names."""
    names = set(SIGNAL_ICONS.values())
    for path in TEMPLATES:
        text = path.read_text()
        names |= set(re.findall(r'{% icon "([a-z-]+)"', text)) | set(re.findall(r'\bicon="([a-z-]+)"', text))
    for path in [*(ROOT / "playbooks" / "screens").glob("*.py"), ROOT / "plsapp" / "navigation.py"]:
        names |= set(re.findall(r'"([a-z][a-z-]+)"', path.read_text())) & SYMBOLS
    return names


def test_every_icon_that_is_named_is_in_the_sprite():
    assert named() - SYMBOLS == set()


def test_no_template_has_inline_script_style_or_handlers():
    for path in TEMPLATES:
        text = re.sub(r"{% comment.*?{% endcomment %}", "", path.read_text(), flags=re.S)
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|hx-on|javascript:", text), path
        for script in re.findall(r"<script[^>]*>", text):
            assert "src=" in script, path


def test_every_vendored_folder_keeps_its_licence():
    folders = [path for path in (ROOT / "static" / "vendor").iterdir() if path.is_dir()]
    assert len(folders) >= 5
    for folder in folders:
        assert (folder / "LICENSE").is_file(), folder


def test_the_error_page_needs_no_database_and_no_context():
    from django.template.loader import get_template

    text = get_template("500.html").template.source
    assert "{% extends" not in text
    assert "user" not in re.sub(r"<[^>]*>", "", text).split("{%")[0]
    assert "Something broke on our side" in get_template("500.html").render({})
