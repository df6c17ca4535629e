"""Whose usage it is must not depend on how messages were cut into batches, nor be undone by what says nothing about it."""

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.ladder import forgetting
from accounts.models import (
    Account,
    AccountDomain,
    Ambiguity,
    AuditEntry,
    Contact,
    HandRaise,
    ProductUser,
    Signal,
    Usage,
    UserAlias,
    Workspace,
)
from scoring import runs
from scoring.models import Outcome, Score, ScoreChange
from tests.feed import account_of, account_of_workspace, alias, counted, group, identify, load, track

pytestmark = pytest.mark.django_db


def test_a_person_who_absorbs_another_keeps_the_account_of_his_own_email():
    load(identify("old", email="ann@former.com"))
    load(identify("ann", email="ann@acme.com"), alias("old", "ann"))
    assert account_of("ann").domain == "acme.com"


def test_an_alias_by_a_shared_device_does_not_make_two_known_people_one():
    load(identify("bob", email="bob@other.com", anonymousId="kiosk"), track("bob"))
    load(identify("ann", email="ann@acme.com"), alias("kiosk", "ann"))
    assert set(ProductUser.objects.values_list("key", flat=True)) == {"u:ann", "u:bob"}
    assert UserAlias.objects.get(key="a:kiosk").user.key == "u:bob"


def test_an_email_as_id_does_not_bring_back_the_address_that_was_replaced():
    load(identify("ann@acme.com", email="ann@newco.com"))
    load(track("ann@acme.com", context={"traits": {"name": "Ann"}}))
    assert account_of("ann@acme.com").domain == "newco.com"


def test_two_workspaces_that_disagree_do_not_overwrite_each_other_with_every_batch():
    load(group("small", "ann", website="acme.com", employees=40, plan="Team"))
    load(group("large", "bob", website="acme.com", employees=5000, plan="free"))
    said = []
    for user, space in (("ann", "small"), ("bob", "large"), ("ann", "small")):
        load(track(user, group=space))
        said.append(Account.objects.values_list("employees", "plan").get())
    assert said == [(5000, "Team")] * 3
    load(group("small", "ann", plan="free"))
    assert Account.objects.get().plan == "free"


def test_the_largest_staff_that_people_state_counts_in_any_batching():
    load(identify("ann", email="ann@acme.com", employees=50))
    load(identify("bob", email="bob@acme.com", employees=500))
    assert Account.objects.get().employees == 500


@pytest.mark.parametrize("batches", [1, 3])
def test_of_as_many_members_neither_company_has_the_workspace_until_one_has_more(batches):
    items = [
        track("zoe", group="ws", days_ago=5),
        track("ann", group="ws", days_ago=3),
        identify("zoe", email="zoe@zeta.com"),
        identify("ann", email="ann@acme.com"),
    ]
    if batches == 1:
        load(*items)
    else:
        load(items[1], items[3])
        load(items[2])
        load(items[0])
    own = account_of_workspace("ws")
    assert own.domain == ""
    unclear = Ambiguity.objects.get(settled_at=None)
    assert [(c["domain"], c["people"]) for c in unclear.candidates] == [("acme.com", 1), ("zeta.com", 1)]
    load(identify("bob", email="bob@zeta.com"), track("bob", group="ws"))
    assert account_of_workspace("ws").domain == "zeta.com"
    unclear.refresh_from_db()
    assert (unclear.settled_because, unclear.settled_for.domain) == ("most members", "zeta.com")
    own.refresh_from_db()
    assert own.merged_into.domain == "zeta.com"


def test_a_workspace_whose_last_company_member_left_stands_for_itself():
    load(group("ws", "ann", name="Band"), identify("ann", email="ann@acme.com"), track("ann", group="ws"))
    load(identify("ann", email="ann@gmail.com"))
    assert (account_of_workspace("ws").name, account_of_workspace("ws").domain) == ("Band", "")


def test_two_members_who_turn_out_to_be_one_person_make_no_account():
    load(track("ann", group="ws"), track(None, group="ws", anonymousId="device"))
    assert account_of_workspace("ws") is not None
    load(identify("ann", name="Ann", anonymousId="device"))
    assert account_of_workspace("ws") is None


def test_stated_domains_of_two_companies_are_an_ambiguity_that_no_weaker_step_guesses():
    load(group("theirs", "bob", name="Theirs", website="globex.com"))
    load(group("ws", "ann", domains=["acme.com", "globex.com"]), identify("ann", email="ann@acme.com"))
    load(track("ann", group="ws"))
    assert account_of_workspace("ws").domain == ""
    unclear = Ambiguity.objects.get(settled_at=None)
    assert (unclear.step, [c["domain"] for c in unclear.candidates]) == ("domain", ["acme.com", "globex.com"])
    load(group("theirs", "bob", domains=["globex.com", "acme.com"]))  # each states the other: they are one company
    assert account_of_workspace("ws") == account_of_workspace("theirs") == account_of("ann")
    assert not Ambiguity.objects.filter(settled_at=None).exists()


@pytest.mark.parametrize("order", ["people first", "domains first", "together"])
def test_further_domains_of_a_workspace_join_people_who_came_before(order):
    people = [identify("ann", email="ann@acme.com"), identify("bob", email="bob@acme.io"), track("bob")]
    stated = [group("ws", "ann", name="Acme", domain="acme.com", domains=["acme.com", "acme.io"])]
    if order == "together":
        load(*people, *stated)
    else:
        first, second = (people, stated) if order == "people first" else (stated, people)
        load(*first)
        load(*second)
    account = Account.objects.current().get()
    assert account == account_of("bob") == account_of_workspace("ws")
    assert set(account.domains.values_list("domain", flat=True)) == {"acme.com", "acme.io"}


def test_a_domain_that_another_workspace_stands_for_is_not_taken_over():
    load(group("theirs", "bob", name="Theirs", website="acme.io"), identify("bob", email="bob@acme.io"))
    load(group("ws", "ann", name="Acme", domain="acme.com", domains=["acme.com", "acme.io"]))
    assert account_of("bob") == account_of_workspace("theirs") != account_of_workspace("ws")


def test_a_buyer_who_becomes_known_by_two_messages_of_one_batch_is_a_signal():
    load(identify("ann", email="ann@acme.com", title="CEO"), identify("ann", employees=300))
    assert Signal.objects.filter(kind="buyer_joined").count() == 1


def test_a_department_that_is_all_a_late_message_says_is_kept():
    load(identify("ann", email="ann@acme.com"), track("ann"), track("ann", days_ago=9))
    load(identify("ann", department="finance") | {"timestamp": "2026-01-01T00:00:00Z"})
    late = identify("ann", department="legal") | {"timestamp": "2026-02-01T00:00:00Z"}
    load(late)
    assert ProductUser.objects.get().department == "legal"


def test_a_workspace_that_was_given_an_account_by_hand_keeps_it():
    load(group("ws", "ann", name="Acme", website="acme.com"))
    other = Account.objects.create(name="Other")
    Workspace.objects.update(account=other, account_by="hand")
    load(group("ws", "ann", name="Acme Inc"))
    assert account_of_workspace("ws") == other


# Any batching --------------------------------------------------------------------------------------------------------


def hand(user=None, **more):
    return track(user, "Demo Requested", **more)


def where_hands_are():
    """The account of each raised hand, as scores have it, and as the list of them has it."""
    rows = Signal.objects.filter(kind="hand_raise").select_related("workspace__account", "user__account")
    placed = [name_of((s.workspace and s.workspace.account) or s.user.account) for s in rows]
    return placed, [name_of(row.account) for row in HandRaise.objects.select_related("account")]


def test_a_hand_raised_on_a_device_goes_to_the_company_that_its_workspace_turns_out_to_have():
    load(hand(anonymousId="d"), track(None, group="ws", anonymousId="d"))
    assert where_hands_are() == ([None], [None])
    load(group("ws", website="acme.com"))
    assert where_hands_are() == ([["acme.com"]], [["acme.com"]])


def test_a_hand_raised_goes_to_the_persons_company_also_when_that_is_known_later_than_the_workspaces():
    load(hand("ann"), group("ws", "ann", website="acme.com"))
    assert where_hands_are()[0] == [["acme.com"]]
    load(identify("ann", email="ann@other.com"))
    assert where_hands_are()[0] == [["other.com"]]
    load(identify("ann", email="ann@gmail.com"))
    assert where_hands_are()[0] == [["acme.com"]]


def test_a_hand_raised_twice_by_ids_of_one_person_is_one_wherever_it_went():
    load(hand("ann"), group("ws", "ann", website="acme.com"), hand("zoe"))
    load(alias("zoe", "ann"))
    assert where_hands_are()[0] == [["acme.com"]]
    assert Signal.objects.get(kind="hand_raise").count == 2


def test_who_loses_a_device_loses_the_account_that_its_raised_hand_made_also_when_the_address_was_of_the_device():
    load(hand(anonymousId="d", days_ago=0.1, properties={"email": "zoe@gmail.com"}), alias("d", "bob"))
    assert account_of("bob").of_person
    load(track("ann@acme.com", anonymousId="d", days_ago=1))
    assert (account_of("bob"), where_hands_are()[0]) == (None, [["acme.com"]])


@pytest.mark.parametrize("is_twice", [False, True])
def test_a_domain_that_a_list_gave_to_an_account_brings_along_only_what_is_stated_beside_it(is_twice):
    account = Account.objects.create(name="Acme", domain="acme.com")
    AccountDomain.objects.create(domain="acme.com", account=account, source="import")
    if is_twice:
        load(group("ws", domains=["acme.com", "other.com", "acme.io"]))
        assert name_of(account_of_workspace("ws")) == ["acme.com", "acme.io", "other.com"]
    load(group("ws", domain="acme.io", domains=["acme.com", "other.com", "acme.io"]))
    assert account_of_workspace("ws").domain == ""
    assert name_of(AccountDomain.objects.get(domain="acme.io").account) == ["acme.io", "other.com"]
    assert name_of(account) == ["acme.com"]


def test_an_account_that_nothing_speaks_for_any_more_is_forgotten_at_night(django_assert_max_num_queries):
    load(identify("ann", email="ann@old.com"), group("ws", "bob", website="former.com"))
    load(identify("ann", email="ann@acme.com"), group("ws", "bob", website="acme.com"))
    load(
        identify("zoe", email="zoe@noted.com"),
        identify("gus", email="gus@kept.com"),
        identify("eve", email="eve@list.com"),
    )
    load(*(identify(name, email=f"{name}@acme.com") for name in ("zoe", "gus", "eve")))
    AccountDomain.objects.filter(domain="list.com").update(source="import")
    Contact.objects.create(email="x@kept.com", account=Account.objects.get(domain="kept.com"), source="list")
    Outcome.objects.create(account=Account.objects.get(domain="noted.com"), kind="won", at=timezone.now())
    assert forgetting.forget_empty() == 0  # they came just now
    Account.objects.update(created_at=timezone.now() - forgetting.AFTER * 2)
    with django_assert_max_num_queries(40):
        assert forgetting.forget_empty() == 2
    assert set(Account.objects.values_list("domain", flat=True)) == {"acme.com", "noted.com", "kept.com", "list.com"}
    assert set(AuditEntry.objects.filter(action="account.forget").values_list("label", flat=True)) == {
        "old.com",
        "former.com",
    }
    load(identify("lou", email="lou@old.com"))
    assert account_of("lou").domain == "old.com"
    assert forgetting.forget_empty() == 0


@pytest.mark.parametrize("raises", [False, True])
def test_everybody_with_the_address_of_a_contact_belongs_to_the_contacts_account(raises):
    account = Account.objects.create(name="Acme")
    Contact.objects.create(email="ann@gmail.com", account=account, source="list")
    load(*[hand(name) if raises else track(name) for name in ("ann", "zoe")])
    load(*[identify(name, email="Ann@gmail.com") for name in ("ann", "zoe")])
    assert {account_of("ann"), account_of("zoe")} == {account}
    assert where_hands_are()[0] == ["Acme"] * 2 * raises


USERS, GROUPS, DEVICES = ["u1", "u2", "x@acme.com"], ["w1", "w2"], ["d1", "d2"]
EVENTS = ["Report Exported", "Demo Requested", "Teammate Invited"]
EMAILS = ["a@acme.com", "b@acme.io", "c@other.com", "d@gmail.com", "e@zeta.com"]
maybe_device = st.sampled_from([{}, {}, *({"anonymousId": device} for device in DEVICES)])
maybe_group = st.sampled_from([{}, *({"group": name} for name in GROUPS)])
ages = st.integers(0, 40)
facts = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(EMAILS),
        "title": st.sampled_from(["CEO", "Engineer"]),
        "employees": st.sampled_from([50, 2000]),
    },
)
company = st.fixed_dictionaries(
    {}, optional={"name": st.just("Name"), "website": st.just("acme.com"), "domains": st.just(["acme.com", "acme.io"])}
)
messages = st.one_of(
    st.builds(
        lambda user, event, age, device, space: track(user, event, days_ago=age, **device, **space),
        st.sampled_from(USERS),
        st.sampled_from(EVENTS),
        ages,
        maybe_device,
        maybe_group,
    ),
    st.builds(
        lambda device, event, age, space: track(None, event, days_ago=age, anonymousId=device, **space),
        st.sampled_from(DEVICES),
        st.sampled_from(EVENTS),
        ages,
        maybe_group,
    ),
    st.builds(lambda user, said, device: identify(user, **said, **device), st.sampled_from(USERS), facts, maybe_device),
    st.builds(
        lambda name, user, said: group(name, user, **said), st.sampled_from(GROUPS), st.sampled_from(USERS), company
    ),
    st.builds(alias, st.sampled_from(USERS + DEVICES), st.sampled_from(USERS)),
)
#: Unknown features are NaN, which is equal to nothing; `digest` stands for them.
SCORED = [
    field.attname
    for field in Score._meta.fields
    if field.attname not in ("scored_at", "tier_since", "feature_values", "week_ago_values")
]


def name_of(account):
    while account is not None and account.merged_into is not None:
        account = account.merged_into
    return account and (sorted(account.domains.values_list("domain", flat=True)) or account.name)


def attribution():
    spaces = {space.pk: space.account for space in Workspace.objects.all()}
    used = [
        (
            row.user.key,
            row.event_type.name,
            row.day,
            row.count,
            name_of(spaces.get(row.workspace_id) or row.user.account),
        )
        for row in Usage.objects.select_related("user", "event_type")
    ]
    people = [
        (p.key, p.email, p.title, p.buying_role, p.employees, name_of(p.account)) for p in ProductUser.objects.all()
    ]
    raised = [
        (s.user.key, s.at.date(), name_of((s.workspace and s.workspace.account) or s.user.account))
        for s in Signal.objects.filter(kind="hand_raise")
    ]
    return sorted(map(str, used)), sorted(map(str, people)), sorted(set(map(str, raised)))


def wipe():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a load that cannot be committed fails here
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(
            "TRUNCATE accounts_account, accounts_productuser, accounts_workspace, accounts_usage, accounts_deviceusage, "
            "accounts_eventtype, accounts_seenmessage CASCADE"
        )


class BatchingTest(TestCase):
    @hypothesis_settings(max_examples=4, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(items=st.lists(messages, min_size=2, max_size=8), cuts=st.lists(st.booleans(), min_size=8, max_size=8))
    def test_any_batching_gives_the_same_attribution_and_scores_as_a_fresh_full_run(self, items, cuts):
        load(*items)
        together = attribution()
        wipe()
        waiting = []
        for item, cut in zip(items, cuts, strict=False):
            waiting.append(item)
            if cut:
                load(*waiting)
                runs.score_changed()
                waiting = []
        if waiting:
            load(*waiting)
        assert attribution() == together
        assert counted() == sum(item["type"] == "track" for item in items)
        runs.score_changed()
        changed = list(Score.objects.order_by("pk").values(*SCORED))
        Score.objects.all().delete()
        ScoreChange.objects.all().delete()
        runs.score_all()
        assert changed == list(Score.objects.order_by("pk").values(*SCORED))
        wipe()
