"""The words of titles that say a department, or the kind of work, as data. Pure; written like those of `accounts.title_words`."""

from __future__ import annotations

import re

from accounts.title_words import Words, words_of

# The first line that matches decides: words that leave no doubt first, words that many departments use last.
DEPARTMENTS: list[tuple[str, Words]] = [
    (department, words_of(*texts))
    for department, *texts in [
        # Chiefs of one department, and titles whose last word would mislead.
        ("general", "ceo|chief executive|chief exec"),
        ("marketing", "cmo|chief marketing*|chief brand|chief communications|product marketing|technical marketing"),
        ("marketing", "marketing operations|growth marketing|growth hacker|lead generation|lead gen"),
        ("finance", "cfo|chief financial*|chief finance*|chief accounting*|chief accountant|chief investment"),
        ("finance", "chief risk|chief lending|chief credit|directeur financier|directeur administratif et financier"),
        ("finance", "director financiero|directrice financiere|directrice administrative et financiere"),
        ("finance", "directora financiera|diretor financeiro"),
        ("engineering", "cto|chief technology*|chief technical*|chief engineering|cpto|ctpo|directeur technique"),
        ("engineering", "directrice technique|chief engineer|chief architect|chief scientist|chief scientific"),
        ("engineering", "chief research"),
        ("it", "cio|ciso|cito|cdio|cmio|chief information*|chief security*|chief digital*|chief informatics"),
        ("operations", "coo|chief operating|chief operations|chief administrative"),
        ("procurement", "chief procurement|chief purchasing|chief sourcing"),
        ("product", "cpo|chief product*|chief innovation|product owner*"),
        ("data", "cdo|cdao|caio|chief data*|chief analytics|chief ai|chief artificial"),
        ("hr", "chro|chief people|chief human*|chief talent|chief diversity|chief learning|chief culture"),
        ("legal", "clo|chief legal|chief compliance*|chief regulatory*|general counsel|chief privacy|chief ethics"),
        ("sales", "cro|chief revenue*|chief sales|chief commercial*|chief growth|chief business"),
        ("success", "cco|chief customer*|chief client|chief experience"),
        ("general", "chairman|chairwoman|general manager|gm|geschaftsfuhrer*|geschaeftsfuehrer*|vorstandsvorsitzende*"),
        ("general", "pdg|directeur general|directrice generale|secretaire general|director general|directora general"),
        ("general", "gerente general|gerenta general|amministratore delegato|toimitusjohtaja|algemeen directeur"),
        ("general", "direttore generale|diretor geral|diretora geral|managing partner|corporate development"),
        ("general", "chief of staff ceo"),
        ("it", "tecnologia* de la informacion|tecnologia da informacao|systeme* d information|dsi|rssi|it security"),
        ("it", "it sicherheit*|it compliance|it governance|it risk|it audit*"),
        ("it", "information technology|information technologies|information systems"),
        ("it", "informationssicherheit*|ingeniero de sistemas|ingeniera de sistemas|analista de sistemas"),
        ("it", "wirtschaftsinformatik*|salesforce admin*|enterprise architect*|data center|datacenter|ict"),
        # Words that leave little doubt.
        ("it", "information security|cyber security|network security|cloud security|application security"),
        ("it", "product security"),
        ("operations", "security officer*|security guard*|loss prevention|public safety"),
        ("finance", "daf|kaufmannisch*|controleu* de gestion|control de gestion|chief accountant|rechnungswesen"),
        ("success", "kundenberat*|kundenbetreu*|kundendienst*|clientele|service client*|relation* client*"),
        ("success", "atencion al cliente|servicio al cliente|soporte|assistenza clienti|klantenservice|kundensupport"),
        ("procurement", "procurement|purchasing|purchaser|sourcing|buyer|buyers|buying|einkauf*|*einkauf|*einkaufer*"),
        ("procurement", "achats|achat|acheteu*|compras|comprador*|vendor|acquisti|inkoop|inkoper*|category manager"),
        ("legal", "legal|counsel|attorney*|lawyer*|law(?! enforcement)|paralegal*|compliance|regulatory|privacy"),
        ("legal", "juridique*|juridic*|recht|juri*|*anwalt|*anwaltin|*anwaltin*|datenschutz*|solicitor*|barrister*"),
        ("legal", "contract manager*|contract management|dpo|data protection|protection des donnees|*justiziar*"),
        ("legal", "contracts|proteccion de datos"),
        ("legal", "notary|notar|abogad*|avocat*|avvocat*|*jurist*|legale|patent*|*recht|rechts*"),
        ("legal", "assessor juris|trademark*"),
        ("hr", "drh|hr|hrbp|human resources|human resource|human capital|people operations|people ops|people partner"),
        ("hr", "talent|head of people|recruit*|recruiter*|people|payroll|rrhh|ressources humaines|recursos humanos|rh"),
        ("hr", "headhunter*|leiter personal|leiterin personal|leitung personal|bereich personal|personal und"),
        ("hr", "personalleit*|personalwesen|personalreferent*|personalsachbearbeit*|personalabteilung"),
        ("hr", "personalentwickl*|personalmanage*|personaler*|risorse umane|reclutador*|recrutement|compensation"),
        ("hr", "benefits|learning and development|learning development|employee*|workforce|training manager"),
        ("hr", "total rewards|human ressources|human ressource"),
        ("success", "customer success|client success|customer support|customer service*|customer experience|support"),
        ("success", "customer care|client services|client service|helpdesk agent|onboarding|implementation"),
        ("success", "kundenservice|technical account manager*|tam|client experience|call center|contact center"),
        ("success", "customer operations|success|csm|kundenerfolg*"),
        # Those who sell, then those who build.
        ("sales", "ae|account exec|ejecutiv* de cuentas|*verkaufsleit*"),
        ("sales", "sales|account executive*|account manager*|account management|business development|bdr|sdr|biz dev"),
        ("sales", "*vertrieb*|vertrieb*|ventes|commercial|ventas|comercial|vendas|revenue|partnerships|alliances"),
        ("sales", "presales|verkauf*|verkoop|revops|aussendienst*|territory|key account*|client partner|channel"),
        ("sales", "commerciale*|bdm|commerciaux|vendeu*|vendedor*|vendit*|charge d affaires|chargee d affaires"),
        ("sales", "commercial lead|partner manager|account director|business developer|sales*|export manager"),
        ("finance", "commercial lending|commercial banking|investor relations|wealth|private banking"),
        ("finance", "investment banking"),
        ("product", "pm|prod management"),
        ("product", "product manager*|product management|product lead|head of product*|product director"),
        ("product", "produktmanage*|product growth|vp product*|vp of product*|director of product*|product strategy"),
        ("product", "chef* de produit|produto|producto|produktleit*|produit|prodotto|produits|innovation*|innovacion"),
        ("marketing", "marketer*|*marketing*|seo|sem|brand*|growth|demand generation|demand gen|communications|pr"),
        ("marketing", "content|social media|public relations|advertising|mercadeo|communication|copywriter*|media"),
        ("marketing", "evangelist*|community manager*|events|event manager|event marketing|developer advocate*"),
        ("marketing", "developer relations|devrel|*kommunikation|kommunikation*|comunicacion|comunicazione|publicidad"),
        ("marketing", "publicite|redaktion|public affairs"),
        ("design", "design|designer*|ux|ui|user experience|usability|art director|creative|illustrator*|artist*"),
        ("design", "disen*|graphic|interaction|visual|mediengestalt*|*design|*designer*|grafik*|graphist*|artistique"),
        ("design", "grafic*"),
        ("data", "data|analytics|bi|business intelligence|machine learning|ml|ai|statistic*|datos|donnees|insights"),
        ("data", "datascien*|data scientist|artificial intelligence|datenanalyst*|daten|kunstliche intelligenz|dati"),
        ("data", "dados|nlp|deep learning"),
        ("it", "information security|security|cyber*|network*|sysadmin*|netzwerk*|helpdesk|help desk|service desk"),
        ("it", "desktop support"),
        ("engineering", "engineer*|engineering|eng|developer*|software|devops|sre|programmer*|full stack|fullstack"),
        ("engineering", "frontend|backend|front end|back end|architect*|technology|technologies|technical|tech|qa"),
        ("engineering", "testing|tester|test|swe|sde|sdet|mts|mobile|hardware|electronics|embedded|platform|r d"),
        ("engineering", "research and development|entwickl*|f e|ios|android|*entwickl*|*ingenieur*|programador*"),
        ("engineering", "arquitect* de soluciones|tecnologia|technologie*|logiciel|programmier*|technische* leit*"),
        ("engineering", "technische* geschaftsfuhr*|technik|*architekt*|konstruktion|konstrukteur*|tecnico|developp*"),
        ("engineering", "ingenieur*|ingenier*|desarroll*|desenvolv*|ingegner*|engenheir*|technik*|technique|swqa"),
        ("engineering", "sviluppat*|*ontwikkel*|programmat*|scrum master|agile coach|dev|software*|research scientist"),
        ("engineering", "utvecklare|software development|web development|product development|application development"),
        ("engineering", "app development"),
        ("it", "infrastructure|system administrator*|systems administrator*|systems analyst*|system analyst*|it"),
        ("it", "*systemadministrat*|fachinformatiker*|systeme*|reseau*|redes|edv|informatique|*informatik*|sistemas"),
        ("it", "ti|systems|cloud|database*|dba|informatico|informatica|digitalisierung leit*|sicurezza informatica"),
        ("it", "sap|erp|crm admin*"),
        ("finance", "finance*|financial|financials|accounting|accountant*|accounts payable|account payable"),
        ("finance", "accounts receivable|controller*|controlling|*controlling|treasury|treasurer|tax|audit|auditor*"),
        ("finance", "auditing|investment*|investor*|banking|banker*|fp a|financial planning|bookkeeper*|finanz*"),
        ("finance", "finances|financier*|finanzas|contable|contador*|comptable*|*buchhalt*|buchhalt*|fund|funds"),
        ("finance", "equity|credit|risk|risks|loan*|lending|mortgage*|underwrit*|actuar*|steuer*|financier*"),
        ("finance", "financiera|financiero|finanziari*|financeir*|financieel|contabil*|boekhoud*|tresor*|billing"),
        ("finance", "insurance claims|portfolio|venture*|capital|wealth management|private equity|asset management"),
        ("finance", "budget|trader*|trading|angel investor|securities|contadora|cpa|pricing"),
        ("engineering", "head of development|development manager|development lead|development director"),
        ("engineering", "director of r d|research"),
        ("product", "product|products"),
        ("operations", "operations|operation|operational|ops|supply chain|logistics|manufacturing|production"),
        ("operations", "facilities|facility|program manager*|project manager*|programme manager*|process"),
        ("operations", "office manager*|plant|warehouse|factory|qualitat*|administrativ*|jef* de proyecto*"),
        ("operations", "projektmanage*|betrieb*|projektleit*|chef* de projet|operaciones|operacoes|chief of staff|pmo"),
        ("operations", "quality|safety|transportation|procede|logisti*|delivery|administration|project*"),
        ("operations", "produktionsleit*|werkleit*|werksleit*|fertigung*|*produktion|schicht*|usine|operations*"),
        ("operations", "amministrativ*|planta|produccion|produzione|calidad|qualite|proyecto*|projet*|superintendent*"),
        ("operations", "inventory|procedures|store manager|shift|business analyst*|business process"),
        ("operations", "continuous improvement|lean|fleet|dispatch*|production|materials|hse|ehs|projektleitung"),
        ("operations", "lagerleit*|lager|magazzino|back office"),
        ("engineering", "development|entwicklung"),
        ("general", "founder*|cofounder*|co founding|owner|president|partner|board|chair|md|grunder*|inhaber*|fondat*"),
        ("general", "fundador*|gerant*|strategy|general|management|eigenaar|prezes|titolare|managing director"),
        ("general", "entrepreneur|(?<!.)principal(?!.)|vorstand*|dirigeant*|proprietaire|propietari*|ejecutivo"),
        ("general", "executive office|corporate|strategic"),
    ]
]
# "IT" is a department and "it" is not: it counts in capitals, or with a neighbour that only the department has.
IT_IN_CAPITALS = re.compile(r"(?<![\w])(?:IT|I\.T\.?|ICT)(?![\w])")
# Beside one of these IT is what they work on, or for: "IT Recruiter". Not where it stands as a department of its own: "HR & IT".
BESIDE_IT = frozenset(["procurement", "legal", "hr", "sales", "it"])
IT_AND_OTHERS = re.compile(r"(?:\bIT\s*(?:[&/+]|(?:and|und|et|y)\b))|(?:(?:[&/+]|\b(?:and|und|et|y))\s*IT\b)")

# Area ----------------------------------------------------------------------------------------------------------------

LEADS_ALL = words_of(
    "ceo|chief executive|founder*|cofounder*|co founding|founding*|president of|chairman|president founder|owner"
)
TECHNICAL_LEAD = words_of("technical lead|tech lead|technical|technical council|head of engineering")
TECHNICAL_CHIEF = words_of(
    "cto|cio|ciso|chief * scientist|chief scientist|chief engineer|chief architect|chief data*|chief technology*",
    "chief technical*",
    "chief information*|chief scientific*|chief ai|chief research*|chief software*|chief security*",
)
OTHER_CHIEF = words_of("svp|senior vice president|chief operating*|coo")
SELLS = words_of(
    "sales|marketing|cmo|chief marketing*|seo|brand manager|vertrieb*|ventas|ventes|mercadeo|marketer*|salesperson|salesman|sdr"
)
BUILDS = words_of("engineering|engineer|eng|technical|product design|research|architect")
TECHNICAL = words_of(
    "engineer*|engineering|eng|developer*|software|devops|sre|programmer*|data|analytics|bi|ai|machine learning|scientist*",
    "research*",
    "technology|technologies|technical|tech|technique|it|infrastructure|network*|cyber*|cloud|computer|hardware|security|ux|ui",
    "web|digital product|test|testing|qa|r d|algorithm*|informatics|architecture|systems administrator|database*|dev|fullstack",
    "full stack|frontend|backend|front end|back end|technician*|scrum master|product owner|sysadmin|dba|ml|coder",
)
MAKES = words_of(
    "product manager|product management|designer|design|development|architect|analyst|product development|engineering"
)
DEVELOPS_BUSINESS = words_of("business development|business developer*|bdm|bdr|account executive*|entrepreneur*")
RUNS = words_of("product|business|operations|quality|risk|strategy|finance")
STAFF = words_of(
    "hr|human resources|people|talent|legal|counsel|compliance|account management|back office|administration|advisor|chro"
)
