"""What axe finds on a page, in the light and in the dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"
#: The rules that look at colours: nothing else is another in another theme.
OF_COLOURS = ["color-contrast", "link-in-text-block"]


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


def themes(*pages: Any) -> Iterator[list[str] | None]:
    """The rules to look at these pages with: all in the light, then those of colours in the dark."""
    for theme, rules in (("light", None), ("dark", OF_COLOURS)):
        for page in pages:
            page.emulate_media(color_scheme=theme)
        yield rules
