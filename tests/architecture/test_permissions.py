"""Every URL has a row in the matrix, and every role gets from every URL what its row says."""

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts import corrections, roles
from accounts.contacts import files
from accounts.models import (
    Ambiguity,
    Contact,
    DomainRule,
    HandRaise,
    HandRaiseForm,
    Member,
    MergeSuggestion,
    Persona,
    Role,
    SetAside,
    TitleRule,
)
from playbooks.models import (
    Answer,
    Holiday,
    Motion,
    Notification,
    Play,
    PlayUse,
    QueueItem,
    QueueItemEvent,
    SavedView,
    Step,
    Touch,
)
from plsapp.permissions import MATRIX, MEMBER, PUBLIC, allows
from scoring import definitions, drafts
from scoring.models import BuyerState, ScoringRun, Segment, Tier
from tests.factories import (
    AccountFactory,
    EventTypeFactory,
    MemberFactory,
    ProductUserFactory,
    SourceFactory,
    WorkspaceFactory,
)

NOTHING = 2_000_000_000
#: They answer for one's own rows and queues; what the fixture has is somebody else's.
#: What an address must be asked with.
ASKED = {"api_title": "?title=CTO", "api_domain": "?q=acme.com"}
#: There may be none yet.
MAY_BE_NONE = {"api_profiling_run"}
OF_OTHERS = {"notification", "view_change", "view_remove", "queue_csv"}


def patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from patterns(pattern)


def test_every_url_is_named_and_has_a_row():
    named = [pattern.name for pattern in patterns(get_resolver())]
    assert None not in named, "a URL without a name"
    assert set(named) == set(MATRIX)


def test_every_row_is_of_a_known_kind():
    for name, row in MATRIX.items():
        assert row in (PUBLIC, MEMBER) or (row and row <= set(Role)), name


def test_admins_may_use_everything():
    assert [name for name, row in MATRIX.items() if not allows(row, Role.ADMIN)] == []


@pytest.fixture
def arguments(db) -> dict[str, dict[str, object]]:
    """For each URL that takes arguments, those of rows that exist. They are known by the argument's name."""
    account, now = AccountFactory(), timezone.now()
    item = QueueItem.objects.create(
        account=account,
        motion=Motion.SALES,
        entered_at=now,
        updated_at=now,
        tier=Tier.PQA,
        segment=Segment.UNKNOWN,
        buyer_state=BuyerState.NONE,
    )
    play = Play.objects.create(name="Ours", motion="sales")
    refused = SetAside.objects.create(
        kind=SetAside.Kind.REQUEST, received_at=now, path="batch", body=b"{", status=400, code="json", reason="no JSON"
    )
    draft = drafts.begin(member=MemberFactory(role=Role.PRODUCT))
    run = ScoringRun.objects.create(definition=definitions.published(), kind="full", as_of=now.date(), state="done")
    event = QueueItemEvent.objects.create(item=item, at=now, verb="claimed", before={}, batch=uuid.uuid4())
    Answer.objects.create(item=item, account=account, motion=item.motion, at=now, verdict="good")
    raised = HandRaise.objects.create(source=SourceFactory(), received_at=now, message_id="1", fields={}, is_spam=True)
    known = {
        "holiday_id": Holiday.objects.create(day=now.date(), name="Founders’ day").pk,
        "form_id": HandRaiseForm.objects.create(name="Pricing", source=SourceFactory(), key="pricing").pk,
        "form_key": "pricing",
        "raise_id": raised.pk,
        "event_id": event.pk,
        "batch": event.batch,
        "draft_id": draft.pk,
        "definition_id": draft.pk,
        "run_id": run.pk,
        "kind": "batch",
        "event_type_id": EventTypeFactory().pk,
        "source_id": SourceFactory().pk,
        "set_aside_id": refused.pk,
        "member_id": MemberFactory().pk,
        "motion": "sales",
        "item_id": item.pk,
        "touch_id": Touch.objects.create(item=item, account=account, kind="call", at=now).pk,
        "step_id": Step.objects.create(item=item, account=account, text="Call").pk,
        "user_id": (user := ProductUserFactory()).pk,
        "word_id": roles.say(member=MemberFactory(), role="champion", user_id=user.pk).pk,
        "import_id": files.upload(name="x.csv", data=b"email\na@", member=MemberFactory()).pk,
        "contact_id": Contact.objects.create(email="eve@else.com", account=account, source="").pk,
        "play_id": play.pk,
        "use_id": PlayUse.objects.create(play=play, item=item, started_at=now).pk,
        "account_id": account.pk,
        "correction_id": corrections.merge(account_id=AccountFactory().pk, into_id=AccountFactory().pk, member=None).pk,
        "suggestion_id": MergeSuggestion.objects.create(
            account=account, into=AccountFactory(), score=0.9, evidence={}, found_at=now
        ).pk,
        "ambiguity_id": Ambiguity.objects.create(
            workspace=WorkspaceFactory(), step="members", candidates=[], first_seen_at=now, last_seen_at=now
        ).pk,
        "domain_rule_id": DomainRule.objects.create(domain="club.example", kind="shared").pk,
        "rule_id": TitleRule.objects.create(kind="seniority", value="vp", pattern="wizard").pk,
        "persona_id": Persona.objects.create(name="Wizards", seniorities=["vp"]).pk,
        "view_id": SavedView.objects.create(member=MemberFactory(), motion="sales", name="Warm").pk,
        "token": "none",
        "rows": "queue",
        "notification_id": Notification.objects.create(member=MemberFactory(), kind="hand", text="Ada", key="1").pk,
        "micros": "1",
        "uidb36": "1",
        "key": "set-password",
    }
    return {
        pattern.name: {name: known[name] for name in pattern.pattern.regex.groupindex}
        for pattern in patterns(get_resolver())
    }


def is_sign_in(answer) -> bool:
    """Asked to sign in: a page by the way to the sign-in page, the API by 401."""
    if answer.request["PATH_INFO"].startswith("/api"):
        return answer.status_code == 401
    return answer.status_code == 302 and answer["Location"].startswith(f"{reverse('account_login')}?next=")


def client_of(role: Role | None) -> Client:
    client = Client()
    if role:
        client.force_login(Member.objects.create_user(f"{role}@team.example", "a long enough one", role=role))
    return client


@pytest.mark.parametrize("role", [None, *Role])
def test_every_url_answers_as_its_row_says(arguments, role):
    client = client_of(role)
    wrong = []
    for name, row in MATRIX.items():
        answer = client.get(reverse(name, kwargs=arguments.get(name)) + ASKED.get(name, ""))
        if allows(row, role):
            # 405: only for POST. Redirects: signing in when signed in, home to one's own queue.
            is_right = answer.status_code in (200, 302, 405) and not (row is not PUBLIC and is_sign_in(answer))
            is_right |= name in OF_OTHERS and answer.status_code in (403, 404)
            is_right |= name in MAY_BE_NONE and answer.status_code == 404
            is_right |= name == "api_nothing" and answer.status_code in (401, 404)
        elif role is None:
            is_right = is_sign_in(answer)
        else:
            is_right = answer.status_code == 403
        if not is_right:
            wrong.append((name, answer.status_code, answer.headers.get("Location")))
    assert wrong == [], wrong


@pytest.mark.parametrize("role", [None, Role.SALES, Role.ADMIN])
def test_what_does_not_exist_is_404_only_to_those_who_may_ask(arguments, role):
    client = client_of(role)
    for name, given in arguments.items():
        numbers = {key: NOTHING for key, value in given.items() if isinstance(value, int)}
        if not numbers:
            continue
        answer = client.get(reverse(name, kwargs=given | numbers))
        if role is None:
            assert is_sign_in(answer), name
        elif allows(MATRIX[name], role):
            assert answer.status_code in (404, 405), (name, answer.status_code)
        else:
            assert answer.status_code == 403, (name, answer.status_code)


def test_a_fragment_asked_for_after_signing_out_reloads_the_page(db):
    answer = Client().get(reverse("queue"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"][:14]) == (204, "/sign-in/login")


def test_a_url_without_a_row_is_404(db, monkeypatch):
    monkeypatch.delitem(MATRIX, "accounts")
    assert client_of(Role.ADMIN).get(reverse("accounts")).status_code == 404


def test_a_member_without_a_password_can_choose_one(db):
    client = Client()
    client.force_login(Member.objects.create_user("new@team.example", role=Role.SALES))
    answer = client.get(reverse("account_change_password"), follow=True)
    assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, reverse("account_set_password"))
    chosen = {"password1": "a long enough one", "password2": "a long enough one"}
    assert client.post(reverse("account_set_password"), chosen).status_code == 302
    assert Member.objects.get().check_password("a long enough one")
