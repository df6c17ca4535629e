"""The routing table in one glance."""

from playbooks import routing_summary
from playbooks.routing import DEFAULT_TABLE, Cell


def told(lines, tier):
    return [(line.buyers, [way.label or "–" for way in line.ways]) for line in lines if line.tier == tier]


def test_buyer_states_that_go_the_same_ways_share_a_line():
    lines = routing_summary.lines(DEFAULT_TABLE)
    assert told(lines, "pqa") == [
        ("Buyer confirmed, Buyer likely", ["–", "Sales", "Sales", "Sales"]),
        ("Buyer unknown", ["–", "Sales", "Sales", "Sales"]),
        ("No buyer", ["–", "Marketing", "Marketing", "Marketing"]),
    ]
    assert told(lines, "self_serve") == [("any buyer", ["–", "–", "–", "–"])]
    assert lines[-1].is_quiet
    assert [way.also for way in lines[0].ways] == ["", "", "Marketing", ""]


def test_a_changed_cell_makes_a_line_of_its_own():
    table = DEFAULT_TABLE | {("self_serve", "likely", "enterprise"): Cell("success", "Write to them")}
    lines = routing_summary.lines(table)
    assert [buyers for buyers, _ways in told(lines, "self_serve")] == [
        "Buyer confirmed",
        "Buyer likely",
        "Buyer unknown, No buyer",
    ]
