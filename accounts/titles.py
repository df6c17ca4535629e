"""What a job title says: seniority, department, and the role in a purchase that follows. Pure: no Django, no database.

The rules are tables of words in `accounts.title_words`. `docs/titles.md` tells them in sentences and shows how often they are
right on lists of real titles. What an admin says besides comes first and lives in `accounts.title_rules`.
"""

import hashlib
import html
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from accounts import title_departments as parts
from accounts import title_words as words

LONGEST = 200
"""Characters of a title that are looked at, which is what is stored."""

#: Another one whenever the rules or their words are others: people are then looked at again.
MARK = hashlib.sha256(
    b"".join(Path(str(file)).read_bytes() for file in (__file__, words.__file__, parts.__file__))
).hexdigest()[:16]


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
    text = title[:LONGEST]
    if "<" in text or "&" in text:
        text = html.unescape(_TAG.sub(" ", text))
    text = unicodedata.normalize("NFKD", text).replace("_", " ")
    text = "".join(char for char in text if not unicodedata.combining(char) and unicodedata.category(char) != "Cf")
    text = _INITIALS.sub(lambda found: found[0].replace(".", "") + " ", text.casefold())
    return " ".join(re.findall(rf"[\w{keep}]+", text.partition("@")[0] or text))


def plain_words(title: str) -> str:
    """The plain title without the employer's name ("… at Lead Forensics", "President, Acme Inc.") and without other
    people's titles; `""` when it is none ("N/A")."""
    text = plain_text(_COMPANY.sub("", _BOTH_FORMS.sub("", title[:LONGEST])))
    text = words.HELPS.sub(" help", words.OFFICE_OF.sub(" office", words.SOMEBODY_ELSE.sub(_own, text))).strip()
    own = re.split(r"(?<!\S)(?:at|bei|chez|presso) ", text, maxsplit=1)[0].strip() or text
    return "" if own in words.NO_TITLE else own


_TAG = re.compile(r"<[^<>]*>")
#: "V.P.", "C.E.O", "P.-D.G.": letters each with a dot, the last one perhaps without.
_INITIALS = re.compile(r"(?<!\w)(?:\w\.-?)+(?:\w(?!\w)|(?<=\.))")
#: A company after a comma or a dash, by the letters of its form.
_COMPANY = re.compile(
    r"(?:\s*[,|(]|\s[-–—])\s*(?:(?!\b(?:at|of|for)\b)[^,|()–—])*\b(?:inc|llc|ltd|limited|gmbh|corp|corporation|plc|pty|kg|s\.a\.s?|s\.?r\.?l|b\.?v)\b\.?\)?\s*$",
    re.IGNORECASE,
)


#: What makes both forms of a word: "Leiter:in", "Chargé(e)", "Jefe/a".
_BOTH_FORMS = re.compile(
    r"\((?:e|s|in|a|ne|rice|euse)\)|[·•](?:e|s|ne|rice|euse|trice)\b|[:*_/]in(?:nen)?\b|(?<=\w\w)/a\b"
)


def _own(found: re.Match[str]) -> str:
    """What is left of "assistant to the CEO": whose title it is."""
    before, _to, _whose = found[0].partition(" to ")
    return before if _to else found[0].split()[0]


def spelt(text: str) -> str:
    """The plain title with abbreviations written out and the commonest slips mended: a letter of a common word that is missing,
    doubled or in the wrong place."""
    return " ".join([words.MISSPELT.get(word, word) for word in text.split(" ")])


def _east_asian(title: str) -> tuple[str, str]:
    for alternatives, level in words.EAST_ASIAN:
        for part in alternatives.split("|"):
            if part in title:
                return level, part
    return "", ""


_DOCTOR = re.compile(r"(?<!\S)md(?!\S)")


def _seniority(title: str, text: str) -> tuple[str, str]:
    """The value and the words that say it."""
    if words.MEDICAL.search(text):
        text = _DOCTOR.sub("doctor", text)
    if found := words.RETIRED.search(text):
        return "other", found[0]
    if text.startswith("chief of staff"):
        return "manager", "chief of staff"
    if found := words.AIDE.search(text):
        return "individual", found[0].strip()
    if (found := words.ASSISTANT.search(text)) and not words.MANAGER.search(text):
        return "individual", found[0]
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
    if words.BOARD_ALONE.search(text):
        return "c_level", text
    if found := words.PRESIDENT.search(text):
        return "director" if words.PRESIDENT_ALONE.sub(" ", text).strip() else "c_level", found[0]
    if found := words.DIRECTOR.search(words.LEADS_FEW.sub(" ", without_board)):
        return "director", found[0]
    if found := words.MANAGER.search(text) or words.LEADS_FEW.search(text):
        return "manager", found[0]
    if found := words.LEADS_A_PART.search(text):
        return "manager", found[0]
    level, part = _east_asian(title)
    if level:
        return level, part
    found = words.INDIVIDUAL.search(text)
    return ("individual", found[0]) if found else ("other", "")


def _department(title: str, text: str) -> tuple[str, str]:
    in_capitals = bool(parts.IT_IN_CAPITALS.search(title)) and title.upper() != title
    without_rank = words.VICE_PRESIDENT.sub(" ", text)
    for department, pattern in parts.DEPARTMENTS:
        found = pattern.search(without_rank if department == "general" else text)
        # Only the abbreviations of chiefs and the departments that IT people work for go before "IT".
        if in_capitals and department in ("design", "data", "product", "engineering", "it", "finance", "operations"):
            return ("finance", found[0]) if department == "finance" and found else _beside_it(title, text)
        if found:
            return department, found[0]
    return "other", ""


def _beside_it(title: str, text: str) -> tuple[str, str]:
    """IT, or whom it is the work of: an "IT Recruiter" is of HR. Of several departments ("HR & IT") it is IT."""
    if not parts.IT_AND_OTHERS.search(title):
        for department, pattern in parts.DEPARTMENTS:
            if department in parts.BESIDE_IT and (found := pattern.search(text)):
                return department, found[0]
    return "it", "IT"


def _held_now(title: str) -> tuple[str, str]:
    """The title without what somebody was before ("VP Sales (former CTO)"). Where that leaves nothing, the whole, and the word
    that says that it is past."""
    claims = [claim for claim in words.SEVERAL.split(title) if claim.strip()]
    past = [found[0] for claim in claims if (found := words.PAST.match(claim))]
    if not past:
        ended = words.PAST_AFTER.search(title)
        return title, ended[0].strip().lower() if ended else ""
    now = ", ".join(claim.strip() for claim in claims if not words.PAST.match(claim))
    return (now, "") if now else (title, past[0].strip().lower())


def explained(title: str) -> tuple[Title, Why]:
    """As `classify`, with the words that decided."""
    title, past = _held_now(title[:LONGEST].strip())
    text = spelt(plain_words(title))
    if not text:
        return Title("", ""), Why("", "")
    if past:
        department, department_by = _department(title, text)
        return Title("other", department), Why(past, department_by)
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
    """`"Business"`, `"Technical"`, `"Sales-Marketing"` or `"Other"`: what kind of talk a person of this title wants. What somebody
    was before counts, too."""
    title = title[:LONGEST].strip()
    text = spelt(plain_words(title))
    seniority = _seniority(title, text)[0] if text else ""
    text = text.replace("biz dev", "business development")
    technical = bool(parts.TECHNICAL.search(text) or parts.IT_IN_CAPITALS.search(title))
    makes = bool(parts.MAKES.search(parts.DEVELOPS_BUSINESS.sub(" ", text)))
    if parts.LEADS_ALL.search(words.VICE_PRESIDENT.sub(" ", parts.FOUNDING_STAFF.sub(" ", text))):
        return "Technical" if parts.TECHNICAL_LEAD.search(text) else "Business"
    if parts.TECHNICAL_CHIEF.search(text) and not parts.OTHER_CHIEF.search(text):
        return "Technical"
    if parts.SELLS.search(text):
        return "Technical" if parts.BUILDS.search(text) and "sales engineer" not in text else "Sales-Marketing"
    match seniority:
        case "vp":
            return "Technical" if parts.BUILDS.search(text) else "Business"
        case "c_level":
            return "Business" if not parts.STAFF.search(text) else "Other"
        case "director":
            if parts.STAFF.search(text) or (parts.RUNS_ALL.search(text) and not words.PRESIDENT.search(text)):
                return "Other"
            return "Technical" if technical and not parts.RUNS.search(text) else "Business"
    if parts.DEVELOPS_BUSINESS.search(text):
        return "Business"
    if parts.SERVES_STAFF.search(text) or parts.RUNS_ALL.search(text):
        return "Other"
    if technical or makes:
        return "Technical"
    return (
        "Business"
        if {"business", "negocio", "negocios"} & set(text.split(" ")) and not parts.STAFF.search(text)
        else "Other"
    )


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
