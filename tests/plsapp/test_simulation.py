import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from accounts import domains, event_names, messages, titles
from plsapp.simulation import simulate

UNTIL = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
ACCOUNTS, DAYS = 500, 120


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    return list(simulate(accounts=ACCOUNTS, days=DAYS, until=UNTIL))


@pytest.fixture(scope="module")
def sent(bodies) -> list[dict]:
    return [message for body in bodies for message in msgspec.json.decode(body)["batch"]]


@pytest.fixture(scope="module")
def people(sent) -> dict[str, dict]:
    """Traits by user id."""
    return {
        message["userId"]: message["traits"]
        for message in sent
        if message["type"] == "identify" and "name" in message["traits"]
    }


@pytest.fixture(scope="module")
def companies(people) -> dict[str, list[str]]:
    """User ids by company domain."""
    found = defaultdict(list)
    for user, traits in people.items():
        if domain := domains.of_email(traits["email"]):
            found[domain].append(user)
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(bodies):
    assert list(simulate(accounts=ACCOUNTS, days=DAYS, until=UNTIL)) == bodies
    assert next(simulate(accounts=ACCOUNTS, days=DAYS, until=UNTIL, seed=8)) != bodies[0]


def test_batches_keep_within_the_limits_of_the_intake(bodies):
    assert max(map(len, bodies)) <= messages.BATCH_LIMIT
    sizes = [len(msgspec.json.decode(body)["batch"]) for body in bodies]
    assert all(250 <= size <= 500 for size in sizes[:-1])
    assert 1 <= sizes[-1] <= 500


def test_messages_come_in_time_order_within_the_days_asked_for(sent):
    times = [message["timestamp"] for message in sent]
    assert times == sorted(times)
    assert datetime.fromisoformat(times[0]) >= UNTIL - timedelta(days=DAYS)
    assert UNTIL - timedelta(hours=2) <= datetime.fromisoformat(times[-1]) <= UNTIL


def test_the_loader_can_read_every_message_and_no_id_repeats(bodies):
    read = [
        messages.read(item, path="batch", received_at=UNTIL)
        for body in bodies
        for item in messages.split(messages.decode(body), "batch")
    ]
    ids = [message.message_id for message in read]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert {message.type for message in read} == {"track", "page", "identify", "group", "alias"}


def test_nobody_acts_before_they_are_identified(sent):
    known = set()
    for message in sent:
        if message["type"] == "identify" and "name" in message["traits"]:
            known.add(message["userId"])
        elif message["type"] == "track" and message["event"] not in ("Signed Up",):
            assert message["userId"] in known


def test_every_company_has_its_own_domain_and_none_could_be_real(companies):
    assert len(companies) == ACCOUNTS
    assert all(domain.endswith(".example") for domain in companies)


def test_people_of_a_company_have_addresses_of_their_own(people):
    emails = [traits["email"] for traits in people.values()]
    assert len(set(emails)) == len(emails)
    assert all(domains.clean_email(email) == email for email in emails)


def test_some_people_are_on_freemail_and_most_of_those_have_no_workspace(sent, people):
    private = {user for user, traits in people.items() if not domains.of_email(traits["email"])}
    assert 0.04 <= len(private) / len(people) <= 0.15
    in_workspaces = {message["userId"] for message in sent if message["type"] == "group"}
    assert 0 < len(private & in_workspaces) < len(private) / 2


def test_companies_are_mostly_small_and_a_few_are_large_teams(companies):
    sizes = sorted(map(len, companies.values()))
    assert sizes[len(sizes) // 2] == 1
    assert 0.05 <= sum(size >= 7 for size in sizes) / len(sizes) <= 0.12
    assert 12 <= sizes[-1] <= 60


def test_titles_are_known_for_about_sixty_percent_and_a_buyer_for_about_thirty(people, companies):
    assert 0.55 <= sum("title" in traits for traits in people.values()) / len(people) <= 0.70

    def is_buyer(user: str) -> bool:
        found = titles.classify(people[user].get("title", ""))
        role, confidence = titles.buying_role(found.seniority, found.department)
        return role == "economic_buyer" and confidence >= titles.CLEAR

    assert 0.24 <= sum(any(map(is_buyer, users)) for users in companies.values()) / len(companies) <= 0.36


def test_most_who_join_a_team_were_invited_before_they_came(sent, people):
    joined = {m["userId"]: m["timestamp"] for m in sent if m["type"] == "identify" and "name" in m["traits"]}
    by_email = {traits["email"]: user for user, traits in people.items()}
    invites = [m for m in sent if m.get("event") == "Teammate Invited"]
    followers = len(people) - len([m for m in sent if m.get("event") == "Signed Up"])
    assert 0.6 <= len(invites) / followers <= 0.9
    # Whoever is invited at the very end comes after it.
    known = [m for m in invites if m["properties"]["email"] in by_email]
    assert len(known) > 0.95 * len(invites)
    assert all(m["timestamp"] < joined[by_email[m["properties"]["email"]]] for m in known)


def test_one_percent_raise_a_hand_with_a_message_in_the_last_three_weeks(sent):
    raised = [m for m in sent if event_names.classify(m.get("event") or "")[1] == "hand_raise"]
    assert ACCOUNTS * 0.005 <= len(raised) <= ACCOUNTS * 0.015
    assert all(UNTIL - datetime.fromisoformat(m["timestamp"]) <= timedelta(days=21) for m in raised)
    assert all(m["properties"]["message"] and m["context"]["groupId"] for m in raised)


def test_events_of_every_category_happen(sent):
    names = {m["event"] for m in sent if m["type"] == "track"} | {
        f"Viewed {m['name']} Page" for m in sent if m["type"] == "page"
    }
    assert 25 <= len(names) <= 40
    kinds = Counter(event_names.classify(name) for name in names)
    assert {category for category, _ in kinds} == {
        "core", "advanced", "collaboration", "creation", "admin", "intent", "noise",
    }  # fmt: skip
    assert {signal for _, signal in kinds} >= {"hand_raise", "admin_switch", "pricing", "terms", "invite"}


def test_workspaces_say_who_they_are_and_some_pay(sent):
    told = [m["traits"] for m in sent if m["type"] == "group" and "traits" in m]
    assert {"free", "trial", "team", "business"} <= {traits["plan"] for traits in told}
    assert 0.7 <= sum("website" in traits for traits in told) / len(told) <= 0.9
    assert 0.75 <= sum("employees" in traits for traits in told) / len(told) <= 0.95


def test_visits_before_sign_up_are_joined_by_alias_or_identify(sent):
    visitors = {m["anonymousId"] for m in sent if m["type"] == "page" and "anonymousId" in m}
    by_alias = {m["previousId"] for m in sent if m["type"] == "alias"}
    by_identify = {m["anonymousId"] for m in sent if m["type"] == "identify" and "anonymousId" in m}
    assert by_alias
    assert by_identify
    # Somebody who looked around on the last day may not have signed up yet.
    assert len(visitors - by_alias - by_identify) < 0.05 * len(visitors)


def test_weekends_are_quiet(sent):
    on = Counter(datetime.fromisoformat(m["timestamp"]).weekday() for m in sent)
    assert (on[5] + on[6]) / 2 < 0.35 * sum(on[day] for day in range(5)) / 5


def test_the_demo_has_its_size_in_a_few_seconds():
    started = time.monotonic()
    total = sum(len(msgspec.json.decode(body)["batch"]) for body in simulate(until=UNTIL))
    assert 250_000 <= total <= 450_000
    assert time.monotonic() - started < 30, "15 seconds on a quiet machine"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"until": UNTIL.replace(tzinfo=None)}, "until"),
        ({"until": UNTIL, "accounts": 0}, "accounts"),
        ({"until": UNTIL, "days": 5}, "days"),
    ],
)
def test_a_wrong_argument_is_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        simulate(**arguments)


@pytest.mark.parametrize(("accounts", "days"), [(1, 28), (7, 40), (30, 365)])
def test_small_and_long_worlds_hold_together(accounts, days):
    sent = [
        m for body in simulate(accounts=accounts, days=days, until=UNTIL) for m in msgspec.json.decode(body)["batch"]
    ]
    found = {
        domains.of_email(m["traits"]["email"]) for m in sent if m["type"] == "identify" and "name" in m["traits"]
    } - {""}
    assert len(found) <= accounts
    assert sent
