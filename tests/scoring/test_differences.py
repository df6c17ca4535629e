import copy

import pytest

from scoring import defaults, rules
from scoring.differences import in_words

GATE = {"feature": "senior_people", "minimum": 1, "cap": "activate", "reason": "Nobody senior"}
INTENT = {
    "key": "intent",
    "label": "Intent",
    "feature": "intent_28",
    "weight": 10,
    "curve": {"points": [[0, 0], [2, 10]]},
}


def told(change):
    after = copy.deepcopy(defaults.SPEC)
    change(after)
    return in_words(rules.parse(defaults.SPEC), rules.parse(after))


def put(path, value):
    def change(spec):
        for step in path[:-1]:
            spec = spec[step]
        spec[path[-1]] = value

    return change


def append(name, value):
    return lambda spec: spec.setdefault(name, []).append(value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda spec: None, []),
        (put(["components", 1, "weight"], 30), ["Team size: weight 25 → 30"]),
        (put(["components", 1, "weight"], 12.5), ["Team size: weight 25 → 12.5"]),
        (put(["components", 1, "label"], "Team"), ["Team size: is called “Team” now"]),
        (
            put(["components", 1, "feature"], "active_users_7"),
            ["Team size: feature Active people, 28 days → Active people, 7 days"],
        ),
        (put(["thresholds", "pqa"], 84), ["PQA from 80 to 84"]),
        (put(["thresholds", "activate"], 55), ["Activate from 60 to 55"]),
        (put(["hysteresis"], 3), ["A tier is left 5 → 3 points below its threshold"]),
        (append("gates", GATE), ["New gate: Senior people below 1 person: at most Activate"]),
        (
            lambda spec: spec["gates"].pop(),
            ["Gate removed: Days since first use below 3 days: at most Self-serve"],
        ),
        (
            put(["gates", 0, "minimum"], 4),
            ["Gate: Active people, 28 days below 3 people → 4 people: at most Activate"],
        ),
        (put(["gates", 0, "reason"], "Too few"), ["Gate: the reason is “Too few” now"]),
        (append("components", INTENT), ["New: Intent (Intent events), weight 10"]),
        (
            append("components", INTENT | {"half_life": 14}),
            ["New: Intent (Intent events), weight 10; half of it fades in 14 days"],
        ),
        (lambda spec: spec["components"].pop(), ["Removed: Fit"]),
        (
            lambda spec: spec["components"].reverse(),
            ["Order: Fit, Behaviour, Velocity, Features, Team size, Usage"],
        ),
        (put(["components", 0, "curve", "points", 2, 1], 15), ["Usage: at 3 days 85 → 75 %"]),
        (put(["components", 0, "curve", "points", 3, 0], 7), ["Usage: 100 % at 5 days → 7 days"]),
        (
            lambda spec: spec["components"][0]["curve"]["points"].insert(3, [4, 18]),
            ["Usage: new breakpoint: 90 % at 4 days"],
        ),
        (lambda spec: spec["components"][0]["curve"]["points"].pop(1), ["Usage: no breakpoint at 1 day any more"]),
        (
            put(["components", 0, "curve", "points"], [[0, 0], [2, 5], [6, 9], [7, 10]]),
            ["Usage: another curve, all of it from 5 days → 7 days on"],
        ),
        (
            put(["components", 0, "curve", "points"], [[0, 0], [1, 4.5], [3, 8.5], [5, 10]]),
            ["Usage: the same curve in other points"],
        ),
        (put(["components", 0, "curve", "kind"], "step"), ["Usage: in steps"]),
    ],
)
def test_a_change_is_told_in_words(change, words):
    assert told(change) == words


def test_fading_is_told():
    def spec(**half_life):
        return rules.parse({"components": [INTENT | half_life]})

    assert in_words(spec(), spec(half_life=14)) == ["Intent: half of it fades in 14 days"]
    assert in_words(spec(half_life=14), spec(half_life=7.5)) == ["Intent: half-life 14 → 7.5 days"]
    assert in_words(spec(half_life=14), spec()) == ["Intent: does not fade any more"]


def test_recipes_of_segments_are_told():
    def spec(*variants):
        return rules.parse(defaults.SPEC | {"variants": list(variants)})

    own = {"segments": ["smb", "unknown"], "components": [INTENT]}
    stricter = own | {"thresholds": {"pqa": 90, "activate": 60}}
    assert in_words(spec(), spec(own)) == ["SMB, Size unknown: a recipe of its own (Intent; PQA from 80)"]
    assert in_words(spec(own), spec(stricter)) == ["SMB, Size unknown: PQA from 80 to 90"]
    assert in_words(spec(own), spec()) == ["SMB, Size unknown: no recipe of its own any more"]
