"""What an admin says of a domain goes before the lists, and whoever it concerns finds the account again."""

import pytest

from accounts import domains
from accounts.company_domains import rules, settling
from accounts.models import AccountChange, AuditEntry, DomainRule, Resettling, Role, Workspace
from tests.factories import MemberFactory
from tests.feed import account_of, account_of_workspace, group, identify, load, track

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _the_lists_alone_afterwards():
    yield
    domains.use(domains.Rules())


def test_a_rule_moves_people_workspaces_and_history_and_its_removal_brings_them_back():
    admin = MemberFactory(role=Role.ADMIN)
    load(
        *(identify(user, email=f"{user}@club.example") for user in ("ann", "bob")),
        identify("cid", email="cid@acme.com"),
        group("ws", "ann", name="Team", website="club.example"),
        *(track(user, group="people") for user in ("ann", "bob", "cid")),
    )
    club = account_of("ann")
    assert account_of_workspace("ws") == account_of_workspace("people") == club
    wanted, wrong = rules.read_lines(
        "domain,kind\nclub.example;shared;a club\nnot a domain\nx.org, nonsense", kind="shared"
    )
    assert [str(line) for line in wrong] == [
        "Line 3: “not a domain” is no domain.",
        "Line 4: “nonsense” is none of shared, disposable, company.",
    ]
    (rule,), job = rules.add(wanted=wanted, member=admin)
    AccountChange.objects.all().delete()
    assert settling.work()
    assert account_of("ann") is None
    assert account_of_workspace("people").domain == "acme.com"
    assert account_of_workspace("ws").domain == ""
    job.refresh_from_db()
    assert (job.total, job.done, job.finished_at is not None) == (3, 3, True)
    assert AccountChange.objects.filter(account=club, is_urgent=True).exists()
    load(identify("eve", email="eve@mail.club.example"))
    assert account_of("eve") is None

    rules.remove(rule_id=rule.pk, member=admin)
    assert settling.work()
    assert (
        account_of("ann") == account_of("eve") == account_of_workspace("ws") == account_of_workspace("people") == club
    )
    rules.put_back(rule_id=rule.pk, member=admin)
    assert settling.work()
    assert account_of("ann") is None
    assert Resettling.objects.filter(finished_at=None).count() == 0
    assert list(AuditEntry.objects.filter(subject="domain").order_by("pk").values_list("action", "label")) == [
        ("domain_rule.add", "club.example"),
        ("domain_rule.remove", "club.example"),
        ("domain_rule.add", "club.example"),
    ]


def test_a_raised_hand_stays_in_view_when_its_domain_is_a_companys_no_more():
    load(identify("ann", email="ann@club.example"), track("ann", "Demo Requested"))
    club = account_of("ann")
    (rule,), _job = rules.add(wanted=[rules.Wanted("club.example", "shared")], member=None)
    settling.work()
    own = account_of("ann")
    assert (own.of_person, own.name) == (True, "ann@club.example")
    rules.remove(rule_id=rule.pk, member=None)
    settling.work()
    own.refresh_from_db()
    assert account_of("ann") == own.merged_into == club


def test_a_freemail_host_can_be_a_company_after_all_and_by_hand_stays_by_hand():
    load(identify("ann", email="ann@gmx.ch"), track("ann", group="ws"))
    load(identify("bob", email="bob@acme.com"), track("bob", group="by-hand"))
    Workspace.objects.filter(external_id="by-hand").update(account_by="hand")
    rules.add(wanted=[rules.Wanted("gmx.ch", "company"), rules.Wanted("acme.com", "shared")], member=None)
    settling.work()
    assert account_of("ann").domain == "gmx.ch"
    assert account_of_workspace("by-hand").domain == "acme.com"
    assert domains.kind_of("x@gmx.ch") == domains.Kind("company", "rule", "gmx.ch")
    DomainRule.objects.all().delete()
    rules.refresh()
    assert domains.kind_of("https://gmx.ch/") == domains.Kind("shared", "brand", "gmx")
