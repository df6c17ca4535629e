"""What axe finds on a page, in the light and in the dark; and whether a phone shows all of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
#: The rules that look at colours: nothing else is another in another theme.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
#: Colours that fade into those of another theme are there at once. A sheet that a script makes is none of those the policy refuses.
STILL = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("*, *::before, *::after { transition: none !important; }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


def findings(page: Any, *, rules: list[str] | None = None) -> list[str]:
    """Serious and critical findings, with the element. Evaluated by the tool, which the page's policy cannot refuse."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text() + "; undefined")
    chosen = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    result = page.evaluate("(chosen) => axe.run(document, chosen)", chosen)
    return [
        f"{finding['id']}: {node['target']} {node['failureSummary']}"
        for finding in result["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def in_both_themes(page: Any) -> list[str]:
    """Those of the page in the light, and then of its colours in the dark."""
    found = findings(page)
    page.evaluate(STILL)
    page.emulate_media(color_scheme="dark")
    if page.locator("html[data-bs-theme]").count():  # the public form asks the system by CSS alone
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    found += [f"in the dark: {line}" for line in findings(page, rules=OF_COLOURS)]
    page.emulate_media(color_scheme="light")
    return found


def faults(page: Any, *, width: int = 1440) -> list[str]:
    """Of the page that is open: those of both themes at this width, and whether it scrolls sideways on a phone."""
    page.set_viewport_size({"width": width, "height": 1000})
    found = in_both_themes(page)
    if (number := page.locator("h1").count()) != 1:
        found.append(f"{number} main headings")
    page.set_viewport_size({"width": 390, "height": 844})
    if wider := page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"):
        found.append(f"{wider} pixels wider than a phone")
    return found


def faulty(page: Any, paths: Iterable[str], *, width: int = 1440) -> dict[str, list[str]]:
    """The faults of each of these pages that has some."""
    found = {}
    for path in paths:
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(path)
        found[path] = faults(page, width=width)
    return {path: lines for path, lines in found.items() if lines}
