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
        ("engineering", "technische* geschaftsfuhr*"),
        ("finance", "kaufmannische* geschaftsfuhr*"),
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
        ("general", "chief of staff ceo|conseil d administration|consejo de administracion|emprendedor*"),
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
        ("procurement", "achats|achat|acheteu*|compras|comprador*|vendor|acquisti|inkoop*|inkoper*|category manager"),
        ("legal", "legal|counsel|attorney*|lawyer*|law(?! enforcement)|paralegal*|compliance|regulatory|privacy"),
        ("legal", "juridique*|juridic*|recht|juri*|*anwalt|*anwaltin|*anwaltin*|datenschutz*|solicitor*|barrister*"),
        ("legal", "contract manager*|contract management|dpo|data protection|protection des donnees|*justiziar*"),
        ("legal", "contracts|proteccion de datos"),
        ("legal", "notary|notar|notaire|notari*|abogad*|avocat*|avvocat*|*jurist*|legale|patent*|*recht|rechts*"),
        ("legal", "assessor juris|trademark*"),
        ("hr", "drh|hr|hrbp|human resources|human resource|human capital|people operations|people ops|people partner"),
        ("hr", "talent|head of people|recruit*|recruiter*|people|payroll|rrhh|ressources humaines|recursos humanos|rh"),
        ("hr", "headhunter*|leiter personal|leiterin personal|leitung personal|bereich personal|personal und"),
        ("hr", "personalleit*|personalwesen|personalreferent*|personalsachbearbeit*|personalabteilung"),
        ("hr", "personalentwickl*|personalmanage*|personaler*|risorse umane|reclutador*|recrutement|compensation"),
        ("hr", "benefits|learning and development|learning development|employee*|workforce|training manager"),
        ("hr", "paie|betriebsrat*|nominas|lohnbuchhalt*|total rewards|human ressources|human ressource"),
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
        ("sales", "handelsvertret*|grands comptes|grandes cuentas|ingenieur* d affaires|commercial lead"),
        ("sales", "partner manager|account director|business developer|sales*|export manager"),
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
        ("marketing", "presse|*pressesprecher*|prensa|traffic manager*|publicite|redaktion|public affairs"),
        ("design", "design|designer*|ux|ui|user experience|usability|art director|creative|illustrator*|artist*"),
        ("design", "disen*|graphic|interaction|visual|mediengestalt*|*design|*designer*|grafik*|graphist*|artistique"),
        ("design", "grafic*|director de arte|directora de arte"),
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
        ("engineering", "technik|*architekt*|konstruktion|konstrukteur*|tecnico|developp(?!ement durable)*"),
        ("engineering", "ingenieur*|ingenier*|desarroll*|desenvolv*|ingegner*|engenheir*|technik*|technique|swqa"),
        ("engineering", "sviluppat*|*ontwikkel*|programmat*|scrum master|agile coach|dev|software*|research scientist"),
        ("engineering", "utvecklare|software development|web development|product development|application development"),
        ("engineering", "app development|dessinat*|projeteu*|*forschung|forscher*|investigacion"),
        ("it", "infrastructure|system administrator*|systems administrator*|systems analyst*|system analyst*|it"),
        ("it", "*systemadministrat*|fachinformatiker*|systeme*|reseau*|redes|edv|informatique|*informatik*|sistemas"),
        ("it", "ti|systems|cloud|database*|dba|informatico|informatica|digitalisierung leit*|sicurezza informatica"),
        ("it", "sap|erp|crm admin*"),
        ("finance", "finance*|financial|financials|accounting|accountant*|accounts payable|account payable"),
        ("finance", "accounts receivable|controller*|controlling|*controlling|treasury|treasurer|tax|audit|auditor*"),
        ("finance", "auditing|investment*|investor*|banking|banker*|fp a|financial planning|bookkeeper*|finanz*"),
        ("finance", "finances|financier*|finanzas|contable|contador*|comptable*|*buchhalt*|buchhalt*|fund|funds"),
        ("finance", "equity|credit|risk|risks|loan*|lending|mortgage*|underwrit*|actuar*|steuer*|financier*"),
        ("finance", "comptabilite|tesorer*|wirtschaftspruf*|auditeu*|facturacion|facturation"),
        ("finance", "financiera|financiero|finanziari*|financeir*|financieel|contabil*|boekhoud*|tresor*|billing"),
        ("finance", "insurance claims|portfolio|venture*|capital|wealth management|private equity|asset management"),
        ("finance", "budget|trader*|trading|angel investor|securities|contadora|cpa|pricing"),
        ("engineering", "head of development|development manager|development lead|development director"),
        ("engineering", "director of r d|research"),
        ("product", "product|products"),
        ("operations", "operations|operation|operational|ops|supply chain|logistics|manufacturing|production"),
        ("operations", "facilities|facility|program manager*|project manager*|programme manager*|process"),
        ("operations", "office manager*|plant|warehouse|factory|qualitat*|administrativ*|jef* de proyecto*"),
        ("operations", "projektmanage*|betrieb(?!srat)*|projektleit*|chef* de projet|operaciones|operacoes"),
        ("operations", "chief of staff|pmo"),
        ("operations", "quality|safety|transportation|procede|logisti*|delivery|administration|project*"),
        ("operations", "produktionsleit*|werkleit*|werksleit*|fertigung*|*produktion|schicht*|usine|operations*"),
        ("operations", "amministrativ*|planta|produccion|produzione|calidad|qualite|proyecto*|projet*|superintendent*"),
        ("operations", "inventory|procedures|store manager|shift|business analyst*|business process"),
        ("operations", "continuous improvement|lean|fleet|dispatch*|production|materials|hse|ehs|projektleitung"),
        ("operations", "approvision*|*logistik|almacen*|lagerleit*|lager|magazzino|back office"),
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

# As everywhere: English first, then German, French and Spanish, then a few words of other languages.
LEADS_ALL = words_of(
    "ceo|chief executive|founder*|cofounder*|co founding|founding*|president of|chairman|president founder",
    "(?<!product )(?<!process )(?<!service )(?<!data )owner",
    "geschaftsfuhrer*|geschaftsfuhrend*|geschaftsfuhrung|geschaeftsfuehrer*|geschaftsleiter*|geschaftsleitung|vorsitzende*",
    "vorstandsvorsitzende*|grunder*|mitgrunder*|*inhaber*",
    "pdg|directeur general|directrice generale|gerant*|dirigeant*|fondat*|cofondat*|chef* d entreprise|president directeur",
    "director general|directora general|consejer* delegad*|fundador*|cofundador*|gerente general|propietari*|empresari*",
)
#: A founder by name only: the first of those who do a job.
FOUNDING_STAFF = words_of("founding (?!member|partner|principal|chair|ceo|investor|director|editor)[a-z]*")
TECHNICAL_LEAD = words_of(
    "technical lead|tech lead|technical|technical council|head of engineering|technische* geschaftsfuhr*",
)
TECHNICAL_CHIEF = words_of(
    "cto|cio|ciso|chief * scientist|chief scientist|chief engineer|chief architect|chief data*|chief technology*",
    "chief technical*",
    "chief information*|chief scientific*|chief ai|chief research*|chief software*|chief security*",
)
OTHER_CHIEF = words_of("svp|senior vice president|chief operating*|coo")
SELLS = words_of(
    "sales|salesm*|salesp*|salesw*|*marketing*|cmo|chief marketing*|seo|brand manager|marketer*|salesperson|salesman|sdr|presales",
    "territory manager*|territory representative*|telesales|commercial director|commercial manager|commercial executive",
    "head of growth|growth manager|growth lead|growth hacker*|lead generation|lead gen|demand generation|demand gen",
    "director of growth|growth director",
    "*vertrieb*|*verkauf*|aussendienst*|handelsvertret*|werbung",
    # In English "commercial" stands before what is one ("Commercial Banking"), in French behind those who sell.
    "commercial(?=$)|commercial b2b|commercial et|commercial en|commercial terrain|commercial sedentaire|commercial itinerant",
    "commercial export|commercial grands|commercial france|commercial regional|commercial junior|commercial senior",
    "directeur* commercia*|responsable* commercia*|charge* commercia*|attache* commercia*|ingenieu* commercia*",
    "assistant* commercia*|conseil* commercia*|agent* commercia*|delegue* commercia*|developpement commercia*",
    "technico commercia*|commerciale|commerciales|commerciaux|ventes|(?<!apres )vente|vendeu*|televente|commercialisation",
    "comercializacion",
    "ingenieur* d affaires|publicite|traffic manager",
    "ventas|comercial*|vendedor*|mercadeo|mercadotecnia|publicidad|ecommerce manager",
    "vendas|vendite|venditor*|verkoop*|verkoper*|forsaljning*|saljare|salg|sprzedaz*|handlowiec",
)
BUILDS = words_of(
    "engineering|engineer|eng|technical|product design|research|architect|ingenieria|ingenierie|entwicklung|r d",
)
TECHNICAL = words_of(
    "engineer*|engineering|eng|developer*|software*|devops|sre|programmer*|programming|data|analytics|bi|ai|scientist*",
    "machine learning|research*|scientific(?! advisory)|system administrator*|systems engineer*|system engineer*|sde|swe|sdet|mts",
    "technology|technologies|technologist*|technical|tech|technique|it|infrastructure|network*|cyber*|cloud|computer",
    "hardware|security|ux|ui|electronics|mechanical|electrical|robotics|automation|firmware|embedded|wireless|iot|computing",
    "computational|simulation|solutions consultant*|solution consultant*|internet",
    "web|digital product|test|testing|qa|r d|algorithm*|informatics|architecture|systems administrator*|database*|dev|fullstack",
    "full stack|frontend|backend|front end|back end|technician*|scrum master|agile coach|product owner|sysadmin*|dba|ml|coder",
    "developer relations|devrel|innovation*|sap|erp|edi|plm|business intelligence|analytic*|webmaster*|webdesign*",
    # German
    "*entwickler*|*softwareentwickl*|*produktentwickl*|entwicklungs*|entwicklung|*ingenieur*|*techniker*|*technik|technischer",
    "technischen|technische(?! universitat)",
    "*informatik*|*administrator*|*mechatroni*|*elektroni*|*konstrukt*|*architekt*|*wissenschaftl*|*forsch*|*laborant*",
    "programmier*|netzwerk*|daten(?!schutz)*|*informationssicherheit*|digitalisierung*|digitalbeauftragt*|kunstliche",
    "technologie*|fertigungsplan*|anwendungs*|automatisierung*|arbeitsvorbereit*|elektro*|edv*|dsp",
    # French
    "ingenieu*|technicien*|developpeu*|informatique*|logiciel*|reseau*|systeme* d information|systemes|donnees|dsi|rssi",
    "(?<!en )(?<!a la )recherche|chercheu*|scientifique|laboratoire|numerique|statistici*|transformation digitale",
    "digitalisation|industrialisation|ia",
    "integrateu*|testeu*|amoa|moa|moe|mecanique*|electrique*|electronique*|methodes|bureau d etudes|cybersecurite|infrastructures",
    # Spanish
    "ingenier*|tecnic*|desarrollador*|programador*|informatic*|sistemas|ti|datos|tecnolog*|investigador*|innovacion",
    "soporte|redes|laboratorio|ciberseguridad|inteligencia artificial|transformacion digital|cientific*|investigacion|tic",
    "tics|mecatronic*|electronic*|robotica|automatizacion|i d|analitica",
    # Portuguese, Italian, Dutch, Nordic
    "engenh*|desenvolv*|ingegner*|sviluppat*|informatica|ontwikkel*|*ontwikkelaar*|onderzoek*|utvecklare|*utvecklare",
    "udvikler*|*teknik*|programm*r|dati|dados",
)
MAKES = words_of(
    "product manager|product management|designer*|design|development|architect|analyst*|product development|engineering|pm",
    "*produktmanag*|produktplan*|*designer*|*gestaltung|*analyst*|grafiker*|mediengestalter*",
    "chef* de produit*|responsable produit*|graphiste*",
    "developpement(?! durable)(?! projet)(?! econom)(?! territor)(?! international)(?! social)(?! personnel)(?! local)|analyste*",
    "architecte*|concepteur*|conceptrice*|dessinat*",
    "*projeteu*|gerente* de producto*|jef* de producto*|gestor* de producto*|disen*|desarrollo|analista*|arquitect*|proyectista*",
)
DEVELOPS_BUSINESS = words_of(
    "business development|business developer*|bdm|bdr|account executive*|entrepreneur*|geschaftsentwicklung|*unternehmer*",
    "desarrollo de negocio*|emprendedor*|developpement des affaires|developpement d affaires",
)
RUNS = words_of(
    "product|business|operations|quality|risk|strategy|finance|produkt*|*qualitat*|qualite|calidad|operaciones|strategie",
    "estrategia|finanz*|finances|betrieb*|produits|producto|operacion*|logisti*|einkauf",
)
STAFF = words_of(
    "hr|human resources|people|talent|legal|counsel|compliance|account management|back office|administration|advisor|chro",
    "personal|personalleit*|personalentwickl*|personalwesen|personalabteilung|recht|drh|rh|ressources humaines|juridi*",
    "rrhh|recursos humanos|risorse umane|talento",
)
#: Who leads the whole of a company or a branch: lists of titles count them among the rest.
RUNS_ALL = words_of(
    "managing director*|managing dir|md|general manager*|gm|country manager*|socio director|socia directora"
)
#: Of those who lead nobody and of managers; what they work on ("Technical Recruiter") says nothing then.
SERVES_STAFF = words_of(
    "recruit*|*recruiter*|talent acquisition|learning development|learning and development|organisationsentwicklung",
    "personal*|recrut*|reclut*|recursos humanos|rrhh|ressources humaines|rh|human resources|hr|hrbp|weiterbildung*",
    "procurement|purchasing|buyer*|*einkauf*|acheteu*|achats|compras|comprador*",
    "desarrollo organizacional|developpement rh|developpement des competences|professional development",
)
