import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import loading
from accounts.models import Account, AccountDomain, Membership, ProductUser, Signal, Usage, UserAlias, Workspace
from tests.feed import account_of, account_of_workspace, alias, counted, group, identify, land, load, track

pytestmark = pytest.mark.django_db


def test_identify_traits_update_the_person():
    load(
        identify(
            "ann",
            email="Ann@Acme.COM ",
            firstName="Ann",
            lastName="Lee",
            jobTitle="VP of Engineering",
            company={"name": "Acme", "employees": "201-500"},
        )
    )
    ann = ProductUser.objects.get()
    assert (ann.email, ann.name, ann.title) == ("ann@acme.com", "Ann Lee", "VP of Engineering")
    assert (ann.seniority, ann.department, ann.company, ann.employees) == ("vp", "engineering", "Acme", 201)
    assert (ann.buying_role, ann.buying_confidence) == ("economic_buyer", 0.6)


def test_later_traits_replace_earlier_ones_and_absent_ones_keep_them():
    load(identify("ann", email="ann@acme.com", title="Engineer"))
    load(identify("ann", title="CTO"))
    ann = ProductUser.objects.get()
    assert (ann.email, ann.title, ann.seniority) == ("ann@acme.com", "CTO", "c_level")


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("ann@mail.eu.acme.co.uk", "acme.co.uk"),
        ("ann@acme.example", "acme.example"),
        ("ann@gmail.com", None),
        ("ann@mailinator.com", None),
        ("12345+ann@users.noreply.github.com", None),
        ("not an address", None),
    ],
)
def test_the_account_follows_from_the_emails_registrable_domain(email, domain):
    load(identify("ann", email=email), track("ann"))
    account = account_of("ann")
    assert (account and account.domain) == domain
    assert Account.objects.count() == (1 if domain else 0)


def test_people_of_one_domain_share_one_account():
    load(identify("ann", email="ann@acme.com"), identify("bob", email="bob@acme.com"))
    load(identify("cid", email="cid@sales.acme.com"))
    assert Account.objects.get().product_users.count() == 3


def test_a_workspaces_stated_domain_beats_its_members_emails():
    load(
        group("ws", "ann", name="Acme Inc", website="https://www.acme.com/about", employees=450, plan="Team"),
        identify("ann", email="ann@agency.com"),
        track("ann", group="ws"),
    )
    account = account_of_workspace("ws")
    assert (account.name, account.domain, account.employees, account.plan) == ("Acme Inc", "acme.com", 450, "Team")
    assert account_of("ann").domain == "agency.com"


def test_a_workspace_without_a_domain_belongs_to_the_company_of_most_members():
    load(
        identify("ann", email="ann@acme.com"),
        identify("bob", email="bob@acme.com"),
        identify("eve", email="eve@agency.com"),
        identify("gus", email="gus@gmail.com"),
        *(track(user, group="ws") for user in ("ann", "bob", "eve", "gus")),
    )
    assert account_of_workspace("ws").domain == "acme.com"


def test_a_workspace_of_freemail_people_forms_an_account_of_its_own_but_never_of_the_host():
    load(
        group("ws", "ann", name="Garage Band"),
        identify("ann", email="ann@gmail.com"),
        identify("bob", email="bob@gmail.com"),
        track("ann", group="ws"),
        track("bob", group="ws"),
    )
    account = Account.objects.get()
    assert (account.name, account.domain) == ("Garage Band", "")
    assert not AccountDomain.objects.exists()


def test_an_account_of_its_own_gives_way_when_the_company_becomes_known():
    load(group("ws", "ann", name="Acme"), track("ann", group="ws"))
    own = account_of_workspace("ws")
    load(identify("ann", email="ann@acme.com"))
    company = account_of_workspace("ws")
    assert company.domain == "acme.com"
    own.refresh_from_db()
    assert own.merged_into == company


def test_a_stated_freemail_domain_is_no_company():
    load(group("ws", "ann", name="Ann", website="gmail.com"), track("ann", group="ws"))
    assert account_of_workspace("ws").domain == ""


def test_several_stated_domains_belong_to_one_account():
    load(group("ws", "ann", name="Acme", domain="acme.com", domains=["acme.com", "acme.io"]))
    load(identify("bob", email="bob@acme.io"))
    assert account_of("bob") == account_of_workspace("ws")


def test_anonymous_usage_joins_its_person_on_identify():
    load(track(None, "Viewed Docs", anonymousId="anon-1"), track(None, "Viewed Docs", anonymousId="anon-1"))
    load(identify("ann", email="ann@acme.com", anonymousId="anon-1"), track("ann"))
    load(track(None, "Viewed Docs", anonymousId="anon-1"))
    assert ProductUser.objects.get().key == "u:ann"
    assert counted() == 4


def test_anonymous_usage_joins_a_person_who_was_known_before():
    load(track("ann", "Viewed Docs"))
    load(track(None, "Viewed Docs", anonymousId="anon-1"), group("ws"))
    load(track(None, "Viewed Docs", anonymousId="anon-1", group="ws"))
    load(identify("ann", email="ann@acme.com", anonymousId="anon-1"))
    ann = ProductUser.objects.get()
    assert (ann.key, counted()) == ("u:ann", 3)
    assert Membership.objects.get().user == ann


def test_an_alias_joins_two_names_of_one_person():
    load(track("old-id"), track("new-id"))
    load(alias("old-id", "new-id"))
    load(track("old-id"))
    assert ProductUser.objects.get().key == "u:new-id"
    assert counted() == 3


def test_a_loop_of_aliases_ends():
    load(track("a"), track("b"), alias("a", "b"), alias("b", "a"), alias("a", "a"))
    assert ProductUser.objects.count() == 1
    assert counted() == 2


@pytest.mark.parametrize("order", ["as said", "backwards", "one by one"])
def test_a_chain_of_two_hundred_aliases_is_one_person_known_by_the_last_id(order):
    links = [alias(f"id-{n}", f"id-{n + 1}") for n in range(200)]
    items = [track("id-0"), *links, track("id-200"), identify("id-77", email="ann@acme.com")]
    if order != "as said":
        items.reverse()
    if order == "one by one":
        for item in items[:20]:
            load(item)
        items = items[20:]
    load(*items)
    person = ProductUser.objects.get()
    assert (person.key, person.email, counted()) == ("u:id-200", "ann@acme.com", 2)
    assert person.aliases.filter(key__startswith="u:").count() == 200


@pytest.mark.parametrize("backwards", [False, True])
def test_of_a_loop_and_of_two_new_ids_the_person_is_known_by_the_same_in_any_order(backwards):
    loop = [alias("b", "a"), alias("a", "b"), alias("b", "b"), track("b")]
    forked = [alias("old", "new-2"), alias("old", "new-1"), track("new-2")]
    for item in reversed([*loop, *forked]) if backwards else [*loop, *forked]:
        load(item)
    assert set(ProductUser.objects.values_list("key", flat=True)) == {"u:a", "u:new-1"}


def test_of_two_things_said_at_the_same_time_the_same_counts_in_any_order():
    at = {"timestamp": "2026-11-01T00:00:00Z"}
    for order in (1, -1):
        said = [
            identify("ann", title="CEO", email="a@acme.com") | at,
            identify("ann", title="Engineer", email="b@acme.com") | at,
        ]
        for item in said[::order]:
            load(item)
        ann = ProductUser.objects.get()
        assert (ann.title, ann.email) == ("Engineer", "b@acme.com")
        ann.aliases.all().delete()
        ann.delete()


def test_of_messages_without_a_time_the_last_in_their_request_counts():
    load(identify("ann", title="Engineer"), identify("ann", title="CEO"))
    assert ProductUser.objects.get().title == "CEO"


def test_a_device_goes_to_who_was_there_first_with_all_that_was_done_there_without_a_name():
    def at(day, item):
        return item | {"timestamp": f"2026-11-{day:02}T08:00:00Z"}

    load(
        at(2, track(None, "Pricing Viewed", anonymousId="kiosk", group="ws")),
        at(
            3,
            {
                "type": "identify",
                "anonymousId": "kiosk",
                "traits": {"name": "Someone", "title": "CEO"},
                "messageId": "k",
            },
        ),
        at(4, identify("bob", email="bob@other.com", anonymousId="kiosk")),
        at(5, track("bob")),
    )
    bob = ProductUser.objects.get(key="u:bob")
    assert (bob.title, bob.memberships.count(), bob.first_seen_at.day) == ("CEO", 1, 2)
    load(at(3, identify("ann", email="ann@acme.com", anonymousId="kiosk")))
    bob.refresh_from_db()
    ann = ProductUser.objects.get(key="u:ann")
    assert (bob.title, bob.buying_role, bob.memberships.count(), bob.first_seen_at.day) == ("", "", 0, 4)
    assert (ann.title, ann.memberships.count(), ann.first_seen_at.day) == ("CEO", 1, 2)
    assert sorted(Usage.objects.values_list("user__key", "count")) == [("u:ann", 1), ("u:bob", 1)]
    assert sorted(Signal.objects.values_list("user__key", "kind")) == [("u:ann", "buyer_joined"), ("u:ann", "pricing")]
    assert account_of_workspace("ws") is None or account_of_workspace("ws").domain == "acme.com"


def test_a_batch_that_joins_many_takes_as_many_statements_as_one_that_joins_few():
    def statements(n, name):
        for k in range(n):
            load(track(f"{name}-{k}", group="ws"), track(None, anonymousId=f"d-{name}-{k}"), track(f"old-{name}-{k}"))
        land(
            *(identify(f"{name}-{k}", anonymousId=f"d-{name}-{k}", title="CEO") for k in range(n)),
            *(alias(f"old-{name}-{k}", f"{name}-{k}") for k in range(n)),
        )
        with CaptureQueriesContext(connection) as queries:
            loading.drain()
        return len(queries)

    statements(1, "warm")
    assert statements(6, "many") <= statements(2, "few")


def test_who_loses_a_device_keeps_the_others_also_of_who_turns_out_to_be_the_same_in_that_batch():
    said = {"type": "identify", "anonymousId": "phone", "traits": {"employees": 2000}, "context": {"groupId": "ws"}}
    load(track("ann", anonymousId="phone"), said, track("ann", anonymousId="kiosk"), track("bob"))
    load(alias("ann", "bob"), track("cid", days_ago=9, anonymousId="kiosk"))
    bob = ProductUser.objects.get(key="u:bob")
    assert (bob.employees, bob.memberships.count()) == (2000, 1)
    assert UserAlias.objects.get(key="a:kiosk").user.key == "u:cid"


def test_a_shared_device_stays_with_the_first_person():
    load(identify("ann", email="ann@acme.com", anonymousId="kiosk"), track("ann"))
    load(identify("bob", email="bob@acme.com", anonymousId="kiosk"), track("bob"))
    assert set(ProductUser.objects.values_list("key", flat=True)) == {"u:ann", "u:bob"}
    assert UserAlias.objects.get(key="a:kiosk").user.key == "u:ann"


def test_a_new_email_moves_the_person_and_his_history():
    load(identify("ann", email="ann@acme.com"), track("ann"))
    load(identify("ann", email="ann@newco.com"))
    assert account_of("ann").domain == "newco.com"


def test_a_user_id_that_is_an_email_is_one():
    load(track("ann@acme.com"))
    assert ProductUser.objects.get().account.domain == "acme.com"


def test_wrong_types_in_traits_are_ignored():
    load(identify("ann", email=["x"], name={"a": 1}, title=7, company=[1], employees="many", department=None))
    ann = ProductUser.objects.get()
    assert (ann.email, ann.name, ann.title, ann.company, ann.employees) == ("", "", "", "", None)


def state():
    """Everything about identity that must not depend on the order of arrival."""
    return (
        sorted(ProductUser.objects.values_list("key", "email", "account__domain")),
        sorted(Workspace.objects.values_list("external_id", "account__domain")),
        counted(),
    )


class OrderTest(TestCase):
    ITEMS = [
        ("track-anonymous", lambda: track(None, "Viewed Docs", anonymousId="anon")),
        ("track-known", lambda: track("ann", group="ws")),
        ("identify", lambda: identify("ann", email="ann@acme.com", anonymousId="anon")),
        ("group", lambda: group("ws", "ann", name="Acme", website="acme.com")),
        ("alias", lambda: alias("before", "ann")),
        ("track-before", lambda: track("before", "Opened")),
    ]
    expected = (
        [("u:ann", "ann@acme.com", "acme.com")],
        [("ws", "acme.com")],
        3,
    )

    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(order=st.permutations(ITEMS), cuts=st.lists(st.booleans(), min_size=6, max_size=6))
    def test_any_order_and_any_batching_give_the_same_end_state(self, order, cuts):
        waiting = []
        for (_name, make), cut in zip(order, cuts, strict=True):
            waiting.append(make())
            if cut:
                load(*waiting)
                waiting = []
        if waiting:
            load(*waiting)
        assert state() == self.expected
