"""The API keeps to its description: valid, complete, and true of what is answered, whatever is sent."""

import copy
import datetime as dt
import functools
import io
import itertools
import re

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import resolve
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.meta import TestPhase
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from accounts import roles
from accounts.api import PATHS
from accounts.contacts import files
from accounts.corrections import merge
from accounts.models import (
    Ambiguity,
    BuyingRole,
    Contact,
    DomainRule,
    HandRaiseForm,
    MergeSuggestion,
    Persona,
    Role,
    TitleRule,
)
from playbooks.models import Holiday, Play, PlayUse, QueueItemEvent, SavedView, Step, Touch
from plsapp import rest
from plsapp.permissions import MATRIX
from plsapp.wsgi import application
from scoring import drafts
from scoring.models import ScoreChange
from tests.factories import AccountFactory, MemberFactory, ProductUserFactory, SourceFactory, WorkspaceFactory
from tests.playbooks.test_queue_page import make_item

load_all_checks()
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    unsupported_method,
]


def of_a_member() -> dict:
    """The description for somebody who is signed in: cookie and CSRF token are given, not made up."""
    told = copy.deepcopy(rest.described())
    for path, methods in told["paths"].items():
        for operation in methods.values() if path.startswith("/api/") else ():
            operation.pop("security")
            operation["parameters"] = [p for p in operation.get("parameters", []) if p["in"] != "header"]
    return told


TOLD = of_a_member()
described = schemathesis.openapi.from_dict(TOLD)
described.app = application
API = described.include(path_regex="^/api/")
#: Who sends what an admin has sent before, one after another.
OTHERS = itertools.cycle([*(role for role in Role if role != Role.ADMIN), None])
#: `METHOD /path`. A test each: schemathesis' own tests of several operations have one id, of which xdist runs one.
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in TOLD["paths"].items()
    for method in sorted({"get", "put", "post", "delete", "patch"} & methods.keys())
    if path.startswith("/api/")
]
INTAKE = [path for path in TOLD["paths"] if not path.startswith("/api/")]
IDS = {
    "account_id": "account",
    "correction_id": "correction",
    "suggestion_id": "suggestion",
    "item_id": "item",
    "definition_id": "definition",
    "touch_id": "touch",
    "step_id": "step",
    "event_id": "event",
    "play_id": "play",
    "contact_id": "contact",
    "user_id": "person",
    "word_id": "word",
    "use_id": "use",
    "view_id": "view",
    "import_id": "import",
    "holiday_id": "holiday",
    "ambiguity_id": "ambiguity",
    "domain_rule_id": "domain_rule",
    "rule_id": "title_rule",
    "persona_id": "persona",
    "form_id": "form",
}

#: Of the values at the edge, each is sent to an operation that has no more than so many; of the others every so manieth: a
#: definition's recipe has 900 of them.
MANY, STEP = 16, 12

#: Uncompressed: schemathesis reads the answers of an app as they are.
AS_IT_IS = {"Accept-Encoding": "identity"}

FUZZ = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_the_description_is_valid_and_without_a_warning():
    out = io.StringIO()

    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)

    assert "openapi: 3.0.3" in out.getvalue()


def test_every_url_of_the_api_is_described():
    here = {name for name in MATRIX if name.startswith("api_")} - {"api_schema", "api_nothing"}
    told = {
        resolve(re.sub(r"{\w+_id}", "1", path).replace("{motion}", "sales").replace("{rows}", "queue")).url_name
        for path in rest.described()["paths"]
        if path.startswith("/api/")
    }

    assert told == here


def test_the_intake_is_described():
    paths = rest.described()["paths"]

    assert {"/v1/{kind}", "/hand-raise"} <= set(paths)
    assert paths["/v1/{kind}"]["post"]["parameters"][0]["schema"]["enum"] == sorted(PATHS)
    assert {"200", "400", "401", "413", "429", "503"} <= set(paths["/hand-raise"]["post"]["responses"])


def test_the_errors_are_described():
    responses = rest.described()["paths"]["/api/queue/items/{item_id}/claim/"]["post"]["responses"]

    assert {"200", "400", "401", "403", "404", "409", "default"} <= set(responses)


@pytest.fixture(autouse=True)
def open_connection():
    """The connection of the test's transaction outlives a request, as under Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(db):
    """One of everything that an answer can hold, and the parts that it can be without."""
    account = AccountFactory(name="Fullwell", employees=400, industry="Tools", plan="free")
    WorkspaceFactory(account=account)
    buyer = ProductUserFactory(
        account=account, title="CEO", buying_role=BuyingRole.ECONOMIC_BUYER, buying_confidence=0.8
    )
    item = make_item(account=account, buyer=buyer, champion=ProductUserFactory(account=account))
    make_item(score=None, hand_raised_at=timezone.now(), owner=MemberFactory())
    score = account.score
    ScoreChange.objects.create(
        account=account,
        at=timezone.now(),
        definition=score.definition,
        score=None,
        tier="pqa",
        segment="smb",
        buyer_state="none",
        feature_values=score.feature_values,
        effects=score.effects,
    )
    draft = drafts.begin(member=MemberFactory(role=Role.PRODUCT))
    touch = Touch.objects.create(item=item, account=account, kind="call", at=timezone.now(), person=buyer)
    step = Step.objects.create(item=item, account=account, text="Call", due_at=timezone.now())
    play = Play.objects.create(name="Ours", motion="sales", exits=["replied"])
    play.steps.create(place=0, kind="email", title="Write", words="Hi {{buyer.first_name}}")
    return {
        "play": play.pk,
        "person": buyer.pk,
        "word": roles.say(member=MemberFactory(), role="champion", user_id=buyer.pk).pk,
        "contact": Contact.objects.create(email="eve@world.example", name="Eve", account=account, source="").pk,
        "import": files.upload(name="x.csv", data=b"email\na@b", member=MemberFactory()).pk,
        "use": PlayUse.objects.create(play=play, item=item, started_at=timezone.now()).pk,
        "account": account.pk,
        "correction": merge(account_id=AccountFactory().pk, into_id=account.pk, member=MemberFactory()).pk,
        "suggestion": MergeSuggestion.objects.create(
            account=account, into=AccountFactory(), score=0.9, evidence={}, found_at=timezone.now()
        ).pk,
        "view": SavedView.objects.create(member=MemberFactory(), motion="sales", name="Warm", is_shared=True).pk,
        "title_rule": TitleRule.objects.create(kind="seniority", value="vp", pattern="wizard").pk,
        "form": HandRaiseForm.objects.create(name="World", source=SourceFactory()).pk,
        "persona": Persona.objects.create(name="Wizards", seniorities=["vp"]).pk,
        "ambiguity": Ambiguity.objects.create(
            workspace=WorkspaceFactory(),
            step="members",
            candidates=[{"account": account.pk, "domain": "", "people": 1, "since": None}],
            first_seen_at=timezone.now(),
            last_seen_at=timezone.now(),
        ).pk,
        "domain_rule": DomainRule.objects.create(domain="club.example", kind="shared").pk,
        "item": item.pk,
        "definition": draft.pk,
        "touch": touch.pk,
        "step": step.pk,
        "holiday": Holiday.objects.create(day=dt.date(2026, 12, 25), name="Christmas").pk,
        "event": QueueItemEvent.objects.create(item=item, at=timezone.now(), verb="entered").pk,
    }


@pytest.fixture
def signed_in(sign_in):
    """How a member of a role, or (none) a stranger, calls."""

    @functools.cache
    def of(role: Role | None) -> dict:
        cookies = {"csrftoken": "c" * 32}
        if role is not None:
            cookies["sessionid"] = sign_in(role).cookies["sessionid"].value
        return {"cookies": cookies, "headers": {"X-CSRFToken": "c" * 32} | AS_IT_IS}

    return of


@functools.cache
def seen() -> FeedbackSources:
    return FeedbackSources(constants_value_source=make_constants_value_source(API))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_whatever_anybody_sends_about_a_thing_or_about_none_the_answer_is_as_described(operation, world, signed_in):
    """An admin sends each value at the edge of what is allowed, and beyond. What is drawn by chance is sent by an admin as it is,
    with ids of which nearly none exists, then about things that do, and then by another role, or a stranger, in turn: where a
    role may do less it is told so in the same form."""

    cases = itertools.count()

    @FUZZ
    def compared(case):
        things = {name: world[thing] for name, thing in IDS.items() if name in case.path_parameters}
        is_drawn = case.meta.phase.name is TestPhase.FUZZING
        number = next(cases)
        if number > MANY and number % STEP and not is_drawn:
            return
        if things and is_drawn:
            case.call_and_validate(checks=CHECKS, **signed_in(Role.ADMIN))
        case.path_parameters.update(things)
        case.call_and_validate(checks=CHECKS, **signed_in(Role.ADMIN))
        if not is_drawn:
            return
        role = next(OTHERS)
        # Who may not do a thing is told that first, whatever the method.
        checks = [check for check in CHECKS if check is not unsupported_method]
        response = case.call_and_validate(checks=checks, **signed_in(role))
        if role is None:
            assert response.status_code == 401

    method, _, path = operation.partition(" ")
    # Made here, and not where tests are collected: that takes ten seconds, in every process.
    build_operation_test(
        config=API.config, operation=API[path][method], test_func=compared, given_kwargs={}, feedback=seen()
    )()


@pytest.mark.parametrize("path", INTAKE)
@pytest.mark.django_db
def test_whatever_is_sent_to_the_intake_is_no_server_error(path):
    @settings(FUZZ, max_examples=40)
    def compared(case):
        checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
        case.call_and_validate(checks=checks, headers=AS_IT_IS)

    build_operation_test(
        config=API.config, operation=described[path]["POST"], test_func=compared, given_kwargs={}, feedback=seen()
    )()
