"""Whatever the order in which messages arrive, and however they are cut into batches, everything ends the same.

`ORDER_EXAMPLES` draws more feeds than a run of all tests has time for.
"""

import datetime as dt
import json
import os

from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, note
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts import landing, loading
from accounts.models import Account, AccountDomain, Contact
from tests.accounts.test_attribution import wipe
from tests.feed import alias, counted, group, identify, source, track

EXAMPLES = int(os.environ.get("ORDER_EXAMPLES", "12"))
USERS, GROUPS, DEVICES = ["u1", "u2", "u3", "x@acme.com", "y@gmail.com"], ["w1", "w2", "w3"], ["d1", "d2"]
EMAILS = ["a@acme.com", "b@acme.io", "c@other.com", "d@gmail.com", "D@Gmail.com", "e@mail.acme.io", "f@zeta.com"]
DOMAINS = ["acme.com", "acme.io", "other.com"]
SITES = [*DOMAINS, "https://www.acme.com/x", "gmail.com", "linkedin.com/company/acme"]
#: Hours before the arrival: late, of long ago, and by a clock that is ahead.
AGES = [0, 0, 9, 18, 27, 36, 4_800, -0.5]
EVENTS = ["Report Exported", "Demo Requested", "Pricing Viewed", "Teammate Invited"]

facts = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(EMAILS),
        "name": st.sampled_from(["Ann", "Bob"]),
        "title": st.sampled_from(["CEO", "Engineer", "VP Finance"]),
        "department": st.sampled_from(["finance", "legal"]),
        "seniority": st.sampled_from(["vp", "manager"]),
        "company": st.sampled_from(["Acme", "Globex"]),
        "employees": st.sampled_from([50, 2000]),
        "use_case": st.sampled_from(["analytics", "reports"]),
    },
)
company = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Name", "Other"]),
        "website": st.sampled_from(SITES),
        "domains": st.lists(st.sampled_from(SITES), min_size=1, max_size=3),
        "employees": st.sampled_from([40, 5000]),
        "industry": st.sampled_from(["Retail", "Energy"]),
        "plan": st.sampled_from(["free", "Team", "Pro"]),
    },
)
users, spaces, devices = st.sampled_from(USERS), st.sampled_from(GROUPS), st.sampled_from(DEVICES)
events = st.sampled_from(EVENTS)
maybe_device = st.sampled_from([{}, {}, *({"anonymousId": device} for device in DEVICES)])
maybe_group = st.sampled_from([{}, *({"group": name} for name in GROUPS)])
messages = st.one_of(
    st.builds(
        lambda user, event, device, space: track(user, event, **device, **space),
        users,
        events,
        maybe_device,
        maybe_group,
    ),
    st.builds(
        lambda device, event, space: track(None, event, anonymousId=device, **space), devices, events, maybe_group
    ),
    st.builds(
        lambda kind, device, who: track(None, **who, anonymousId=device) | {"type": kind, "name": "Pricing"},
        st.sampled_from(["page", "screen"]),
        devices,
        st.sampled_from([{}, *({"userId": user} for user in USERS)]),
    ),
    st.builds(lambda user, said, device: identify(user, **said, **device), users, facts, maybe_device),
    st.builds(lambda user, said: identify(user, **said), users, facts),
    st.builds(
        lambda device, said: {
            "type": "identify",
            "anonymousId": device,
            "traits": said,
            "messageId": f"i-{device}-{said}",
        },
        devices,
        facts,
    ),
    st.builds(lambda name, user, said: group(name, user, **said), spaces, users, company),
    st.builds(lambda name, said: group(name, **said), spaces, company),
    st.builds(alias, st.sampled_from(USERS + DEVICES), users),
    st.builds(
        lambda who, said, space: track(None, "Demo Requested", properties=said, **who, **space),
        st.sampled_from([{"userId": user} for user in USERS] + [{"anonymousId": device} for device in DEVICES]),
        st.fixed_dictionaries(
            {"message": st.sampled_from(["Hi", "Hello"])}, optional={"email": st.sampled_from(EMAILS)}
        ),
        maybe_group,
    ),
)

#: Every table that messages write, by what its rows mean: ids, and when something was found out, depend on the order. A person is
#: all keys that turned out to be one, a company its domains.
KEYS = "(SELECT array_agg(key ORDER BY key) FROM accounts_useralias a WHERE a.user_id = p.id)"
#: A domain that was stated once, and that nobody uses now, may be remembered or not.
USED = """
    (EXISTS (SELECT FROM accounts_productuser u WHERE u.email LIKE '%@' || d.domain OR u.email LIKE '%.' || d.domain)
     OR EXISTS (SELECT FROM accounts_workspace s WHERE s.domain = d.domain OR d.domain = ANY (s.further_domains)))
"""
COMPANY = (
    f"(SELECT array_agg(d.domain ORDER BY d.domain) FROM accounts_accountdomain d WHERE d.account_id = a.id AND {USED})"
)
TABLES = {
    "people": f"""
        SELECT p.key, {KEYS}, p.email, p.name, p.title, p.department, p.seniority, p.company, p.employees, p.use_case,
               p.buying_role, p.buying_confidence, p.role_evidence, p.profiled_at,
               (SELECT name FROM accounts_persona r WHERE r.id = p.persona_id), p.account_by, a.domain,
               {COMPANY},
               p.first_seen_at, p.last_seen_at, nullif(p.said_at, '')::jsonb
        FROM accounts_productuser p LEFT JOIN accounts_account a ON a.id = p.account_id
    """,
    "ids": """
        SELECT a.key, a.gave_way, a.since, a.linked_by, p.key
        FROM accounts_useralias a JOIN accounts_productuser p ON p.id = a.user_id
    """,
    "accounts": f"""
        SELECT a.domain, a.name, a.employees, a.employees_at, a.industry, a.plan, a.told, a.of_person, {COMPANY}
        FROM accounts_account a WHERE a.merged_into_id IS NULL AND (EXISTS (SELECT FROM accounts_accountdomain d
                WHERE d.account_id = a.id AND {USED})
            OR EXISTS (SELECT FROM accounts_workspace w WHERE w.account_id = a.id)
            OR EXISTS (SELECT FROM accounts_productuser p WHERE p.account_id = a.id))
    """,
    "domains": f"""
        SELECT d.domain, d.source, d.confidence, a.domain
        FROM accounts_accountdomain d JOIN accounts_account a ON a.id = d.account_id
        WHERE {USED}
    """,
    "workspaces": f"""
        SELECT w.external_id, w.name, w.domain, w.further_domains, w.employees, w.industry, w.plan, nullif(w.said_at, '')::jsonb,
               w.account_by,
               w.account_confidence, a.domain, {COMPANY}
        FROM accounts_workspace w LEFT JOIN accounts_account a ON a.id = w.account_id
    """,
    "unclear": """
        SELECT w.external_id, m.step, (SELECT array_agg((c ->> 'domain') || ' ' || (c ->> 'people') || coalesce(c ->> 'since', ''))
                                       FROM jsonb_array_elements(m.candidates) c)
        FROM accounts_ambiguity m JOIN accounts_workspace w ON w.id = m.workspace_id WHERE m.settled_at IS NULL
    """,
    "members": """
        SELECT p.key, w.external_id, m.first_seen_at, m.own_at FROM accounts_membership m
        JOIN accounts_productuser p ON p.id = m.user_id JOIN accounts_workspace w ON w.id = m.workspace_id
    """,
    "usage": """
        SELECT p.key, w.external_id, e.name, u.day, u.count, coalesce(w.account_id, p.account_id) IS NULL, a.domain, a.name
        FROM accounts_usage u JOIN accounts_productuser p ON p.id = u.user_id JOIN accounts_eventtype e ON e.id = u.event_type_id
        LEFT JOIN accounts_workspace w ON w.id = u.workspace_id
        LEFT JOIN accounts_account a ON a.id = coalesce(w.account_id, p.account_id)
    """,
    "usage of devices": """
        SELECT u.key, u.day, u.count, e.name FROM accounts_deviceusage u JOIN accounts_eventtype e ON e.id = event_type_id
    """,
    "signals": """
        SELECT s.kind, s.at, p.key, coalesce(home.domain, own.domain), coalesce(home.name, own.name), s.detail, s.count, s.device
        FROM accounts_signal s LEFT JOIN accounts_productuser p ON p.id = s.user_id
        LEFT JOIN accounts_account own ON own.id = p.account_id
        LEFT JOIN accounts_workspace w ON w.id = s.workspace_id LEFT JOIN accounts_account home ON home.id = w.account_id
    """,
    "invitations": """
        SELECT p.key, i.day, w.external_id, i.invitee, i.device, sum(i.count) FROM accounts_invitation i
        JOIN accounts_productuser p ON p.id = i.user_id LEFT JOIN accounts_workspace w ON w.id = i.workspace_id
        GROUP BY 1, 2, 3, 4, 5
    """,
    "raised hands": """
        SELECT h.message_id, p.key FROM accounts_handraise h
        LEFT JOIN accounts_productuser p ON p.id = h.user_id
    """,
    "event types": "SELECT name, category, signal, volume, first_seen_at, last_seen_at FROM accounts_eventtype",
}


def state() -> dict[str, list[str]]:
    found = {}
    with connection.cursor() as cursor:
        for name, query in TABLES.items():
            cursor.execute(query)
            found[name] = sorted(str(row) for row in cursor)
    return found


def load(items, arrival):
    body = json.dumps({"batch": items}).encode()
    landing.accept(source=source(), path="batch", body=body, size=len(items), received_at=arrival)
    loading.drain()


def give_contact(domain):
    """Somebody at gmail.com is known to be of this company."""
    if domain is not None:
        account = Account.objects.create(name=domain, domain=domain)
        AccountDomain.objects.create(domain=domain, account=account, source="contact", confidence=0.7)
        Contact.objects.create(email="d@gmail.com", account=account, source="list")


class OrderTest(TestCase):
    @hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_any_order_of_arrival_and_any_batches_give_the_same_end_state(self, data):
        arrival = timezone.now().replace(microsecond=0)
        items = data.draw(st.lists(messages, min_size=2, max_size=9))
        for place, item in enumerate(items):
            item["messageId"] = f"m-{place}"  # of two with one id only the first to come counts
            ago = data.draw(st.sampled_from(AGES))
            item["timestamp"] = (arrival - dt.timedelta(hours=ago, minutes=1)).isoformat()
        contact = data.draw(st.sampled_from([None, None, "acme.com", "k.com"]))
        give_contact(contact)
        load(items, arrival)
        in_order = state()
        wipe()
        give_contact(contact)
        order = data.draw(st.permutations(items))
        order += data.draw(st.lists(st.sampled_from(items), max_size=2))
        waiting, cuts = [], []
        for item in order:
            waiting.append(item)
            cuts.append(data.draw(st.booleans()))
            if cuts[-1]:
                load(waiting, arrival)
                waiting = []
        if waiting:
            load(waiting, arrival)
        now = state()
        if now != in_order:
            for item in items:
                note(f"{item}")
            note(f"as {[items.index(item) for item in order]} cut {cuts}")
            for name in TABLES:
                for row in sorted(set(in_order[name]) ^ set(now[name])):
                    note(f"{name}: {'in order' if row in in_order[name] else 'now'}: {row}")
        assert now == in_order
        assert counted() == sum(item["type"] in ("track", "page", "screen") for item in items)
        wipe()
