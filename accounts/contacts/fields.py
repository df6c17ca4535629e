"""What the columns of a file say of a contact: which column is which, and what is wrong with a row.

Without the database, so that 50,000 rows are checked in a second or two.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import idna
from django.db.models import TextChoices
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts import domains, traits
from accounts.models import BuyingRole, Department, Seniority

#: field → what people call it. A row needs an e-mail address.
FIELDS = {
    "email": gettext_lazy("E-mail"),
    "name": gettext_lazy("Name"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "title": gettext_lazy("Title"),
    "department": gettext_lazy("Department"),
    "seniority": gettext_lazy("Seniority"),
    "phone": gettext_lazy("Phone"),
    "company": gettext_lazy("Company"),
    "domain": gettext_lazy("Company’s domain"),
    "employees": gettext_lazy("Employees"),
    "role": gettext_lazy("Buying role"),
    "source": gettext_lazy("Where from"),
}
LENGTHS = {"email": 254, "name": 200, "title": 200, "phone": 40, "company": 200, "domain": 253, "source": 80}
#: field → names of columns, plain (`_plain`), in English, German, French and Spanish; the better ones first.
_NAMES = {
    "email": "email|emailaddress|workemail|businessemail|mail|emailadresse|mailadresse|adresseemail|adressemail|courriel"
    "|correo|correoelectronico|email1|primaryemail|contactemail|personemail|personemailwork|emailwork|emailwork1|email1value"
    "|leademail|useremail",
    "first_name": "firstname|givenname|vorname|prenom|nombre|first",
    "last_name": "lastname|surname|familyname|nachname|familienname|nomdefamille|apellido|apellidos|last",
    "name": "name|fullname|contactname|contact|person|nom|nomcomplet|nombrecompleto|vollername|leadname|personname"
    "|ansprechpartner|kontakt|interlocuteur|contacto",
    "title": "title|jobtitle|position|function|funktion|berufsbezeichnung|titel|poste|fonction|intitule|cargo|puesto|roletitle"
    "|jobrole|job|personjobtitle|jobposition|stellenbezeichnung",
    "department": "department|departments|abteilung|bereich|departement|service|departamento|team",
    "seniority": "seniority|senioritylevel|level|joblevel|managementlevel",
    "phone": "phone|phonenumber|telephone|tel|mobile|mobilephone|directphone|workphone|telefon|telefonnummer|handy|mobil"
    "|numerodetelephone|portable|telefono|movil|businessphone"
    "|personphone|personphonework|corporatephone|mobilephonenumber|officephone|phone1|phonework|telefongeschaftlich",
    "company": "company|companyname|account|accountname|organization|organisation|firma|unternehmen|entreprise|societe|empresa"
    "|employer|associatedcompany|primaryassociatedcompany|companyaccount|organizationname|organisationname|kunde|firmenname"
    "|kundenname|nomdelentreprise|nombredelaempresa|associatedcompanyname|currentcompany",
    "domain": "domain|companydomain|website|companywebsite|url|companyurl|webseite|homepage|siteweb|sitioweb|web|emaildomain"
    "|companydomainname|websiteurl|companywebsiteurl|accountwebsite|accountdomain|organizationwebsite",
    "employees": "employees|employeecount|numberofemployees|companysize|size|headcount|mitarbeiter|mitarbeiterzahl"
    "|anzahlmitarbeiter|effectif|effectifs|nombredemployes|empleados|noofemployees"
    "|accountnumberofemployees|companyemployees|accountemployees|companynumberofemployees",
    "role": "buyingrole|roleinbuying|role|contactrole|rolle|rolledecideur|rol|decisionrole|crmrole|persona",
    "source": "source|leadsource|mqlsource|originalsource|wherefrom|quelle|herkunft|origine|origen|fuente|campaign|utmsource"
    "|originaltrafficsource|originalsourcetype|firsttouchsource|latestsource|latesttrafficsource",
}
_ROLES = {
    "economicbuyer": "economic_buyer",
    "buyer": "economic_buyer",
    "decisionmaker": "economic_buyer",
    "budgetholder": "economic_buyer",
    "economicdecisionmaker": "economic_buyer",
    "entscheider": "economic_buyer",
    "decideur": "economic_buyer",
    "sponsor": "champion",
    "executivesponsor": "economic_buyer",
    "technicalbuyer": "evaluator",
    "technicalevaluator": "evaluator",
    "procurement": "procurement",
    "legal": "procurement",
    "purchasing": "procurement",
    "legalandcompliance": "procurement",
    "user": "end_user",
    "businessuser": "end_user",
    "blocker": "",
    "other": "",
    "none": "",
}
#: Columns called “URL” often hold profiles of people, which are no companies.
_FORMULA = re.compile(r"[=＝]|[+\-@＋－＠]\s*[A-Za-z][A-Za-z.]*\(")
_BROKEN = frozenset(["#name?", "#ref!", "#value!", "#div/0!", "#null!", "#num!", "#bezug!", "#wert!", "#zahl!"])
_NAMED = re.compile(r"[^<>@]*<\s*([^<>\s]+@[^<>\s]+)\s*>")
_NOTHING = frozenset(["", "-", "–", "—", "n/a", "na", "null", "none", "unknown", "#n/a", "k.a.", "."])


@dataclass(frozen=True)
class Wrong:
    """Why a row cannot be taken in: `words` say what to do."""

    row: int
    field: str
    value: str
    words: str


@dataclass(frozen=True)
class Row:
    """One person as a file or a form says; what is empty says nothing. `role_said`: the role was said, be it that there is none."""

    number: int
    email: str
    name: str = ""
    title: str = ""
    department: str = ""
    seniority: str = ""
    phone: str = ""
    company: str = ""
    domain: str = ""
    employees: int | None = None
    role: str = ""
    role_said: bool = False
    source: str = ""


def guess(heads: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> dict[str, int]:
    """field → the place of the column that most likely has it. The e-mail is also found by what is in the cells."""
    plain = [_plain(head) for head in heads]
    found: dict[str, int] = {}
    for field, names in _NAMES.items():
        for name in names.split("|"):
            if name in plain and (place := plain.index(name)) not in found.values():
                found[field] = place
                break
    if "email" not in found:
        for place in range(len(heads)):
            cells = [row[place] for row in rows[:50] if place < len(row) and row[place]]
            if cells and sum(bool(domains.clean_email(cell)) for cell in cells) * 2 > len(cells):
                found = {field: other for field, other in found.items() if other != place}
                found["email"] = place
                break
    if "name" in found and "first_name" not in found and "last_name" in found:
        found["first_name"] = found.pop("name")
    if "name" in found and "first_name" in found and "last_name" not in found and not _is_whole(found, rows):
        found["last_name"] = found.pop("name")  # a French “nom” beside “prénom”, a German “Name” beside “Vorname”
    return found


def _is_whole(found: Mapping[str, int], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the name has the first name in it."""
    both = [
        (cells[found["first_name"]].casefold(), cells[found["name"]].casefold())
        for cells in rows
        if len(cells) > max(found["first_name"], found["name"]) and cells[found["first_name"]] and cells[found["name"]]
    ]
    return sum(first in name for first, name in both) * 2 > len(both)


def read(number: int, cells: Sequence[str], mapping: Mapping[str, int]) -> Row | list[Wrong]:
    """A row, or all that is wrong with it."""
    said = {field: cells[place] if place < len(cells) else "" for field, place in mapping.items()}
    return check(number, said)


def check(number: int, said: Mapping[str, str]) -> Row | list[Wrong]:
    """The same of named values, as a form or the API sends them."""
    wrong: list[Wrong] = []
    told = {
        field: "" if value.strip().lower() in _NOTHING else " ".join(value.split()) for field, value in said.items()
    }

    def bad(field: str, words: str) -> None:
        wrong.append(Wrong(number, field, told.get(field, "")[:200].replace("\x00", ""), words))

    for field, value in told.items():
        if "\x00" in value:
            bad(field, _("holds a character that cannot be stored."))
        elif _FORMULA.match(value) and not (field == "phone" and is_phone(value)):
            bad(field, _("is a formula: put its result in the cell."))
        elif value.lower() in _BROKEN:
            bad(field, _("is an error of the spreadsheet: put what was meant in the cell."))
        elif len(value) > LENGTHS.get(field, 200):
            bad(
                field, _("has %(n)d characters; at most %(most)d.") % {"n": len(value), "most": LENGTHS.get(field, 200)}
            )
    email = in_letters(domains.clean_email(_address(told.get("email", ""))))
    if not told.get("email"):
        bad("email", _("is missing: every row needs one."))
    elif not email and not wrong and told["email"].count("@") > 1 and re.search(r"[;,/|\s]", told["email"]):
        bad("email", _("holds two addresses: keep one, and give the other a row of its own."))
    elif not email and not wrong:
        bad("email", _("is no e-mail address; it should look like name@company.com."))
    phone = told.get("phone", "")
    if phone and not wrong:
        if re.fullmatch(r"\d[.,]\d+E\+?\d+", phone, re.IGNORECASE):
            bad("phone", _("was rounded by the spreadsheet: format the column as text and enter it anew."))
        elif not is_phone(phone):
            bad("phone", _("is no phone number: 3 to 15 digits, such as +49 30 1234567."))
    employees = traits.whole({"n": told.get("employees", "")}, "n")
    if told.get("employees") and employees is None:
        bad("employees", _("is no number of people; write 250, or 51-200."))
    domain = told.get("domain", "")
    registrable = domains.registrable(domain[:300]) if domain else ""
    if registrable and domains.is_among_others(domain[:300]):
        domain = registrable = ""
    if domain and not registrable:
        bad("domain", _("is no domain; it should look like company.com."))
    role = role_of(told.get("role", ""))
    if role is None:
        bad("role", _("is none of: %(roles)s.") % {"roles": ", ".join(str(label) for label in BuyingRole.labels)})
    if wrong:
        return wrong
    name = told.get("name", "") or f"{told.get('first_name', '')} {told.get('last_name', '')}".strip()
    return Row(
        number=number,
        email=email,
        name=name[: LENGTHS["name"]],
        title=told.get("title", ""),
        department=_value(told.get("department", ""), Department),
        seniority=_value(told.get("seniority", ""), Seniority),
        phone=phone,
        company=told.get("company", ""),
        domain=registrable,
        employees=employees,
        role=role or "",
        role_said=bool(told.get("role", "") or said.get("role", "").strip().lower() == "none"),
        source=told.get("source", ""),
    )


def in_letters(email: str) -> str:
    """An address with its host in its own letters: `jo@xn--mnchen-3ya.de` and `jo@münchen.de` are one."""
    local, at, host = email.partition("@")
    if "xn--" not in host:
        return email
    try:
        return f"{local}{at}{idna.decode(host)}"
    except idna.IDNAError:
        return email


def in_ascii(email: str) -> str:
    """The same address as programs write it."""
    return email if email.isascii() else email.partition("@")[0] + "@" + domains.host_of(email)


def _address(text: str) -> str:
    """The address alone: without a name around it, quotes, what cannot be seen, or a full stop behind it."""
    text = "".join(char for char in text if unicodedata.category(char) != "Cf")
    named = _NAMED.fullmatch(text)
    return (named[1] if named else text).strip(" \"'“”„‘’<>").removesuffix(".")


@functools.cache
def _keys(choices: type[TextChoices], language: str | None) -> dict[str, str]:
    """key and label, plain → key. Made once a language: a file asks 100,000 times."""
    found = {_plain(str(label)): str(value) for value, label in choices.choices}
    return found | {_plain(value): str(value) for value in choices.values}


def role_of(text: str) -> str | None:
    """A role by its key, its label or a word of a CRM; empty for nothing, none for what is no role. The first of several."""
    if ";" in text:
        several = [role_of(part) for part in text.split(";")]
        return None if None in several else min(filter(None, several), key=BuyingRole.values.index, default="")
    plain = _plain(text)
    if not plain:
        return ""
    known = _keys(BuyingRole, get_language()).get(plain)
    return _ROLES.get(plain) if known is None else known


def is_phone(text: str) -> bool:
    bare = re.sub(r"(?i)\s*(?:ext\.?|x|#|durchwahl|poste)\s*\d{1,6}$", "", text)
    digits = sum(char.isdigit() for char in bare)
    return 3 <= digits <= 15 and re.fullmatch(r"\+?[\d\s()./\-–]+", bare) is not None


def tel(phone: str) -> str:
    """What follows `tel:` in a link; empty for what is no number. Without an extension: those are not dialled alike everywhere."""
    if not is_phone(phone):
        return ""
    bare = re.sub(r"(?i)\s*(?:ext\.?|x|#|durchwahl|poste)\s*\d{1,6}$", "", phone).replace("(0)", "")
    digits = re.sub(r"\D", "", bare)
    return f"+{digits}" if bare.lstrip().startswith("+") else digits


def _value(text: str, choices: type[Department] | type[Seniority]) -> str:
    """A department or seniority by its key or label; empty for another word: the title tells it then."""
    return _keys(choices, get_language()).get(_plain(text), "") if text else ""


def _plain(text: str) -> str:
    """`"E-Mail Address"` → `"emailaddress"`."""
    text = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^a-z0-9]", "", "".join(char for char in text if not unicodedata.combining(char)).casefold())
