"""What others said of an erased person, and what is called after him."""

import pytest

from accounts.erasing import verbs as erasing
from accounts.models import ContactImport, HandRaise, ProductUser, RoleWord, Signal, Workspace
from tests.accounts.test_erasing import EMAIL, NAME, traces
from tests.factories import SourceFactory
from tests.feed import account_of, group, identify, load

pytestmark = pytest.mark.django_db


def test_nothing_is_left_of_what_others_said_nor_in_what_is_called_after_the_person():
    load(identify("user-jane-77", email=EMAIL, name=NAME), identify("bob-1", email="bob@acme.example"))
    load(
        group(f"personal-{EMAIL}", "user-jane-77", name=f"{NAME}'s"),
        group(f"team-{EMAIL}", "bob-1"),
        group("of-user-jane-77", "user-jane-77"),
    )
    load(group("user-jane-77 & co", "user-jane-77"), group("user-jane-77 & co", "bob-1"))
    for place, account in enumerate((account_of("bob-1"), None)):
        HandRaise.objects.create(
            source=SourceFactory(),
            received_at=account_of("bob-1").created_at,
            message_id=f"h{place}",
            fields={"email": "eve@b.example", "message": f"Ask {EMAIL} about it"},
            account=account,
        )
    row = ["bad", NAME.upper()]
    result = {
        "sample": [row],
        "wrong_rows": [{"row": 2, "cells": row, "wrong": []}, {"row": 3, "cells": ["x"], "wrong": []}],
    }
    ContactImport.objects.create(name="list.csv", result=result)

    bob = ProductUser.objects.get(key="u:bob-1")
    Signal.objects.create(
        kind="hand_raise", at=account_of("bob-1").created_at, user=bob, detail=f"{NAME} sent me", key=f"{1:032x}"
    )
    RoleWord.objects.create(user=bob, role="champion", source="human", note=f"says {NAME}")

    erasing.erase(said=EMAIL)

    assert traces(EMAIL, NAME) == ["accounts_workspace.external_id"]
    kept = Workspace.objects.exclude(external_id__startswith="x:").values_list("external_id", flat=True)
    assert sorted(kept) == [f"team-{EMAIL}", "user-jane-77 & co"], "others may be called so too"
    assert set(HandRaise.objects.values_list("fields__message", flat=True)) == {"Ask [erased] about it"}
    assert [one["row"] for one in ContactImport.objects.get().result["wrong_rows"]] == [3]
