import csv
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import BuyingRole, Department, Seniority
from accounts.titles import CLEAR, Title, area, buying_role, classify

DOC = (Path(__file__).parents[2] / "docs/titles.md").read_text(encoding="utf-8")
LEVELS = {"C-Suite": "c_level", "VP": "vp", "Director": "director", "Manager": "manager", "Other": "individual"}


def level(title: str) -> str:
    """The list knows no difference between who leads nobody and a title that says nothing."""
    return classify(title).seniority.replace("other", "individual")


def confusion(path: Path, predict: Callable[[str], str], name: Callable[[str], str]) -> tuple[float, list[float], str]:
    """Share of right answers over all, over each half of the list, and the matrix as text (rows are the truth)."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [(row["Position"], name(row["Classification"])) for row in csv.DictReader(lines, delimiter="\t")]
    assert len(rows) == 500
    pairs = [(truth, predict(title)) for title, truth in rows]
    counts, kinds = Counter(pairs), list(dict.fromkeys([*(t for t, _ in pairs), *(p for _, p in pairs)]))
    text = "\n".join(
        [" " * 16 + "".join(f"{kind:>16}" for kind in kinds)]
        + [f"{truth:>16}" + "".join(f"{counts[truth, kind]:>16}" for kind in kinds) for truth in kinds]
    )
    right = [truth == guess for truth, guess in pairs]
    return sum(right) / 500, [sum(right[half::2]) / 250 for half in (0, 1)], text


def test_seniority_is_right_on_nine_of_ten_real_titles(shared):
    accuracy, halves, matrix = confusion(shared / "data/titles/rootstrap_level.tsv", level, LEVELS.__getitem__)
    print(f"\nseniority {accuracy:.3f}, halves {halves}\n{matrix}")
    assert accuracy >= 0.90, matrix
    assert f"**Level: {accuracy:.3f}** ({halves[0]:.3f} on the even lines, {halves[1]:.3f} on the odd ones)" in DOC
    assert min(halves) >= 0.90, matrix


def test_area_is_right_on_four_of_five_real_titles(shared):
    accuracy, halves, matrix = confusion(shared / "data/titles/rootstrap_area.tsv", area, str)
    print(f"\narea {accuracy:.3f}, halves {halves}\n{matrix}")
    assert accuracy >= 0.80, matrix
    assert f"**Area: {accuracy:.3f}** ({halves[0]:.3f} on the even lines, {halves[1]:.3f} on the odd ones)" in DOC
    assert min(halves) >= 0.80, matrix


@pytest.mark.parametrize(
    ("title", "seniority", "department"),
    [
        ("CEO", "c_level", "general"),
        ("Founder & CEO", "c_level", "general"),
        ("CTO", "c_level", "engineering"),
        ("Chief Financial Officer", "c_level", "finance"),
        ("C.I.O.", "c_level", "it"),
        ("Owner", "c_level", "general"),
        ("President", "c_level", "general"),
        ("President, EMEA", "director", "general"),
        ("VP Engineering", "vp", "engineering"),
        ("Sr. V.P. of Operations", "vp", "operations"),
        ("Head of Data", "director", "data"),
        ("Director of Product Management", "director", "product"),
        ("Managing Director", "director", "general"),
        ("Head of Customer Success", "director", "success"),
        ("IT Manager", "manager", "it"),
        ("Product Marketing Manager", "manager", "marketing"),
        ("Team Lead", "manager", "other"),
        ("Engineering Manager", "manager", "engineering"),
        ("Procurement Manager", "manager", "procurement"),
        ("Software Engineer", "individual", "engineering"),
        ("UX Designer", "individual", "design"),
        ("General Counsel", "individual", "legal"),
        ("Recruiter", "individual", "hr"),
        ("Product Owner", "individual", "product"),
        ("Astronaut", "other", "other"),
        # Other languages.
        ("Geschäftsführerin", "c_level", "general"),
        ("Geschaeftsfuehrer", "c_level", "general"),
        ("Leiter Vertrieb", "director", "sales"),
        ("IT-Leiter", "director", "it"),
        ("Teamleiterin Entwicklung", "manager", "engineering"),
        ("Directeur Général", "c_level", "general"),
        ("Directrice Marketing", "director", "marketing"),
        ("Responsable informatique", "manager", "it"),
        ("Gerente General", "c_level", "general"),
        ("Jefe de Ventas", "manager", "sales"),
        ("Vicepresidente de Operaciones", "vp", "operations"),
        ("Ingeniera de software", "individual", "engineering"),
        ("代表取締役社長", "c_level", "general"),
        ("副总裁", "vp", "other"),
    ],
)
def test_a_title_gives_seniority_and_department(title, seniority, department):
    assert classify(title) == Title(seniority, department)


@pytest.mark.parametrize("title", ["Executive Assistant to the CEO", "PA to the Managing Director", "EA to CTO"])
def test_who_assists_a_chief_is_none(title):
    assert classify(title).seniority in ("individual", "other")


def test_the_employers_name_is_not_the_title():
    assert classify("Engineer at Director Labs").seniority == "individual"
    assert classify("Analyst @ Chief Solutions").seniority == "individual"
    assert classify("CEO @ Acme").seniority == "c_level"


def test_words_match_whole_only():
    assert classify("Headhunter").seniority == "individual"
    assert classify("Leadership Trainee").seniority == "individual"
    assert classify("Lead Generation Specialist").seniority == "individual"
    assert classify("Founding Engineer").seniority == "individual"


@pytest.mark.parametrize("title", ["", "  ", "🎉", "N/A", "none", "-", "unknown"])
def test_no_title_is_no_evidence(title):
    assert classify(title) == Title("", "")
    assert buying_role("", "") == ("", 0.0)


@given(st.text(max_size=300))
def test_any_text_gets_known_values(text):
    found = classify(text)
    assert found.seniority in {"", *Seniority.values}
    assert found.department in {"", *Department.values}
    role, confidence = buying_role(found.seniority, found.department)
    assert role in {"", *BuyingRole.values}
    assert 0 <= confidence <= CLEAR
    assert (role == "") == (found.seniority == "")


@pytest.mark.parametrize(
    "text", ["director " * 50_000, "a" * 500_000, "a.b." * 100_000, "assistant to " * 40_000, "é" * 500_000]
)
def test_a_hostile_title_costs_no_time(text):
    started = time.monotonic()
    classify(text)
    assert time.monotonic() - started < 0.5


@pytest.mark.parametrize(
    ("seniority", "department", "employees", "expected"),
    [
        ("c_level", "general", None, ("economic_buyer", 0.6)),
        ("c_level", "general", 40, ("economic_buyer", 0.6)),
        ("c_level", "engineering", 5000, ("economic_buyer", 0.6)),
        # The head of a big company seldom buys a tool, and a chief of another department is not sure to.
        ("c_level", "general", 5000, ("economic_buyer", 0.4)),
        ("c_level", "marketing", None, ("economic_buyer", 0.4)),
        ("vp", "operations", 5000, ("economic_buyer", 0.6)),
        ("vp", "hr", None, ("economic_buyer", 0.4)),
        ("director", "product", None, ("economic_buyer", 0.6)),
        ("director", "product", 50, ("influencer", 0.6)),
        ("director", "general", 50, ("economic_buyer", 0.6)),
        ("director", "engineering", None, ("evaluator", 0.6)),
        ("director", "it", 300, ("evaluator", 0.6)),
        ("director", "engineering", 1000, ("economic_buyer", 0.6)),
        ("director", "sales", None, ("influencer", 0.4)),
        ("manager", "it", None, ("evaluator", 0.4)),
        ("manager", "finance", None, ("influencer", 0.4)),
        ("other", "engineering", None, ("end_user", 0.4)),
    ],
)
def test_the_role_in_a_purchase_follows_title_and_size(seniority, department, employees, expected):
    assert buying_role(seniority, department, employees) == expected
