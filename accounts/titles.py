"""What a job title says: seniority, department, and the role in a purchase that follows. Pure: no Django, no database.

The rules are tables of words, English first, with the common German, French, Spanish, Portuguese, Italian, Dutch, Nordic
and East Asian ones. `docs/titles.md` tells them in words and shows how often they are right on a list of real titles.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 200
"""Characters of a title that are looked at, which is what is stored."""


@dataclass(frozen=True, slots=True)
class Title:
    """Values of Seniority and Department; both `""` when there is no title at all."""

    seniority: str
    department: str


def _words(*texts: str) -> re.Pattern[str]:
    """One pattern for whole words, side by side, from texts of alternatives parted by `|`; `*` is any end of a word."""
    alternatives = [part.strip().replace("*", r"\S*") for text in texts for part in text.split("|") if part.strip()]
    return re.compile(r"(?<!\S)(?:" + "|".join(alternatives) + r")(?!\S)")


# Seniority -----------------------------------------------------------------------------------------------------------

CHIEF_EXECUTIVE = _words(
    "ceo|chief executive|chief exec|co ceo|founder*|cofounder*|founding partner|founding member|founding ceo|co founding",
    "geschaftsfuhrer*|geschaeftsfuehrer*|geschaftsfuhrung|vorstand|vorstandsvorsitzende*|grunder*|mitgrunder*|inhaber*",
    "pdg|president directeur general|directeur general|directrice generale|fondateur|fondatrice|cofondateur|cofondatrice",
    "gerant|gerante|chef d entreprise",
    "director general|directora general|gerente general|consejero delegado|consejera delegada|fundador*|cofundador*",
    "director ejecutivo|directora ejecutiva|diretor geral|diretora geral|socio fundador",
    "amministratore delegato|amministratrice delegata|fondatore|fondatrice|titolare|algemeen directeur|oprichter|eigenaar",
    "verkstallande direktor|grundare|administrerende direktor|prezes|zalozyciel|toimitusjohtaja",
)
VICE_PRESIDENT = _words(
    "vp|svp|evp|avp|rvp|gvp|fvp|vice president|vice presidents|vicepresident|vice pres|executive vice|vice prasident",
    "vizeprasident*|vice presidente|vicepresidente|vicepresidenta|vice presidente|vice presidente executivo",
)
BOARD = _words(
    "chairman|chairwoman|chairperson|board chair|chair of the board|executive chair|board|boards|aufsichtsrat*",
    "conseil d administration|consejo de administracion|prasident des verwaltungsrats|verwaltungsrat*",
)
ADVISORY = _words("advisory board*|board of advisor*|board advisor*|advisor to the board|board certified|job board*")
CHIEF = _words(
    "cto|cfo|coo|cmo|cio|ciso|cso|cpo|cro|cco|cdo|chro|cao|clo|cxo|cko|cbo|cgo|caio|cdao|cpto|cito|chief|chiefs",
)
NO_CHIEF = _words("chief of staff|chief * counsel|chief counsel|chief of party|director * chief|chief * director")
PRESIDENT = _words("president|presidente|presidenta|prasident|prasidentin|presidente executivo|presidente ejecutivo")
# A president on their own leads the company; the president of something leads a part of it.
PRESIDENT_ALONE = _words(
    "president|presidente|presidenta|prasident|prasidentin|co|and|the|owner|secretary|treasurer|cfo|coo|cto|cio|chief"
    "|officer|financial|operating|technology|scientific|partner|principal|of|company|general|manager|group"
)
OWNER = re.compile(r"^(?:co |business |company |sole |small business )*(?:owner|proprietor|owner operator)(?!\S)")
DIRECTOR = _words(
    "director*|directeur*|directrice*|direktor*|diretor*|direttore|direttrice|dyrektor*|head|heads|md|hoofd|jefe de area",
    "leiter|leiterin|leitung|bereichsleiter*|abteilungsleiter*|hauptabteilungsleiter*|prokurist*|*direktor|*direktorin",
    "vertriebsleiter*|marketingleiter*|entwicklungsleiter*|personalleiter*|werksleiter*|standortleiter*|it leiter*",
    "produktionsleiter*|finanzleiter*|einkaufsleiter*|betriebsleiter*|subdirector*|director adjunto",
)
MANAGER = _words(
    "manager*|mgr|lead|leads|team leader*|teamleader|gm|projektleiter*|teamleiter*|gruppenleiter*|schichtleiter*",
    "responsable*|chef de projet*|chef de produit*|cheffe de projet*|chef d equipe|gerente*|jefe|jefa|encargad*",
    "coordinador*|coordenador*|responsabile|capo progetto|kierownik*|teamleider|afdelingshoofd|chef|avdelningschef",
)
NO_LEAD = _words(
    "lead generation|lead gen|lead qualification|lead development|sales lead generation|sous chef|head hunter"
)
# Whoever assists a chief is none: what follows "to" is somebody else's title.
SOMEBODY_ELSE = re.compile(
    r"(?<!\S)(?:assistant|assistants|secretary|aide|pa|ea|reporting|reports) to (?!\S* ?assistant).*$"
)
BOARD_OF_DIRECTORS = re.compile(r"board of director\S*")

# What forms and imports put where a title is missing.
NO_TITLE = frozenset(["n a", "na", "none", "null", "nil", "unknown", "other", "undefined", "test", "tbd", "title", "x"])

# Titles in scripts without spaces, by the part that says it; longer parts first.
EAST_ASIAN = [
    ("代表取締役|社長|会長|首席执行官|总裁|董事长|总经理|總經理|創業者|创始人|대표이사|대표|최고", "c_level"),
    ("副总裁|副總裁|副社長|부사장", "vp"),
    ("本部長|部長|总监|總監|取締役|본부장|부장|이사", "director"),
    ("課長|经理|經理|主管|係長|マネージャー|リーダー|팀장|과장|매니저", "manager"),
]

# Department ----------------------------------------------------------------------------------------------------------

# The first line that matches decides: words that leave no doubt first, words that many departments use last.
DEPARTMENTS: list[tuple[str, re.Pattern[str]]] = [
    (department, _words(words))
    for department, words in [
        ("marketing", "cmo|chief marketing*|product marketing|technical marketing|marketing operations"),
        ("finance", "cfo|chief financial*|chief finance*|chief accounting*|directeur financier|director financiero"),
        ("engineering", "cto|chief technology*|chief technical*|chief engineering|cpto|directeur technique"),
        ("it", "cio|ciso|cito|chief information*|chief security*|chief digital information*"),
        ("operations", "coo|chief operating|chief operations"),
        ("product", "cpo|chief product*|product owner"),
        ("data", "cdo|cdao|caio|chief data*|chief analytics|chief ai"),
        ("hr", "chro|chief people|chief human*|chief talent"),
        ("legal", "clo|chief legal|chief compliance*|chief regulatory*|general counsel"),
        ("sales", "cro|chief revenue*|chief sales|chief commercial*|chief growth"),
        ("success", "cco|chief customer*"),
        ("general", "ceo|chief executive|chairman|chairwoman|managing director|general manager|gm"),
        ("general", "geschaftsfuhrer*|geschaeftsfuehrer*|vorstand|pdg|directeur general|directrice generale"),
        ("general", "director general|directora general|gerente general|amministratore delegato|toimitusjohtaja"),
        ("procurement", "procurement|purchasing|sourcing|buyer|buyers|buying|einkauf*|achats|acheteur|compras|vendor"),
        ("legal", "legal|counsel|attorney|lawyer|law|paralegal|compliance|regulatory|privacy|juridique|recht|juri*"),
        ("legal", "solicitor|barrister|contracts|notary|abogad*|avocat*"),
        ("hr", "hr|human resources|human resource|people operations|people ops|people partner|head of people|talent"),
        ("hr", "recruit*|recruiter|people|payroll|personal*|rrhh|ressources humaines|recursos humanos|rh|headhunter"),
        ("success", "customer success|client success|customer support|customer service*|customer experience|support"),
        (
            "success",
            "customer care|client services|client service|helpdesk agent|onboarding|implementation|kundenservice",
        ),
        ("sales", "sales|account executive*|account manager*|account management|business development|bdr|sdr|biz dev"),
        (
            "sales",
            "vertrieb*|ventes|commercial|ventas|comercial|vendas|revenue|partnerships|alliances|presales|verkauf*",
        ),
        ("sales", "territory|key account*|client partner|channel|commerciale|verkoop|bdm"),
        ("marketing", "marketing|marketer|seo|sem|brand|growth|demand generation|demand gen|communications|pr|content"),
        ("marketing", "social media|public relations|advertising|mercadeo|communication|copywriter|media|evangelist"),
        ("design", "design|designer*|ux|ui|user experience|usability|art director|creative|illustrator|artist|disen*"),
        ("design", "graphic|interaction|visual"),
        ("data", "data|analytics|bi|business intelligence|machine learning|ml|ai|statistic*|datos|donnees|insights"),
        ("data", "data scientist|artificial intelligence|datenanalyst*"),
        (
            "product",
            "product manager*|product management|product lead|head of product*|product director|produktmanager*",
        ),
        (
            "product",
            "vp product*|vp of product*|director of product*|product strategy|chef de produit|produto|producto",
        ),
        ("engineering", "engineer*|engineering|developer*|software|devops|sre|programmer*|full stack|frontend|backend"),
        ("engineering", "front end|back end|architect*|technology|technologies|technical|tech|qa|testing|tester|test"),
        ("engineering", "hardware|electronics|embedded|platform|r d|research and development|development|entwickl*"),
        ("engineering", "developp*|ingenieur*|ingenier*|desarroll*|desenvolv*|ingegner*|technik*|technique|swqa"),
        ("it", "information technology|information systems|information security|security|cyber*|network*|sysadmin*"),
        ("it", "infrastructure|system administrator*|systems administrator*|systems analyst*|system analyst*|helpdesk"),
        ("it", "edv|informatique|informatik*|sistemas|ti|systems|cloud|database*|dba"),
        ("finance", "finance|financial|financials|accounting|accountant*|account payable|controller|controlling"),
        (
            "finance",
            "treasury|treasurer|tax|audit|auditor|investment*|investor*|banking|banker|fp a|bookkeeper|finanz*",
        ),
        ("finance", "finances|financier|finanzas|contable|contador*|comptable|buchhalt*|fund|equity|credit"),
        ("product", "product|products"),
        (
            "operations",
            "operations|operation|operational|ops|supply chain|logistics|manufacturing|production|facilities",
        ),
        ("operations", "program manager*|project manager*|programme manager*|process|office manager"),
        ("operations", "betrieb*|projektleiter*|chef de projet|operaciones"),
        (
            "operations",
            "chief of staff|pmo|quality|safety|transportation|procede|logisti*|delivery|administration|project",
        ),
        ("general", "founder*|cofounder*|co founding|owner|president|partner|board|chair|md|grunder*|inhaber*|fondat*"),
        ("general", "fundador*|gerant*|strategy|general|management|eigenaar|prezes|titolare"),
    ]
]
# "IT" is a department and "it" is not: it counts in capitals, or with a neighbour that only the department has.
IT_IN_CAPITALS = re.compile(r"(?<![\w])(?:IT|I\.T\.?)(?![\w])")

# Area ----------------------------------------------------------------------------------------------------------------

LEADS_ALL = _words(
    "ceo|chief executive|founder*|cofounder*|co founding|founding*|president of|chairman|president founder|owner"
)
TECHNICAL_LEAD = _words("technical lead|tech lead|technical|technical council|head of engineering")
TECHNICAL_CHIEF = _words(
    "cto|cio|ciso|chief * scientist|chief data*|chief technology*|chief scientific*|chief ai|chief research*"
)
OTHER_CHIEF = _words("svp|senior vice president|chief operating*|coo")
SELLS = _words("sales|marketing|cmo|chief marketing*|seo|brand manager|vertrieb*|ventas|ventes|mercadeo")
BUILDS = _words("engineering|engineer|technical|product design|research|architect")
TECHNICAL = _words(
    "engineer*|engineering|developer*|software|devops|sre|programmer*|data|analytics|bi|ai|machine learning|scientist|research*",
    "technology|technologies|technical|tech|technique|it|infrastructure|network*|cyber*|cloud|computer|hardware|security|ux|ui",
    "web|digital product|test|testing|qa|r d|algorithm*|informatics|architecture|systems administrator|database*",
)
MAKES = _words(
    "product manager|product management|designer|design|development|architect|analyst|product development|engineering"
)
RUNS = _words("product|business|operations|quality|risk|strategy|finance")
STAFF = _words(
    "hr|human resources|people|talent|legal|counsel|compliance|account management|back office|administration|advisor"
)

# Roles in a purchase -------------------------------------------------------------------------------------------------

#: What a clear title is worth; behaviour alone is worth 0.3, a person's word 0.9.
CLEAR = 0.6
UNCLEAR = 0.4
#: Departments that buy tools for the whole company.
CORE = frozenset(["engineering", "product", "it", "operations", "data", "general"])
SMALL, BIG = 200, 1000
"""Employees: below the first the leaders buy themselves, from the second on their directors do."""


def _plain(title: str) -> str:
    """Lower-case words without accents parted by single spaces: `"Sr. V.P., R&D"` → `"sr vp r d"`."""
    text = unicodedata.normalize("NFKD", title[:LONGEST])
    text = "".join(char for char in text if not unicodedata.combining(char)).casefold()
    text = re.sub(r"(?<!\w)((?:\w\.){2,})", lambda found: found[1].replace(".", "") + " ", text)
    return " ".join(re.findall(r"\w+", text.partition("@")[0] or text))


def _own_words(title: str) -> str:
    """The plain title without the employer's name ("… at Lead Forensics") and without other people's titles."""
    text = SOMEBODY_ELSE.sub(lambda found: found[0].split()[0], _plain(title))
    own = re.split(r"(?<!\S)(?:at|bei|chez|presso) ", text, maxsplit=1)[0].strip()
    return own or text


def _east_asian(title: str) -> str:
    for parts, level in EAST_ASIAN[1:2] + EAST_ASIAN[:1] + EAST_ASIAN[2:]:
        if any(part in title for part in parts.split("|")):
            return level
    return ""


def _seniority(title: str, text: str) -> str:
    if CHIEF_EXECUTIVE.search(text):
        return "c_level"
    if VICE_PRESIDENT.search(text):
        return "vp"
    text = NO_LEAD.sub(" ", ADVISORY.sub(" ", text))
    without_board = BOARD_OF_DIRECTORS.sub(" ", text)
    if BOARD.search(text) and not DIRECTOR.search(without_board):
        return "c_level"
    if CHIEF.search(NO_CHIEF.sub(" ", text)) or OWNER.search(text):
        return "c_level"
    if PRESIDENT.search(text):
        return "director" if PRESIDENT_ALONE.sub(" ", text).strip() else "c_level"
    if DIRECTOR.search(without_board):
        return "director"
    if MANAGER.search(text) or "chief of staff" in text:
        return "manager"
    return _east_asian(title) or "other"


def _department(title: str, text: str) -> str:
    in_capitals = bool(IT_IN_CAPITALS.search(title)) and title.upper() != title
    for department, pattern in DEPARTMENTS:
        # Only the abbreviations of chiefs and the departments that IT people work for go before "IT".
        if in_capitals and department in ("design", "data", "product", "engineering", "it", "finance", "operations"):
            return "finance" if department == "finance" and pattern.search(text) else "it"
        if pattern.search(text):
            return department
    return "it" if re.search(r"(?<!\S)it(?!\S)", text) else "other"


@lru_cache(50_000)
def _classify(title: str) -> Title:
    text = _own_words(title)
    if not text or text in NO_TITLE:
        return Title("", "")
    seniority, department = _seniority(title, text), _department(title, text)
    # Who leads a company without naming a department leads the whole of it.
    return Title(seniority, "general" if (seniority, department) == ("c_level", "other") else department)


def classify(title: str) -> Title:
    """Seniority and department of a job title as people write it; unknown words give `other`. At most 200 characters
    are read; the time is linear."""
    return _classify(title[:LONGEST].strip())


def area(title: str) -> str:
    """`"Business"`, `"Technical"`, `"Sales-Marketing"` or `"Other"`: what kind of talk a person of this title wants."""
    seniority = classify(title).seniority
    text = _own_words(title[:LONGEST])
    technical = bool(TECHNICAL.search(text) or IT_IN_CAPITALS.search(title))
    makes = bool(MAKES.search(text.replace("business development", "")))
    if LEADS_ALL.search(VICE_PRESIDENT.sub(" ", text)):
        return "Technical" if TECHNICAL_LEAD.search(text) else "Business"
    if TECHNICAL_CHIEF.search(text) and not OTHER_CHIEF.search(text):
        return "Technical"
    if SELLS.search(text):
        return "Technical" if BUILDS.search(text) else "Sales-Marketing"
    match seniority:
        case "vp":
            return "Technical" if BUILDS.search(text) else "Business"
        case "c_level":
            return "Business" if not STAFF.search(text) else "Other"
        case "director":
            if STAFF.search(text):
                return "Other"
            return "Technical" if technical and not RUNS.search(text) else "Business"
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
