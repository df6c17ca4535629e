"""What the demo's members did about who people are and which company is which, by the verbs that the pages use. Once each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
from django.db.models import Count

from accounts import audit, roles, suggesting
from accounts.company_domains import rules, settling
from accounts.contacts import book, files
from accounts.corrections import undoing, verbs
from accounts.erasing import verbs as erasing
from accounts.models import (
    Account,
    BuyingRole,
    Contact,
    ContactImport,
    Correction,
    DomainRule,
    Member,
    Persona,
    ProductUser,
    Seniority,
    TitleRule,
)
from accounts.personas import again, editing
from plsapp import demo_story as story
from plsapp import simulation_words as words

FILE = "Berlin fair, badge scans.csv"
#: Where the contacts of the file come from: some are marketing-qualified leads of their own source.
FAIR, WEBINAR = "Berlin fair 2026", "Webinar: usage you can trust"
LEADS = (
    ("Alder Rail", "alderrail.example"),
    ("Bexley Grid", "bexleygrid.example"),
    ("Corvid Press", "corvidpress.example"),
)
_TITLES = (
    *("VP Engineering", "Chief Financial Officer", "Head of Procurement", "CTO", "Director of IT", "General Counsel"),
    *("VP Operations", "Head of Data", "Chief Information Security Officer", "Marketing Manager", "Leiterin Einkauf"),
)
_ROLES = ("", "", "Decision maker", "", "Technical evaluator", "", "Champion", "")


def set_up(team: dict[str, Member]) -> None:
    """What admins say before the first message comes: a rule of titles, another persona, what a domain is."""
    admin = team["admin"]
    if not TitleRule.objects.exists():
        editing.add_rule(
            kind=TitleRule.Kind.SENIORITY,
            value=Seniority.DIRECTOR,
            pattern="guild master",
            is_regex=False,
            member=admin,
        )
        angle = "Ask for the security questionnaire first: they answer faster than they meet."
        persona = Persona.objects.filter(key="technical_director").first()
        if persona is not None:
            editing.change_persona(persona_id=persona.pk, said={"angle": angle}, member=admin)
        run = again.begin(by=admin)
        again.work(run_id=run.pk)
    if not DomainRule.objects.exists():
        wanted = rules.Wanted(story.SHARED_HOST, DomainRule.Kind.SHARED, "Students of many universities")
        rules.add(wanted=[wanted], member=admin)
        settling.work()


def work(team: dict[str, Member]) -> None:
    """What they did once the messages were there."""
    _correct(team["product"])
    _contacts(team["marketing"], team["sales"])
    _roles(team["sales"], team["success"])
    if ProductUser.objects.filter(email=story.LEAVER).exists():
        erasing.erase(said=story.LEAVER, member=team["admin"], way=audit.PAGE)
    suggesting.refresh()


def _correct(member: Member) -> None:
    if Correction.objects.exists():
        return
    twins, namesakes = ([_account(domain) for _name, domain in pair] for pair in (story.TWINS, story.NAMESAKES))
    if all(twins):
        verbs.merge(
            account_id=twins[1], into_id=twins[0], member=member, note="One company: the same imprint.", way=audit.PAGE
        )
    if all(namesakes):
        note = "Both are called Pinecrest."
        made = verbs.merge(account_id=namesakes[1], into_id=namesakes[0], member=member, note=note, way=audit.PAGE)
        undoing.undo(correction_id=made.pk, member=member, way=audit.PAGE)


def _account(domain: str) -> int:
    """0: there is none."""
    return Account.objects.filter(domains__domain=domain).values_list("pk", flat=True).first() or 0


def _contacts(marketer: Member, seller: Member) -> None:
    """A list from a fair, with three rows to mend, and two people whom a rep met."""
    if ContactImport.objects.exists():
        return
    found = files.upload(name=FILE, data=_list(_without_buyer(40)).encode(), member=marketer, source=FAIR)
    files.begin(import_id=found.pk, member=marketer)
    files.go_on(found.pk)
    met = _without_buyer(42)[-2:]
    for number, (name, domain) in enumerate(met):
        who = ("Ruth Lindgren", "Owen Baptiste")[number]
        said = {
            "name": who,
            "email": f"{who.split()[0].lower()}@{domain}",
            "title": ("Chief Financial Officer", "VP Engineering")[number],
            "phone": ("+46 8 5550 1234", "+1 415 555 0134")[number],
            "company": name,
            "role": BuyingRole.ECONOMIC_BUYER.value,
            "source": "Referral",
        }
        book.add(member=seller, said=said, is_sure=number == 0)


def _without_buyer(most: int) -> list[tuple[str, str]]:
    """Companies with a team, the largest first: name and domain."""
    rows = Account.objects.current().exclude(domain="").annotate(people=Count("product_users"))
    rows = rows.exclude(product_users__buying_role=BuyingRole.ECONOMIC_BUYER)
    return list(rows.order_by("-people", "domain").values_list("name", "domain")[:most])


def _list(companies: Sequence[tuple[str, str]]) -> str:
    """The file as the fair's scanner wrote it."""
    draw, out, scanned = np.random.default_rng(3), io.StringIO(), ""
    sheet = csv.writer(out, delimiter=";")
    sheet.writerow(("E-Mail", "Vorname", "Nachname", "Position", "Telefon", "Firma", "Website", "Lead Source", "Rolle"))
    for number, (name, domain) in enumerate([*companies, *LEADS, *LEADS[:2]]):
        first, last = (str(draw.choice(of)) for of in (words.FIRST_NAMES, words.LAST_NAMES))
        phone = f"+49 30 5550 {draw.integers(1000, 9999)}" if draw.random() < 0.6 else ""
        source = WEBINAR if draw.random() < 0.35 else ""
        title, role = _TITLES[number % len(_TITLES)], _ROLES[number % len(_ROLES)]
        mail = f"{story.plain(first)}.{story.plain(last)}@{domain}"
        scanned = scanned or mail
        sheet.writerow((mail, first, last, title, phone, name, f"www.{domain}", source, role))
    sheet.writerow(("ines.moreau@gmail.com", "Ines", "Moreau", "CEO", "+33 1 5550 1234", "", "", "", ""))
    sheet.writerow(("no-badge", "Karl", "Brandt", "CTO", "", "", "", "", ""))
    sheet.writerow(("mia@alderrail.example", "Mia", "Costa", "CFO", "4,91512E+11", "Alder Rail", "", "", ""))
    sheet.writerow((scanned, "Somebody", "Else", "", "", "", "", "", ""))
    return out.getvalue()


def _roles(seller: Member, helper: Member) -> None:
    """A word about somebody who brings colleagues, and one about a contact."""
    brings = ProductUser.objects.filter(email__endswith=f"@{story.LARGE[1]}").order_by("-first_seen_at", "pk").last()
    if brings is not None and not brings.role_words.exists():
        note = "Offered to introduce us to procurement."
        roles.say(member=seller, role=BuyingRole.CHAMPION, user_id=brings.pk, note=note, way=audit.PAGE)
    contact = Contact.objects.filter(removed_at=None, user=None, source=FAIR, title="Head of Procurement").first()
    if contact is not None and not contact.role_words.exists():
        roles.say(member=helper, role=BuyingRole.PROCUREMENT, contact_id=contact.pk, note="Told us so.", way=audit.PAGE)
