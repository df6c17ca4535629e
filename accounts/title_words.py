"""The words of titles that say a seniority, as data. Pure; `accounts.titles` reads them, beside those of `title_departments`.

English first, then German, French and Spanish, then the commonest of Portuguese, Italian, Dutch, Nordic and East Asian titles.
Texts are alternatives parted by `|`, each whole words side by side, without accents and in lower case; `*` is any end of a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Words:
    """Texts of words, and the pattern that finds them."""

    texts: tuple[str, ...]
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        alternatives = [part.replace("*", r"\S*") for part in self.words]
        object.__setattr__(self, "pattern", re.compile(r"(?<!\S)(?:" + "|".join(alternatives) + r")(?!\S)"))

    @property
    def told(self) -> list[str]:
        """The words as people read them, without what may not stand beside them."""
        return [re.sub(r"\(\?[^)]*\)", "", word) for word in self.words]

    @property
    def words(self) -> list[str]:
        return [part.strip() for text in self.texts for part in text.split("|") if part.strip()]

    def search(self, text: str) -> re.Match[str] | None:
        return self.pattern.search(text)

    def sub(self, by: str, text: str) -> str:
        return self.pattern.sub(by, text)


def words_of(*texts: str) -> Words:
    return Words(texts)


# Seniority -----------------------------------------------------------------------------------------------------------

CHIEF_EXECUTIVE = words_of(
    "ceo|chief executive|chief exec|co ceo|founder*|cofounder*|founding partner|founding member|founding ceo|co founding",
    "c level|c suite|csuite|managing member",
    "non executive director*|nonexecutive director*|independent director*|ned|administrat* independant*|consejer* independiente*",
    "geschaftsfuhrende*|geschaftsleit*",
    "*geschaftsfuhrer*|geschaeftsfuehrer*|geschaftsfuhrung|gf|*vorstand|vorstande|vorstands|vorstandin*|*vorstandsvorsitzende*",
    "vorstandsmitglied*|vorstandssprecher*",
    "grunder*|mitgrunder*|*inhaber|*inhaberin|inhaber in|*unternehmer|*unternehmerin|aufsichtsratsvorsitzende*",
    "pdg|president directeur general|directeur general|directrice generale|fondateur|fondatrice|cofondateur|cofondatrice",
    "gerant|gerante|chef d entreprise|cheffe d entreprise|dirigeant|dirigeante|dirigeants|p dg|dg|associe gerant|proprietaire",
    "(?<!assistant )(?<!deputy )(?<!associate )director general|directora general|gerente general|consejero delegado",
    "consejera delegada|fundador*|cofundador*",
    "director ejecutivo|directora ejecutiva|diretor geral|diretora geral|diretor executivo|diretora executiva|socio fundador",
    "socia fundador*",
    "gerenta general|director gerente|directora gerente|propietari*|dueno|duena|empresario|empresaria|proprietari*",
    "socio gerente|socia gerente",
    "amministratore delegato|amministratore unico|direttore generale|direttrice generale|socio fondatore|socia fondatrice",
    "imprenditore|amministratrice delegata|fondatore|fondatrice|titolare|algemeen directeur|oprichter|eigenaar|eigenares|dga",
    "генеральныи директор|основатель|соучредитель|владелец|президент",
    "verkstallande direktor|agare|ejer|eier|omistaja|wlasciciel*|grundare|administrerende direktor|prezes|zalozyciel",
    "toimitusjohtaja",
)
VICE_PRESIDENT = words_of(
    "vp|vps|svp|evp|avp|rvp|gvp|fvp|cvp|sevp|v p|s v p|e v p|a v p|vice president|vice presidents|vicepresident",
    "vice pres|v president|vice presidency|executive vice|vice prasident",
    "vizeprasident*|vice presidente|vicepresidente|vicepresidenta|vice presidente|vice presidente executivo",
)
BOARD = words_of(
    "chairman|chairwoman|chairmen|chairperson|vice chair|deputy chair|board chair|chair of the board|executive chair|board",
    "boards|aufsichtsrat*",
    "membre du directoire|directoire|membre du comite de direction|membre du comite executif|membre du codir|membre du comex",
    "miembro del comite de direccion",
    "member of the executive committee|executive committee member|member executive committee",
    "vorsitzende*(?! des betriebsrat)(?! betriebsrat)|*styrelse*|styremedlem|styreleder",
    "conseil d administration|consejo de administracion|prasident des verwaltungsrats|verwaltungsrat*",
)
ADVISORY = words_of(
    "advisory board*|board of advisor*|board advisor*|advisor to the board|board certified|board eligible|job board*",
    "editorial board*",
    "circuit board*|pc board*|parole board*|review board*|board design*|board level|board game*|board layout|board operator*",
    "board exam*",
    "secretary of the board|board secretary|board liaison|board administrator|secretary to the board|student board",
    "board of appeals|board bring up",
    "board support|board observer",
)
CHIEF = words_of(
    "cto|cfo|coo|cmo|cio|ciso|cso|cpo|cro|cco|cdo|chro|cao|clo|cxo|cko|cbo|cgo|caio|cdao|cpto|ctpo|cito|cdio|cdto|cmio|cno",
    "cqo|cvo",
    # In other languages than English the president of something is who leads it.
    "presidente|presidenta|prasident|prasidentin|president de|president du|president des|president d",
    "cino|cfoo|chief|chiefs",
)
# A chief by name who is none of the company: a rank of a service or a crew, and the first among workers.
NO_CHIEF = words_of(
    "chief of staff|chiefs of staff|chief * counsel|chief counsel|chief of party|director * chief|chief * director",
    "crew chief|section chief|shift chief|station chief|team chief|flight chief|maintenance chief|battalion chief|squad chief",
    "platoon chief",
    "chief resident|chief petty officer|chief warrant officer",
    "warrant officer|chief clerk",
    "chief mate|chief officer mate|chief steward|chief stewardess|chief cook|chief inspector|chief dispatcher|chief operator",
    "chief photographer",
    "chief electrician|chief mechanic|chief technician|chief draftsman|chief estimator|chief surveyor|copy chief",
    "chief master sergeant",
)
#: Those of them who lead some.
LEADS_A_PART = words_of(
    "chief of staff|chiefs of staff|section chief|shift chief|station chief|team chief|division chief",
    "battalion chief",
    "crew chief",
)
PRESIDENT = words_of("president|presidente|presidenta|prasident|prasidentin|presidente executivo|presidente ejecutivo")
# A president on their own leads the company; the president of something leads a part of it.
PRESIDENT_ALONE = words_of(
    "president|presidente|presidenta|prasident|prasidentin|co|and|the|owner|secretary|treasurer|cfo|coo|cto|cio|chief"
    "|officer|financial|operating|technology|scientific|partner|principal|of|company|general|manager|group|gm|acting|interim",
    "executive",
)
OWNER = re.compile(
    r"^(?:co |business |company |sole |small |franchise |practice |agency |shop |store |firm )*"
    r"(?:owner|coowner|proprietor|owner operator)(?!\S)"
)
DIRECTOR = words_of(
    "(?<!socio )(?<!socia )director(?!y)(?!ies)*|directeur*|directrice*|direktor*|diretor*|direttore|direttrice|dyrektor*",
    "head|heads|md|hoofd",
    "jefe de area|jefa de area|(?<!.)direction|(?<!.)direccion|(?<!.)subdireccion",
    "dir|managing dir|директор|руководитель|начальник|subdirector*|codirector*|headmaster|headmistress|headteacher",
    "secretaire general|secretaire generale",
    "leiter|leiterin|leitung|bereichsleiter*|abteilungsleiter*|hauptabteilungsleiter*|prokurist*|*direktor|*direktorin",
    "*leiter|*leiterin|*leitung|verantwortlicher fur|verantwortliche fur|dsi|daf|drh|rssi|prokuristin|prokura|*vorsteher",
    "*vorsteherin",
    "*leiter in|*leiterinnen|amtschef*|dezernent*",
    "subdirector*|director adjunto",
)
MANAGER = words_of(
    "manager*|*manager|*managerin|csm|pm|mgr|mgrs|mngr|mger|mgmr|lead|leads|team leader*|teamleader|gm|teamlead|*teamlead|techlead",
    "squad leader",
    "(?<!group )(?<!thought )(?<!opinion )(?<!world )(?<!industry )(?<!market )leader|department chief",
    "gestor* de projet*|gestor* de proyecto*|gestor* de producto*",
    "projektleiter*|teamleiter*|gruppenleiter*|schichtleiter*|schichtfuhrer*|vorarbeiter*|*teamleitung|meister",
    "industriemeister*|werkmeister*",
    "responsable*|respo|chef de projet*|chef de produit*|cheffe de projet*|chef d equipe|gerente*|gerenta*|subgerent*|dgm|agm|jefe",
    "jefa|subjefe|encargad*|subencargad*",
    "cheffe|менеджер|тимлид|lider|lideresa|chefe|capo|responsabili|hoofden|capo area",
    "coordinador*|coordenador*|responsabile|capo progetto|kierownik*|teamleider|afdelingshoofd|chef|avdelningschef",
)
NO_LEAD = words_of(
    "lead generation|lead gen|lead qualification|lead development|lead management|lead nurtur*|sales lead generation|sous chef",
    "head hunter|pastry chef|chef de rang|chef de partie|demi chef*|private chef|personal chef|lead acid|lead time",
)
# Of the many titles in -leiter (director) those that lead a team or a project.
LEADS_FEW = words_of(
    "*projektleit*|*teamleit*|*gruppenleit*|*schichtleit*|*produktleit*|*filialleit*|*marktleit*|*bauleit*",
    "*stellvertretende* leit*|head chef|head cook|head nurse|head waiter|head waitress|head baker|head bartender|head cashier",
    "head housekeeper|*storeleit*|*objektleit*|*kursleit*|*stationsleit*|*gebietsleit*|gebietsverkaufsleit*|*bezirksleit*",
    "*lagerleit*|*werkstattleit*|*buroleit*",
)
# Who does the work and leads nobody; looked for when nothing says a rank.
INDIVIDUAL = words_of(
    "engineer*|developer*|programmer*|coder|analyst*|designer*|architect*|specialist*|consultant*|administrator*|admin",
    "associate*",
    "assistant*|coordinator*|representative*|rep|reps|agent*|advisor*|adviser*|officer*|scientist*|researcher*|technician*",
    "technologist*|operator*|accountant*|auditor*|attorney*|lawyer*|counsel|paralegal*|solicitor*|recruiter*|sourcer*|buyer*",
    "clerk*",
    "secretary|receptionist*|intern|interns|internship|trainee*|apprentice*|student*|graduate|teacher*|professor*|lecturer*",
    "instructor*|trainer*|tutor*|writer*|copywriter*|editor*|author*|journalist*|reporter*|photographer*|artist*|illustrator*",
    "animator*|strategist*|planner*|producer*|marketer*|salesperson|salesman|saleswoman|seller*|executive|evangelist*",
    "advocate*",
    "apprentice*|supervisor*|foreman|candidate|teller*|guard*|pilot*|cook|helper*|installer*|maker*|assembler*|handler*",
    "collector*",
    "drafter*|draftsman|scheduler*|facilitator*|liaison|processor*|appraiser*|counselor*|therapist|caregiver*|superintendent",
    "captain|tech|techs",
    "tester*|nurse*|doctor*|physician*|surgeon*|therapist*|pharmacist*|dentist*|driver*|mechanic*|electrician*|carpenter*",
    "plumber*",
    "cashier*|barista*|waiter|waitress|server|freelance*|contractor*|individual contributor|bookkeeper*|broker*|banker*",
    "trader*",
    "underwriter*|actuary|economist*|statistician*|product owner|scrum master|business partner|sdr|bdr|sre|dba|dev|devops",
    "hrbp|dpo|ae|swe|sde|sdet|mts",
    "sysadmin*|full stack|fullstack|data entry|coach*|psychologist*|librarian*|translator*|interpreter*|estimator*",
    "inspector*|surveyor*|dispatcher*|merchandiser*|stylist*|headhunter*|worker*|staff|member|expert*|integrator*",
    "practitioner*|hacker*|ic|postdoc*|phd",
    "client partner|machinist*|welder*|chemist*|biologist*|physicist*|mathematician*|investigator*|examiner*|builder*",
    "webmaster*",
    # German
    "*entwickler*|*ingenieur*|*berater*|sachbearbeiter*|*mitarbeiter*|*referent*|*assistent*|*assistenz|*techniker*|*kaufmann",
    "*kauffrau",
    "*buchhalter*|*architekt*|*spezialist*|werkstudent*|praktikant*|auszubildende*|azubi*|*verkaufer*|*administrator*",
    "sekretar*",
    "*fachkraft|*angestellte*|*designer*|*einkaufer*|jurist*|*anwalt|*anwaltin|*informatiker*|*beauftragte*|*gestalter*",
    "*redakteur*",
    "*betreuer*|*vertreter*|*lehrer*|*mechaniker*|*arzt|*arztin|*forscher*|*pruefer*|*prufer*|*analyst*|*koordinator*",
    "*fachfrau",
    "*fachmann|disponent*|*planer|*planerin|wissenschaftl*|*personalerin|personaler|*vertriebler*|konstrukteur*|controllerin",
    "*trainer|*trainerin",
    "*handler|*handlerin|*pfleger|*pflegerin|doktorand*|*schreiber*|*zeichner*|*elektroniker*|*schlosser*|*laborant*",
    "sachverstandige*",
    # French
    "developpeu*|ingenieur*|charge de|chargee de|charge d|chargee d|conseiller*|conseillere*|technicien*|comptable*|analyste*",
    "architecte*|concepteur*|conceptrice*|graphiste*|redacteur*|redactrice*|commercial|commerciale|acheteur*|acheteuse*",
    "juriste*",
    "avocat*|stagiaire*|alternant*|apprenti*|vendeu*|employe*|secretaire*|formateur*|formatrice*|chercheu*|recruteu*",
    "collaborat*",
    "controleu* de gestion|controleu*|etudiant*|consultant*|traduct*|redact*|preparat*|technico commercial*|auditeu*",
    "auditrice*",
    "gestionnaire*|infirmier*|enseignant*|administrateur*|administratrice*|assistante*|attache*|ouvrier*|specialiste*",
    # Spanish
    "administrador*|desarrollador*|ingenier*|consultor*|analista*|disenador*|programador*|tecnico*|tecnica*|asesor*",
    "asistente*|auxiliar*",
    "administrativ*|contador*|contable*|abogad*|especialista*|ejecutivo|ejecutiva|vendedor*|becari*|practicante*|arquitect*",
    "supervisora|diseno|estudiante*|representante*|promotor*|cajer*|gestor*|delegad* comercial|tesorer*|auditor*|periodista*",
    "conductor*",
    "comprador*|investigador*|profesor*|redactor*|secretari*|operari*|reclutador*|agente*|cientific*|tecnolog*|medic*",
    "enfermer*",
    # Portuguese, Italian, Dutch, Nordic, Polish
    "desenvolvedor*|engenheir*|sviluppat*|ingegner*|consulente*|impiegat*|addett*|progettista*|specialista*|assistente*",
    "estagiari*",
    "commerciale|venditor*|vendedor*|tirocinante|stagista|grafic*|contabile|avvocat*|inkoper*|verkoper*|boekhouder*|jurist",
    "beheerder*|*beheerder",
    "инженер*|разработчик*|специалист*|аналитик*|бухгалтер*|юрист*|консультант*",
    "*ontwikkelaar*|*medewerker*|*adviseur*|utvecklare*|*utvecklare|udvikler*|konsulent*|konsult*|specjalist*|programist*",
    "radca*",
)
# Whoever assists a chief is none: what follows "to" is somebody else's title.
SOMEBODY_ELSE = re.compile(
    r"(?<!\S)(?:(?:assistant|assistants|secretary|aide|pa|ea|reporting|reports|chief of staff|deputy"
    r"|coach|consultant|mentor|trainer|recruiter|adviser) (?:to|for) (?!\S* ?assistant)"
    r"|(?:assistent|assistentin|assistenz|sekretar|sekretarin|referent|referentin|assistante?|secretaire|asistente|secretari[ao])"
    r" (?:der|des|von|zum|zur|du|de la|de|d|del) "
    r"(?:geschaft|vorstand|direction|directeur|directrice|president|pdg|gerencia|director|direccion)).*$"
)
BOARD_OF_DIRECTORS = re.compile(r"board of director\S*")
#: A chair without a word of what it is of.
BOARD_ALONE = re.compile(
    r"^(?:non executive |independent |executive |board )*chair(?: and| non| executive| director| member| of the board)*$"
)

#: Who works in a chief's office is none: "Program Manager, Office of the CTO".
OFFICE_OF = re.compile(
    r"(?:(?<!\S)(?:in )?(?:the )?office of (?:the )?(?:ceo|cto|cfo|coo|cio|chief|president|chairman|founder).*$)"
    r"|(?<!\S)(?:ceo|cto|cfo|coo|founder|founders|chairman|president)(?: s)?"
    r" (?:office|assistant|secretary|advisor|adviser|associate|associates|club)(?!\S)"
    r"|(?<!\S)owner s (?:rep|representative|agent)(?!\S)"
    r"|(?<!\S)(?:vp|vice president|cio|cmo|coo|director|manager) s (?:office|assistant|secretary)(?!\S)"
)
#: Whom somebody helps is not who they are: "I help founders raise capital".
HELPS = re.compile(r"(?<!\S)(?:help|helps|helping|helped) (?!desk|center|centre).*$")
#: Their own title, whoever they work for.
ASSISTANT = re.compile(
    r"(?<!\S)(?:executive|personal|administrative|admin|exec) (?:assistant|secretary|asst|assist)(?!\S)"
    r"(?! (?:vice|director|manager))"
)
#: As they are called in other languages, where a word of whose they are follows: "Assistenz Bereichsleitung".
AIDE = re.compile(
    r"^(?:\S+ )?(?:(?:assistenz|assistentin|assistent|sekretarin|sekretar) (?!manager)"
    r"|(?:assistante?s?|asistente|assistente|secretari[ao]|secretaire|adjunt[oa]) (?:de|du|des|d|del|della|di|a|al) )"
)
#: Those who are somebody's doctor and no managing director, when a title says "MD".
MEDICAL = words_of(
    "physician*|surgeon*|surgery|doctor|dr|phd|mph|facp|cardiolog*|oncolog*|pediatric*|paediatric*|psychiatr*|radiolog*",
    "neurolog*|resident",
    "hospitalist|anesthesiolog*|dermatolog*|clinic|clinician|medicine|patholog*|internist|faculty|professor|allergist|rn",
    "mba md",
)
RETIRED = re.compile(r"^(?:retired|pensioner|rentner|rentnerin|retraite|retraitee|jubilad[oa])(?!\S)")

#: Begins a title that somebody held before, or would like to hold: it says nothing of who they are now.
PAST = re.compile(
    r"\s*(?:(?i:former(?:ly)?|previous(?:ly)?|aspiring|seeking|looking for|pensioniert\w*|auf der suche|en recherche|en b[uú]squeda"
    r"|future(?= (?:ceo|c[tfio]o|founder|president|leader|director|manager|vp))|past[ -](?=president|chair|ceo|director)"
    r"|ehemalig\w*|ehem|ancien(?:ne)?)\b"
    r"|(?i:ex-)|ex )(?!officio)"
)
#: Ends such a title.
PAST_AFTER = re.compile(r"(?i)(?<!\w)(?:a\. ?d\.|im ruhestand|retired|en retraite|in the making)(?=\W*$)")
#: What parts several titles of one person.
SEVERAL = re.compile(r"[,;|/()]|\s[-–—·]\s|(?i:\b(?:now|currently)\b)")

# What forms and imports put where a title is missing.
NO_TITLE = frozenset(
    [
        "n a",
        "na",
        "none",
        "null",
        "nil",
        "unknown",
        "other",
        "undefined",
        "test",
        "tbd",
        "title",
        "x",
        "xx",
        "xxx",
        "nan",
        "not applicable",
        "not specified",
        "not provided",
        "job title",
        "no title",
        "asdf",
        "abc",
        "keine",
        "k a",
        "keine angabe",
        "ninguno",
        "aucun",
        "sin cargo",
        "false",
        "true",
    ]
)

# Titles in scripts without spaces, by the part that says it; the first line with a part of the title decides.
EAST_ASIAN = [
    ("副总裁|副總裁|副社長|부사장", "vp"),
    ("首席|代表取締役|社長|会長|首席执行官|总裁|董事长|总经理|總經理|創業者|创始人|대표이사|대표|최고", "c_level"),
    ("本部長|部長|总监|總監|取締役|본부장|부장|이사", "director"),
    ("課長|经理|經理|主管|係長|マネージャー|リーダー|팀장|과장|매니저", "manager"),
    ("工程师|工程師|开发|開発|エンジニア|専員|专员|担当|设计师|デザイナー|분석가|엔지니어|개발자|사원", "individual"),
]

# Slips of the pen ----------------------------------------------------------------------------------------------------

_OFTEN_MISSPELT = (
    "manager|director|engineer|president|executive|officer|founder|developer|analyst|designer|consultant|specialist|assistant"
    "|coordinator|administrator|supervisor|associate|engineering|architect|scientist|representative|marketing|procurement"
    "|purchasing|development|customer|operations|technology|software|accountant|chairman|technical|information|security"
    "|vice|leader|financial|business|success|product|managing|support|services|quality|strategy"
)
#: Words that look like a slip of another one and are none.
_RIGHT = frozenset(["office", "funder", "directors", "mange", "leade", "ice", "vie", "vce", "lader", "leer", "ladder"])


def _slips(word: str) -> set[str]:
    """A letter missing, doubled, or changed with its neighbour; the first and the last one stay."""
    places = range(1, len(word) - 1)
    missing = {word[:n] + word[n + 1 :] for n in places}
    doubled = {word[:n] + word[n] + word[n:] for n in range(len(word))}
    changed = {word[:n] + word[n + 1] + word[n] + word[n + 2 :] for n in range(1, len(word) - 2)}
    ends = {word[:-2] + word[-1] + word[-2]} if len(word) > 6 else set()
    return (missing | doubled | changed | ends) - _RIGHT


_WRITTEN_OUT = (
    "mananger manager|manageer manager|maneger manager|directer director|enginer engineer|engeneer engineer"
    "|costumer customer|developper developer|presidant president|cheif chief|mng managing|mgmt management"
    "|mktg marketing|mkting marketing|engr engineer|engrg engineering|pres president|mfg manufacturing"
    "|supv supervisor|spvr supervisor|supvr supervisor|acctg accounting|acct account"
    "|bizdev business development|cust customer|purch purchasing|svcs services|infosec information security"
    "|cybersec cyber security|asst assistant|assoc associate|resp responsable|kfm kaufmannischer|kaufm kaufmannischer"
)
#: Slip or abbreviation → the word that was meant, some thousand of them.
MISSPELT = {
    slip: word
    for word in _OFTEN_MISSPELT.split("|")
    if len(word) > 4
    for slip in _slips(word)
    if slip not in _OFTEN_MISSPELT.split("|")
} | {short: long for short, _space, long in (pair.partition(" ") for pair in _WRITTEN_OUT.split("|"))}
