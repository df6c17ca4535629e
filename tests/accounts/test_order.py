"""Whatever the order in which messages arrive, and however they are cut into batches, people, companies and usage end the same.

Not decided by the messages' times, and so left out here (docs/identity.md, "Limits"): a device that two people use, the main one
of two ids that are joined, and when a title became known.
"""

import datetime as dt

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import AccountDomain, Ambiguity, ProductUser, Usage, Workspace
from tests.accounts.test_attribution import wipe
from tests.feed import alias, counted, group, identify, load, track

START = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
USERS, GROUPS = ["u1", "u2", "u3", "x@acme.com"], ["w1", "w2", "w3"]
EMAILS = ["a@acme.com", "b@acme.io", "c@other.com", "d@gmail.com", "e@mail.acme.io", "f@zeta.com"]
DOMAINS = ["acme.com", "acme.io", "other.com"]

facts = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(EMAILS),
        "title": st.sampled_from(["CEO", "Engineer"]),
        "department": st.sampled_from(["finance", "legal"]),
        "employees": st.sampled_from([50, 2000]),
    },
)
company = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["Name", "Other"]),
        "website": st.sampled_from(DOMAINS),
        "domains": st.lists(st.sampled_from(DOMAINS), min_size=1, max_size=3),
    },
)
users, spaces = st.sampled_from(USERS), st.sampled_from(GROUPS)
messages = st.one_of(
    st.builds(lambda user, space: track(user, **space), users, st.sampled_from([{}, *({"group": g} for g in GROUPS)])),
    st.builds(lambda user: track(None, "Viewed Docs", anonymousId=f"device of {user}"), users),
    st.builds(lambda user, said: identify(user, **said, anonymousId=f"device of {user}"), users, facts),
    st.builds(lambda user, said: identify(user, **said), users, facts),
    st.builds(lambda name, user, said: group(name, user, **said), spaces, users, company),
    st.builds(alias, users, users),
)


def state():
    """What must not depend on the order. A person is all ids that turned out to be his, a company its domains."""
    people = {p.pk: p for p in ProductUser.objects.prefetch_related("aliases")}
    who = {pk: sorted([p.key, *(a.key for a in p.aliases.all())]) for pk, p in people.items()}
    domains = {}
    for domain, account in AccountDomain.objects.order_by("domain").values_list("domain", "account"):
        domains.setdefault(account, []).append(domain)
    spaces = {space.pk: space for space in Workspace.objects.all()}
    stated = {d for s in spaces.values() for d in (s.domain, *s.further_domains)}
    used = {p.account_id for p in people.values()} | {s.account_id for s in spaces.values()}

    def company(account, own=""):
        # A domain that was stated once and that nobody uses may be remembered or not.
        return (
            sorted(set(domains[account]) & stated | {d for d in domains[account] if len(domains[account]) == 1})
            if account in domains
            else own
            if account
            else None
        )

    return {
        "people": sorted(
            (
                who[p.pk],
                p.email,
                p.title,
                p.department,
                p.seniority,
                p.buying_role,
                p.employees or 0,
                str(company(p.account_id)),
            )
            for p in people.values()
        ),
        "workspaces": sorted(
            (s.external_id, s.name, s.domain, s.account_by, str(company(s.account_id, own=s.external_id)))
            for s in spaces.values()
        ),
        "unclear": sorted(
            (a.workspace.external_id, a.step, str([(c["domain"], c["people"]) for c in a.candidates]))
            for a in Ambiguity.objects.filter(settled_at=None).select_related("workspace")
        ),
        "members": sorted(
            (who[user], workspace)
            for user, workspace in ProductUser.objects.filter(memberships__isnull=False).values_list(
                "pk", "memberships__workspace__external_id"
            )
        ),
        "usage": sorted(
            (
                who[u.user_id],
                spaces[u.workspace_id].external_id if u.workspace_id else "",
                u.event_type.name,
                u.count,
                str(
                    company(
                        spaces[u.workspace_id].account_id
                        if u.workspace_id and spaces[u.workspace_id].account_id
                        else people[u.user_id].account_id,
                        own="own",
                    )
                ),
            )
            for u in Usage.objects.select_related("event_type")
        ),
        "in use": len(used),
    }


class OrderTest(TestCase):
    @hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_any_order_of_arrival_gives_the_same_people_companies_and_usage(self, data):
        items = data.draw(st.lists(messages, min_size=2, max_size=9))
        for minute, item in enumerate(items):
            item["timestamp"] = (START + dt.timedelta(minutes=minute)).isoformat()
        load(*items)
        in_order = state()
        wipe()
        waiting = []
        for item in data.draw(st.permutations(items)):
            waiting.append(item)
            if data.draw(st.booleans()):
                load(*waiting)
                waiting = []
        if waiting:
            load(*waiting)
        assert state() == in_order
        assert counted() == sum(item["type"] == "track" for item in items)
        wipe()
