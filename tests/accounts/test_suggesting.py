"""Accounts that may be one company: what speaks for it, and that members' decisions stay."""

import datetime as dt
import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts import handovers, suggesting
from accounts.models import Ambiguity, Membership, MergeSuggestion
from tests.factories import AccountFactory, ProductUserFactory, WorkspaceFactory

TODAY = dt.date(2026, 6, 1).toordinal()


def people(*groups):
    """Of (account, how many, first day, last day), as days before today; a few days apart."""
    rows = [
        (account, TODAY - first + n % 20, TODAY - last - n % 20)
        for account, many, first, last in groups
        for n in range(many)
    ]
    return handovers.People(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))


def found(*groups, alike=0.9):
    every = handovers.find(people(*groups), today=TODAY, alike=lambda pairs: dict.fromkeys(pairs, alike))
    return [(one.source, one.target, one.confidence) for one in every]


BACKGROUND = [(account, 10, 900 - 37 * account, 5) for account in range(10, 20)]


def test_many_people_who_stop_while_as_many_begin_elsewhere_are_a_handover():
    [(source, target, confidence)] = found((1, 25, 900, 300), (2, 24, 290, 5), *BACKGROUND)
    assert (source, target) == (1, 2)
    assert confidence > 0.8


def test_it_counts_for_less_the_smaller_it_is_and_the_more_others_grew():
    [(_, _, large)] = found((1, 25, 900, 300), (2, 24, 290, 5))
    [(_, _, small)] = found((1, 3, 900, 300), (2, 3, 290, 5))
    with_rivals = found((1, 25, 900, 300), *((account, 24, 290, 5) for account in range(2, 6)))
    assert small < large * 0.6
    assert len(with_rivals) == 4
    assert max(confidence for *_pair, confidence in with_rivals) < large * 0.3


def test_what_is_no_handover():
    assert found((1, 25, 900, 20), (2, 24, 290, 5)) == [], "nobody has stopped"
    assert found((1, 25, 900, 300), (2, 24, 290, 5), alike=0.3) == [], "they do other things"
    growing = [(2, 12, since, 5) for since in range(20, 1100, 60)]
    assert found((1, 25, 900, 300), *growing) == [], "the other grows like this all the time"
    assert found((1, 25, 900, 300), (2, 200, 290, 5)) == [], "eight times as many began"
    assert handovers.find(handovers.People(*[np.array([], dtype=np.int64)] * 3), today=TODAY, alike=dict) == []


def person(account, email="", name="", first=100, last=1):
    now = timezone.now()
    return ProductUserFactory(
        account=account,
        email=email,
        name=name,
        first_seen_at=now - dt.timedelta(days=first),
        last_seen_at=now - dt.timedelta(days=last),
    )


@pytest.mark.django_db
def test_people_names_workspaces_and_open_questions_speak_for_it():
    old, new, other = AccountFactory(domain="oldco.com"), AccountFactory(domain="newco.com"), AccountFactory()
    for n, name in enumerate(("dana.miller", "ann.olsen", "joe.black")):
        person(old, f"{name}@oldco.com", f"P {n}", 400, 200)
        person(new, f"{name}@newco.com", "", 190, 1)
    for account in (old, new, other):
        person(account, f"support@{account.domain}", "")
    branch, main = AccountFactory(domain="acme.de"), AccountFactory(domain="acme.com")
    guest = person(other, f"kim@{other.domain}")
    space = WorkspaceFactory(account=main)
    for user in (guest, person(main), person(main)):
        Membership.objects.create(user=user, workspace=space, first_seen_at=timezone.now())
    now = timezone.now()
    candidates = [{"account": main.pk, "domain": "acme.com"}, {"account": branch.pk, "domain": "acme.de"}]
    Ambiguity.objects.create(workspace=space, step="domain", candidates=candidates, first_seen_at=now, last_seen_at=now)
    first, second = suggesting.find(now=now)
    assert (first.account, first.into) == (branch.pk, main.pk)
    assert set(first.evidence) == {"name", "stated"}
    assert first.score == 0.75
    assert (second.account, second.into) == (old.pk, new.pk), "who came later stays"
    assert (second.evidence["people"]["people"], second.evidence["people"]["later"]) == (3, 3)
    assert suggesting.words(second.evidence) == ["3 people have the same name or e-mail at both."]
    assert "the same people" in suggesting.would_settle(second.evidence)


@pytest.mark.django_db
def test_what_stands_for_an_ambiguous_workspace_alone_is_no_company_to_merge_with():
    company, stand_in = AccountFactory(domain="acme.com"), AccountFactory(domain="")
    space = WorkspaceFactory(account=stand_in, account_by="own")
    home = WorkspaceFactory(account=company)
    for user in (person(company), person(company)):
        for where in (space, home):
            Membership.objects.create(user=user, workspace=where, first_seen_at=timezone.now())
    now = timezone.now()
    assert [(one.account, one.into) for one in suggesting.find(now=now)] != []
    Ambiguity.objects.create(workspace=space, step="members", candidates=[], first_seen_at=now, last_seen_at=now)
    assert suggesting.find(now=now) == []


@pytest.mark.django_db
def test_a_round_keeps_what_members_decided_and_forgets_what_nothing_speaks_for():
    pairs = [
        (AccountFactory(domain=f"{name}.de"), AccountFactory(domain=f"{name}.com"))
        for name in ("acme", "umbra", "cyber")
    ]
    said = json.loads(run("--json"))
    assert (said["standing"], said["new"], said["gone"]) == (3, 3, 0)
    assert said["suggestions"][0]["why"] == ["Their domains are called alike: acme."]
    MergeSuggestion.objects.filter(into=pairs[0][0]).update(dismissed_at=timezone.now())
    pairs[1][0].domains.all().delete()
    assert suggesting.refresh() == suggesting.Result(new=0, standing=1, gone=1)
    assert MergeSuggestion.objects.filter(dismissed_at=None).count() == 1
    assert "cyber" in run()


@pytest.mark.django_db
def test_a_name_that_half_a_company_has_is_one_name_and_a_workspace_of_four_says_nothing():
    one, other, *more = (AccountFactory(domain=f"{name}.com") for name in ("first", "second", "third", "fourth"))
    for account in (one, other):
        for n in range(30):
            person(account, f"load{account.pk}x{n}@{account.domain}", "Test User")
    now = timezone.now()
    claims = [{"account": account.pk, "domain": account.domain} for account in (one, other, *more)]
    space = WorkspaceFactory()
    Ambiguity.objects.create(workspace=space, step="domain", candidates=claims, first_seen_at=now, last_seen_at=now)
    assert suggesting.find(now=now) == []
    Ambiguity.objects.update(candidates=claims[:3])
    found = [(one.account, one.into) for one in suggesting.find(now=now)]
    assert len(found) == 3
    more[0].merged_into = one
    more[0].save()
    assert suggesting.find(now=now, without=[frozenset((other.pk, one.pk))]) == []


def run(*arguments):
    out = StringIO()
    call_command("merge_suggestions", *arguments, stdout=out)
    return out.getvalue()
