"""What `manage.py bench faults` prints, and that it plays what there is."""

from plsapp.bench.faults import FaultReport
from plsapp.bench.report import Target
from plsapp.faults import scenarios
from plsapp.faults.scene import Outcome


def test_every_fault_has_a_name_and_a_title_of_its_own():
    assert len({scenario.name for scenario in scenarios.ALL}) == len(scenarios.ALL)
    assert len({scenario.title for scenario in scenarios.ALL}) == len(scenarios.ALL)
    assert [*scenarios.of(""), *scenarios.of("redis")] == list(scenarios.ALL)


def test_a_row_says_what_was_answered_and_counted_and_what_did_not_hold():
    one = Outcome(scenarios.ALL[0], answered=1_500, counted=1_499, healthy_after=3.21, problems=["1 events lost"])
    report = FaultReport(bench="faults", outcomes=[one], targets=[Target(one.scenario.title, 1, 0)])
    heading, row, problem, *_ = report.table()
    assert heading.split("  ")[-1] == "holds"
    assert row.split()[-5:] == ["1,500", "1,499", "0", "3.2", "✗"]
    assert problem.strip() == "1 events lost"
    told = report.as_json()
    assert told["faults"][0] | {"fault": ""} == {
        "fault": "",
        "answered_200": 1_500,
        "counted": 1_499,
        "set_aside": 0,
        "healthy_after_seconds": 3.2,
        "holds": False,
    }
    assert told["targets"] == [{"name": one.scenario.title, "value": 1, "limit": 0, "holds": False}]
