"""The personas that come with the app, in the order in which they are tried. Data only; `personas.reading` makes rows of them.

Roles and confidences are those of `titles.buying_role` (docs/titles.md tells them as a table), but for procurement and legal.
"""

from __future__ import annotations

from dataclasses import dataclass

from accounts.titles import BIG, CLEAR, SMALL, UNCLEAR

#: Departments whose people use, build or run what is bought.
BUILDS_AND_RUNS = ("engineering", "product", "it", "operations", "data")


@dataclass(frozen=True, slots=True)
class PersonaText:
    """A rule and what to say. Empty tuples and None: any."""

    name: str
    buying_role: str
    confidence: float
    seniorities: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    employees_from: int | None = None
    employees_below: int | None = None
    use_cases: tuple[str, ...] = ()
    angle: str = ""


#: Key → what the persona is when nobody has changed it. The first that fits counts.
LIBRARY: dict[str, PersonaText] = {
    "procurement": PersonaText(
        "Procurement or legal",
        "procurement",
        CLEAR,
        departments=("procurement", "legal"),
        angle="Make the purchase easy: terms, security papers and the data agreement in one mail, before they are asked for."
        " They rarely say yes; see that they need not say no.",
    ),
    "head_of_big_company": PersonaText(
        "Head of a large company",
        "economic_buyer",
        UNCLEAR,
        seniorities=("c_level",),
        departments=("general",),
        employees_from=BIG,
        angle="Will hardly buy a tool. Ask whose budget it is, with one number of what their people already do.",
    ),
    "founder": PersonaText(
        "Founder or managing director",
        "economic_buyer",
        CLEAR,
        seniorities=("c_level",),
        departments=("general",),
        angle="Decides alone and fast. Two lines: what their team got done this month, and what the next step costs.",
    ),
    "technology_executive": PersonaText(
        "Technology, product or operations executive",
        "economic_buyer",
        CLEAR,
        seniorities=("c_level",),
        departments=BUILDS_AND_RUNS,
        angle="Their teams chose it already. Show how many use it and what one contract settles: security, access, one bill.",
    ),
    "finance_executive": PersonaText(
        "Finance executive",
        "economic_buyer",
        CLEAR,
        seniorities=("c_level",),
        departments=("finance",),
        angle="Cost now against cost later: who pays by card today, and what one contract saves.",
    ),
    "vice_president": PersonaText(
        "Vice president of teams that use it",
        "economic_buyer",
        CLEAR,
        seniorities=("vp",),
        departments=(*BUILDS_AND_RUNS, "general"),
        angle="Has the budget and the goal. A business case made of the usage of their own teams.",
    ),
    "other_executive": PersonaText(
        "Executive of another department",
        "economic_buyer",
        UNCLEAR,
        seniorities=("c_level", "vp"),
        angle="Ask what they want to see improved, and who else would sign.",
    ),
    "technical_director_big": PersonaText(
        "Technical director of a large company",
        "economic_buyer",
        CLEAR,
        seniorities=("director",),
        departments=("engineering", "it"),
        employees_from=BIG,
        angle="Owns a tool budget. Usage of their teams, then what administration and security get with a contract.",
    ),
    "technical_director": PersonaText(
        "Head of engineering or IT",
        "evaluator",
        CLEAR,
        seniorities=("director",),
        departments=("engineering", "it"),
        angle="Will try it before anybody signs. Security, limits, how to leave again: answer in full and in writing.",
    ),
    "director_small": PersonaText(
        "Department head of a small company",
        "influencer",
        CLEAR,
        seniorities=("director",),
        departments=("product", "operations", "data"),
        employees_below=SMALL,
        angle="Speaks with the founder every day. Give them the three sentences to pass on.",
    ),
    "director": PersonaText(
        "Department head",
        "economic_buyer",
        CLEAR,
        seniorities=("director",),
        departments=("product", "operations", "data", "general"),
        angle="Buys for the department. Start with the team that uses it, and keep the first contract small.",
    ),
    "other_director": PersonaText(
        "Head of another department",
        "influencer",
        UNCLEAR,
        seniorities=("director",),
        angle="Ask what their people would do with it, and whom they would ask.",
    ),
    "technical_manager": PersonaText(
        "Technical team lead",
        "evaluator",
        UNCLEAR,
        seniorities=("manager",),
        departments=("engineering", "it"),
        angle="Knows what works and what does not. Help with that first; then ask who decides.",
    ),
    "manager": PersonaText(
        "Team lead",
        "influencer",
        UNCLEAR,
        seniorities=("manager",),
        angle="Wants the team to get on. Offer a working session, then ask for an introduction.",
    ),
    "practitioner": PersonaText(
        "Practitioner",
        "end_user",
        UNCLEAR,
        seniorities=("individual", "other"),
        angle="A partner, not a lead. Help with the task at hand; ask who else should see the result.",
    ),
}
