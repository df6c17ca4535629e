"""What a job title says: seniority, department, and the role in a purchase that follows. Pure: no Django, no database.

The rules are tables of words in `accounts.title_words`. `docs/titles.md` tells them in sentences and shows how often they are
right on lists of real titles. What an admin says besides comes first and lives in `accounts.title_rules`.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from accounts import title_words as words

LONGEST = 200
"""Characters of a title that are looked at, which is what is stored."""


@dataclass(frozen=True, slots=True)
class Title:
    """Values of Seniority and Department; both `""` when there is no title at all."""

    seniority: str
    department: str


@dataclass(frozen=True, slots=True)
class Why:
    """The words of a title that its seniority and department rest on; empty where none does."""

    seniority: str
    department: str


# Roles in a purchase -------------------------------------------------------------------------------------------------

#: What a clear title is worth; behaviour alone is worth 0.3, a person's word 0.9.
CLEAR = 0.6
UNCLEAR = 0.4
#: Departments that buy tools for the whole company.
CORE = frozenset(["engineering", "product", "it", "operations", "data", "general"])
SMALL, BIG = 200, 1000
"""Employees: below the first the leaders buy themselves, from the second on their directors do."""


def plain_text(title: str, *, keep: str = "") -> str:
    """Lower-case words without accents parted by single spaces: `"Sr. V.P., R&D"` → `"sr vp r d"`. `keep`: characters
    that count as parts of words."""
    text = unicodedata.normalize("NFKD", title[:LONGEST])
    text = "".join(char for char in text if not unicodedata.combining(char)).casefold()
    text = re.sub(r"(?<!\w)((?:\w\.){2,})", lambda found: found[1].replace(".", "") + " ", text)
    return " ".join(re.findall(rf"[\w{keep}]+", text.partition("@")[0] or text))


def plain_words(title: str) -> str:
    """The plain title without the employer's name ("… at Lead Forensics") and without other people's titles; `""` when
    it is none ("N/A")."""
    text = words.SOMEBODY_ELSE.sub(lambda found: found[0].split()[0], plain_text(title))
    own = re.split(r"(?<!\S)(?:at|bei|chez|presso) ", text, maxsplit=1)[0].strip() or text
    return "" if own in words.NO_TITLE else own


def _east_asian(title: str) -> tuple[str, str]:
    for parts, level in words.EAST_ASIAN:
        for part in parts.split("|"):
            if part in title:
                return level, part
    return "", ""


def _seniority(title: str, text: str) -> tuple[str, str]:
    """The value and the words that say it."""
    if found := words.CHIEF_EXECUTIVE.search(text):
        return "c_level", found[0]
    if found := words.VICE_PRESIDENT.search(text):
        return "vp", found[0]
    text = words.NO_LEAD.sub(" ", words.ADVISORY.sub(" ", text))
    without_board = words.BOARD_OF_DIRECTORS.sub(" ", text)
    if (found := words.BOARD.search(text)) and not words.DIRECTOR.search(without_board):
        return "c_level", found[0]
    if found := words.CHIEF.search(words.NO_CHIEF.sub(" ", text)) or words.OWNER.search(text):
        return "c_level", found[0]
    if found := words.PRESIDENT.search(text):
        return "director" if words.PRESIDENT_ALONE.sub(" ", text).strip() else "c_level", found[0]
    if found := words.DIRECTOR.search(words.LEADS_FEW.sub(" ", without_board)):
        return "director", found[0]
    if found := words.MANAGER.search(text) or words.LEADS_FEW.search(text):
        return "manager", found[0]
    if "chief of staff" in text:
        return "manager", "chief of staff"
    level, part = _east_asian(title)
    if level:
        return level, part
    found = words.INDIVIDUAL.search(text)
    return ("individual", found[0]) if found else ("other", "")


def _department(title: str, text: str) -> tuple[str, str]:
    in_capitals = bool(words.IT_IN_CAPITALS.search(title)) and title.upper() != title
    for department, pattern in words.DEPARTMENTS:
        found = pattern.search(text)
        # Only the abbreviations of chiefs and the departments that IT people work for go before "IT".
        if in_capitals and department in ("design", "data", "product", "engineering", "it", "finance", "operations"):
            return ("finance", found[0]) if department == "finance" and found else ("it", "IT")
        if found:
            return department, found[0]
    return ("it", "it") if re.search(r"(?<!\S)it(?!\S)", text) else ("other", "")


def explained(title: str) -> tuple[Title, Why]:
    """As `classify`, with the words that decided."""
    title = title[:LONGEST].strip()
    text = plain_words(title)
    if not text:
        return Title("", ""), Why("", "")
    (seniority, senior_by), (department, department_by) = _seniority(title, text), _department(title, text)
    if (seniority, department) == ("c_level", "other"):
        # Who leads a company without naming a department leads the whole of it.
        department, department_by = "general", senior_by
    return Title(seniority, department), Why(senior_by, department_by)


@lru_cache(50_000)
def _classify(title: str) -> Title:
    return explained(title)[0]


def classify(title: str) -> Title:
    """Seniority and department of a job title as people write it. Words that say a job but no rank give `individual`,
    unknown ones `other`. At most 200 characters are read; the time is linear."""
    return _classify(title[:LONGEST].strip())


def area(title: str) -> str:
    """`"Business"`, `"Technical"`, `"Sales-Marketing"` or `"Other"`: what kind of talk a person of this title wants."""
    seniority = classify(title).seniority
    text = plain_words(title[:LONGEST])
    technical = bool(words.TECHNICAL.search(text) or words.IT_IN_CAPITALS.search(title))
    makes = bool(words.MAKES.search(text.replace("business development", "")))
    if words.LEADS_ALL.search(words.VICE_PRESIDENT.sub(" ", text)):
        return "Technical" if words.TECHNICAL_LEAD.search(text) else "Business"
    if words.TECHNICAL_CHIEF.search(text) and not words.OTHER_CHIEF.search(text):
        return "Technical"
    if words.SELLS.search(text):
        return "Technical" if words.BUILDS.search(text) else "Sales-Marketing"
    match seniority:
        case "vp":
            return "Technical" if words.BUILDS.search(text) else "Business"
        case "c_level":
            return "Business" if not words.STAFF.search(text) else "Other"
        case "director":
            if words.STAFF.search(text):
                return "Other"
            return "Technical" if technical and not words.RUNS.search(text) else "Business"
        case "manager":
            return "Technical" if technical or makes else "Other"
    return "Technical" if technical or makes else "Other"


def buying_role(seniority: str, department: str, employees: int | None = None) -> tuple[str, float]:
    """The role in a purchase that a title suggests, and how sure that is: a BuyingRole value or `""`, and 0 to 0.6.

    `employees` of the company, None if unknown: in small companies the leaders buy, in big ones their vice presidents
    and directors. 0.6 (`CLEAR`) makes a buyer "likely"; a title alone never gives more.
    """
    if not seniority:
        return "", 0.0
    small, big = (employees is not None and employees < SMALL), (employees is not None and employees >= BIG)
    core = department in CORE
    match seniority:
        case "c_level":
            # The head of a thousand people seldom buys a tool; their CTO, CIO or CFO may.
            sure = core or department == "finance"
            return "economic_buyer", UNCLEAR if not sure or (big and department == "general") else CLEAR
        case "vp":
            return "economic_buyer", CLEAR if core else UNCLEAR
        case "director":
            if department in ("engineering", "it") and not big:
                return "evaluator", CLEAR
            if core and (not small or department == "general"):
                return "economic_buyer", CLEAR
            return "influencer", CLEAR if core else UNCLEAR
        case "manager":
            if department in ("engineering", "it"):
                return "evaluator", UNCLEAR
            return "influencer", UNCLEAR
    return "end_user", UNCLEAR
