import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from accounts.models import Role
from scoring import definitions, drafts, rules
from scoring.models import Definition
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return MemberFactory(role=Role.PRODUCT)


def stricter(spec, pqa=84):
    return spec | {"thresholds": {"pqa": pqa, "activate": 60}}


def test_a_draft_begins_as_the_version_in_force(member):
    draft = drafts.begin(member=member)
    published = definitions.published()
    assert definitions.spec_of(draft) == definitions.spec_of(published)
    assert (draft.state, draft.version, draft.revision, draft.based_on) == ("draft", None, 1, published)
    assert (draft.created_by, draft.updated_by, draft.name) == (member, member, "Draft of version 1")
    assert list(drafts.listing()) == [draft]


def test_drafts_that_nobody_named_can_be_told_apart(member):
    named = [drafts.begin(member=member, name=name).name for name in ("", "", "Mine", "")]

    assert named == ["Draft of version 1", "Draft of version 1 (2)", "Mine", "Draft of version 1 (3)"]


def test_a_draft_of_a_draft_has_its_spec_and_its_version(member):
    first = drafts.begin(member=member)
    first = drafts.save(draft_id=first.pk, revision=1, member=member, spec=stricter(first.spec))
    second = drafts.begin(member=member, based_on=first, name="Another")
    assert (second.spec, second.based_on, second.name) == (first.spec, definitions.published(), "Another")


def test_a_save_is_a_new_revision(member):
    draft = drafts.begin(member=member)
    other = MemberFactory(role=Role.ADMIN)
    saved = drafts.save(draft_id=draft.pk, revision=1, member=other, name=" Tighter ", spec=stricter(draft.spec))
    draft.refresh_from_db()
    assert (draft.revision, draft.name, draft.updated_by, draft.created_by) == (2, "Tighter", other, member)
    assert draft.spec == saved.spec
    assert definitions.spec_of(draft).thresholds.pqa == 84


def test_what_changes_nothing_is_no_new_revision(member):
    draft = drafts.begin(member=member)
    assert drafts.save(draft_id=draft.pk, revision=1, member=member, spec=draft.spec, name=draft.name).revision == 1


def test_who_has_not_seen_the_last_save_is_told(member):
    draft = drafts.begin(member=member)
    drafts.save(draft_id=draft.pk, revision=1, member=member, name="First")
    with pytest.raises(drafts.Changed) as told:
        drafts.save(draft_id=draft.pk, revision=1, member=MemberFactory(role=Role.ADMIN), name="Second")
    assert (told.value.current.name, told.value.current.revision) == ("First", 2)
    draft.refresh_from_db()
    assert draft.name == "First"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_at_once_one_does(member):
    draft = drafts.begin(member=member)
    start, outcomes = threading.Barrier(6), []

    def save(number):
        try:
            start.wait(20)
            try:
                drafts.save(draft_id=draft.pk, revision=1, member=member, name=f"Mine {number}")
                outcomes.append("saved")
            except drafts.Changed as changed:
                outcomes.append(changed.current.revision)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(map(str, outcomes)) == ["2"] * 5 + ["saved"]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("components", {"spec": {"components": []}}),
        ("components[0].feature", {"spec": {"components": [{"key": "a", "label": "A", "feature": "mood",
          "weight": 1, "curve": {"points": [[0, 1]]}}]}}),
        ("name", {"name": "   "}),
        ("name", {"name": "x" * 121}),
        ("name", {"name": "a\x00"}),
    ],
)  # fmt: skip
def test_what_cannot_be_published_is_not_saved(member, field, given):
    draft = drafts.begin(member=member)
    with pytest.raises(rules.BadDefinition) as bad:
        drafts.save(draft_id=draft.pk, revision=1, member=member, **given)
    assert bad.value.field == field
    told = draft.spec, draft.name
    draft.refresh_from_db()
    assert (draft.spec, draft.name, draft.revision) == (*told, 1)


def test_a_discarded_draft_comes_back(member):
    draft = drafts.begin(member=member)
    gone = drafts.discard(draft_id=draft.pk, member=member)
    assert drafts.discard(draft_id=draft.pk, member=member).revision == gone.revision
    assert not drafts.listing()
    assert list(drafts.listing(discarded=True)) == [draft]
    with pytest.raises(drafts.Changed):
        drafts.save(draft_id=draft.pk, revision=gone.revision, member=member, name="Late")
    drafts.restore(draft_id=draft.pk, member=member)
    assert list(drafts.listing()) == [draft]


def test_what_is_published_is_no_draft(member):
    published = definitions.published()
    with pytest.raises(drafts.Changed):
        drafts.save(draft_id=published.pk, revision=published.revision, member=member, name="Mine")
    with pytest.raises(Definition.DoesNotExist):
        drafts.discard(draft_id=published.pk, member=member)


@pytest.mark.parametrize("role", [Role.SALES, Role.SUCCESS, Role.MARKETING])
def test_other_roles_only_read(member, role):
    draft = drafts.begin(member=member)
    other = MemberFactory(role=role)
    for verb in (
        lambda: drafts.begin(member=other),
        lambda: drafts.save(draft_id=draft.pk, revision=1, member=other, name="Mine"),
        lambda: drafts.discard(draft_id=draft.pk, member=other),
        lambda: drafts.restore(draft_id=draft.pk, member=other),
    ):
        with pytest.raises(PermissionDenied):
            verb()
