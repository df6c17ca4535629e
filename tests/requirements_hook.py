"""With PLSAPP_REQUIRE_ALL=1, as in `.ci/run`, a browser, Redis, Java or process test that is skipped fails instead.

So that a missing Chromium, redis-server or Java cannot make a run green by testing less.
"""

import os

import pytest

NEEDED = ("browser", "redis", "process", "java")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> pytest.TestReport:
    report = yield
    marks = [name for name in NEEDED if item.get_closest_marker(name)]
    if report.skipped and marks and os.environ.get("PLSAPP_REQUIRE_ALL") == "1" and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"PLSAPP_REQUIRE_ALL=1, and this {marks[0]} test was skipped. {reason}"
    return report
