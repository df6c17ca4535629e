"""The words of titles, as data: what says a seniority, a department, or the kind of work. Pure; `accounts.titles` reads them.

English first, then German, French and Spanish, then the commonest of Portuguese, Italian, Dutch, Nordic and East Asian titles.
Texts are alternatives parted by `|`, each whole words side by side, without accents and in lower case; `*` is any end of a word.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

#: Another one whenever this file says something else: people are then looked at again.
MARK = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]


@dataclass(frozen=True)
class Words:
    """Texts of words, and the pattern that finds them."""

    texts: tuple[str, ...]
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        alternatives = [part.replace("*", r"\S*") for part in self.words]
        object.__setattr__(self, "pattern", re.compile(r"(?<!\S)(?:" + "|".join(alternatives) + r")(?!\S)"))

    @property
    def words(self) -> list[str]:
        return [part.strip() for text in self.texts for part in text.split("|") if part.strip()]

    def search(self, text: str) -> re.Match[str] | None:
        return self.pattern.search(text)

    def sub(self, by: str, text: str) -> str:
        return self.pattern.sub(by, text)


def _words(*texts: str) -> Words:
    return Words(texts)


# Seniority -----------------------------------------------------------------------------------------------------------

CHIEF_EXECUTIVE = _words(
    "ceo|chief executive|chief exec|co ceo|founder*|cofounder*|founding partner|founding member|founding ceo|co founding",
    "geschaftsfuhrende*|geschaftsleit*",
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
    "*leiter|*leiterin|*leitung|verantwortlicher fur|verantwortliche fur|dsi|daf|drh|rssi",
    "subdirector*|director adjunto",
)
MANAGER = _words(
    "manager*|*manager|*managerin|mgr|lead|leads|team leader*|teamleader|gm",
    "projektleiter*|teamleiter*|gruppenleiter*|schichtleiter*",
    "responsable*|chef de projet*|chef de produit*|cheffe de projet*|chef d equipe|gerente*|jefe|jefa|encargad*",
    "coordinador*|coordenador*|responsabile|capo progetto|kierownik*|teamleider|afdelingshoofd|chef|avdelningschef",
)
NO_LEAD = _words(
    "lead generation|lead gen|lead qualification|lead development|sales lead generation|sous chef|head hunter"
)
# Of the many titles in -leiter (director) those that lead a team or a project.
LEADS_FEW = _words(
    "*projektleit*|*teamleit*|*gruppenleit*|*schichtleit*|*produktleit*|*filialleit*|*marktleit*|*bauleit*|*stellvertretende* leit*"
)
# Who does the work and leads nobody; looked for when nothing says a rank.
INDIVIDUAL = _words(
    "engineer*|developer*|programmer*|coder|analyst*|designer*|architect*|specialist*|consultant*|administrator*|admin|associate*",
    "assistant*|coordinator*|representative*|rep|reps|agent*|advisor*|adviser*|officer*|scientist*|researcher*|technician*",
    "technologist*|operator*|accountant*|auditor*|attorney*|lawyer*|counsel|paralegal*|solicitor*|recruiter*|sourcer*|buyer*|clerk*",
    "secretary|receptionist*|intern|interns|internship|trainee*|apprentice*|student*|graduate|teacher*|professor*|lecturer*",
    "instructor*|trainer*|tutor*|writer*|copywriter*|editor*|author*|journalist*|reporter*|photographer*|artist*|illustrator*",
    "animator*|strategist*|planner*|producer*|marketer*|salesperson|salesman|saleswoman|seller*|executive|evangelist*|advocate*",
    "tester*|nurse*|doctor*|physician*|surgeon*|therapist*|pharmacist*|dentist*|driver*|mechanic*|electrician*|carpenter*|plumber*",
    "cashier*|barista*|waiter|waitress|server|freelance*|contractor*|individual contributor|bookkeeper*|broker*|banker*|trader*",
    "underwriter*|actuary|economist*|statistician*|product owner|scrum master|business partner|sdr|bdr|sre|dba|dev|devops",
    "sysadmin*|full stack|fullstack|data entry|coach*|psychologist*|librarian*|translator*|interpreter*|estimator*",
    "inspector*|surveyor*|dispatcher*|merchandiser*|stylist*|headhunter*|worker*|staff|member|expert*|integrator*|practitioner*|hacker*|ic|postdoc*|phd",
    "client partner|machinist*|welder*|chemist*|biologist*|physicist*|mathematician*|investigator*|examiner*|builder*|webmaster*",
    # German
    "*entwickler*|*ingenieur*|*berater*|sachbearbeiter*|*mitarbeiter*|*referent*|*assistent*|*assistenz|*techniker*|*kaufmann|*kauffrau",
    "*buchhalter*|*architekt*|*spezialist*|werkstudent*|praktikant*|auszubildende*|azubi*|*verkaufer*|*administrator*|sekretar*",
    "*fachkraft|*angestellte*|*designer*|*einkaufer*|jurist*|*anwalt|*anwaltin|*informatiker*|*beauftragte*|*gestalter*|*redakteur*",
    "*betreuer*|*vertreter*|*lehrer*|*mechaniker*|*arzt|*arztin|*forscher*|*pruefer*|*prufer*|*analyst*|*koordinator*|*fachfrau",
    "*fachmann|disponent*|*planer|*planerin|wissenschaftl*|*personalerin|personaler|*vertriebler*",
    # French
    "developpeu*|ingenieur*|charge de|chargee de|charge d|chargee d|conseiller*|conseillere*|technicien*|comptable*|analyste*",
    "architecte*|concepteur*|conceptrice*|graphiste*|redacteur*|redactrice*|commercial|commerciale|acheteur*|acheteuse*|juriste*",
    "avocat*|stagiaire*|alternant*|apprenti*|vendeu*|employe*|secretaire*|formateur*|formatrice*|chercheu*|recruteu*|collaborat*",
    "gestionnaire*|infirmier*|enseignant*|administrateur*|administratrice*|assistante*|attache*|ouvrier*|specialiste*",
    # Spanish
    "administrador*|desarrollador*|ingenier*|consultor*|analista*|disenador*|programador*|tecnico*|tecnica*|asesor*|asistente*|auxiliar*",
    "administrativ*|contador*|contable*|abogad*|especialista*|ejecutivo|ejecutiva|vendedor*|becari*|practicante*|arquitect*",
    "comprador*|investigador*|profesor*|redactor*|secretari*|operari*|reclutador*|agente*|cientific*|tecnolog*|medic*|enfermer*",
    # Portuguese, Italian, Dutch, Nordic, Polish
    "desenvolvedor*|engenheir*|sviluppat*|ingegner*|consulente*|impiegat*|addett*|progettista*|specialista*|assistente*|estagiari*",
    "*ontwikkelaar*|*medewerker*|*adviseur*|utvecklare*|*utvecklare|udvikler*|konsulent*|konsult*|specjalist*|programist*|radca*",
)
# Whoever assists a chief is none: what follows "to" is somebody else's title.
SOMEBODY_ELSE = re.compile(
    r"(?<!\S)(?:(?:assistant|assistants|secretary|aide|pa|ea|reporting|reports) to (?!\S* ?assistant)"
    r"|(?:assistent|assistentin|assistenz|sekretar|sekretarin|referent|referentin|assistante?|secretaire|asistente|secretari[ao])"
    r" (?:der|des|von|zum|zur|du|de la|de|d|del) "
    r"(?:geschaft|vorstand|direction|directeur|directrice|president|pdg|gerencia|director|direccion)).*$"
)
BOARD_OF_DIRECTORS = re.compile(r"board of director\S*")

# What forms and imports put where a title is missing.
NO_TITLE = frozenset(["n a", "na", "none", "null", "nil", "unknown", "other", "undefined", "test", "tbd", "title", "x"])

# Titles in scripts without spaces, by the part that says it; the first line with a part of the title decides.
EAST_ASIAN = [
    ("副总裁|副總裁|副社長|부사장", "vp"),
    ("代表取締役|社長|会長|首席执行官|总裁|董事长|总经理|總經理|創業者|创始人|대표이사|대표|최고", "c_level"),
    ("本部長|部長|总监|總監|取締役|본부장|부장|이사", "director"),
    ("課長|经理|經理|主管|係長|マネージャー|リーダー|팀장|과장|매니저", "manager"),
    ("工程师|工程師|开发|開発|エンジニア|専員|专员|担当|设计师|デザイナー|분석가|엔지니어|개발자|사원", "individual"),
]

# Department ----------------------------------------------------------------------------------------------------------

# The first line that matches decides: words that leave no doubt first, words that many departments use last.
DEPARTMENTS: list[tuple[str, Words]] = [
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
        (
            "it",
            "tecnologia* de la informacion|tecnologia da informacao|systeme* d information|dsi|rssi|it security|it sicherheit*",
        ),
        ("finance", "daf|kaufmannisch*"),
        (
            "success",
            "kundenberat*|kundenbetreu*|kundendienst*|clientele|service client*|relation* client*|atencion al cliente",
        ),
        ("success", "servicio al cliente|soporte"),
        (
            "procurement",
            "procurement|purchasing|sourcing|buyer|buyers|buying|einkauf*|achats|acheteu*|compras|comprador*|vendor",
        ),
        ("legal", "legal|counsel|attorney|lawyer|law|paralegal|compliance|regulatory|privacy|juridique|recht|juri*"),
        ("legal", "*anwalt|*anwaltin|datenschutz*|solicitor|barrister|contracts|notary|abogad*|avocat*"),
        (
            "hr",
            "drh|hr|human resources|human resource|people operations|people ops|people partner|head of people|talent",
        ),
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
        ("sales", "revops|aussendienst*|territory|key account*|client partner|channel|commerciale|verkoop|bdm"),
        ("marketing", "marketing|marketer|seo|sem|brand|growth|demand generation|demand gen|communications|pr|content"),
        ("marketing", "social media|public relations|advertising|mercadeo|communication|copywriter|media|evangelist"),
        (
            "design",
            "design|designer*|ux|ui|user experience|usability|art director|creative|illustrator|artist|disen*",
        ),
        ("design", "graphic|interaction|visual|mediengestalt*|grafik*|graphist*"),
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
        (
            "engineering",
            "*entwickler*|*entwicklung|*ingenieur*|programador*|arquitect* de soluciones|tecnologia|technologie*|logiciel",
        ),
        ("engineering", "technische* leit*|softwarearchitekt*"),
        ("engineering", "developp*|ingenieur*|ingenier*|desarroll*|desenvolv*|ingegner*|technik*|technique|swqa"),
        ("it", "information technology|information systems|information security|security|cyber*|network*|sysadmin*"),
        ("it", "infrastructure|system administrator*|systems administrator*|systems analyst*|system analyst*|helpdesk"),
        (
            "it",
            "*systemadministrat*|fachinformatiker*|systeme*|reseau*|redes|edv|informatique|informatik*|sistemas|ti|systems|cloud|database*|dba",
        ),
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
        (
            "operations",
            "program manager*|project manager*|programme manager*|process|office manager",
        ),
        (
            "operations",
            "qualitat*|administrativ*|jef* de proyecto*|projektmanage*|betrieb*|projektleiter*|chef de projet|operaciones",
        ),
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
