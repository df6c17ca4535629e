"""What only admins and product may change leaves an entry in the audit log, or says here why not."""

import importlib
import inspect

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Role
from plsapp.permissions import MATRIX
from tests.factories import EventTypeFactory, MemberFactory, SourceFactory

#: URL → what is sent to it and the action of the entry that it must leave. `{id}`: of the row that `row` makes.
SEEN = {
    "sources": ({"name": "App"}, "source.add"),
    "source": ({"action": "off"}, "source.off"),
    "source_rotate": ({}, "source.rotate"),
    "members": ({"email": "new@team.example", "name": "New", "role": "sales"}, "member.add"),
    "member": ({"action": "deactivate"}, "member.deactivate"),
    "member_work": ({"action": "save", "takes_automatic": "on", "open_limit": "7", "daily_limit": "3"}, "member.work"),
    "queue_rules": ({"action": "holiday_add", "day": "2026-12-24", "name": "Eve"}, "queue.holiday"),
    "event_type": ({"category": "noise", "signal": ""}, "event.classify"),
    "event_silence": ({}, "event.silence"),
}
#: URL → the verb of which a test elsewhere shows that it works; here, that its module keeps entries.
BY_VERB = {
    "set_aside": "accounts.landing",
    "set_aside_replay": "accounts.landing",
    "draft_discard": "scoring.drafts",
    "draft_restore": "scoring.drafts",
    "draft_review": "scoring.publishing",
    "roll_back": "scoring.publishing",
    "api_definition_publish": "scoring.publishing",
    "api_definition_discard": "scoring.drafts",
    "api_definition_restore": "scoring.drafts",
    "api_definition_roll_back": "scoring.publishing",
    "api_outcomes": "scoring.outcomes",
    "api_queue_rule": "playbooks.assignment.policies",
    "api_cool_downs": "playbooks.assignment.policies",
    "api_holidays": "playbooks.assignment.policies",
    "api_holiday_remove": "playbooks.assignment.policies",
    "routing": "playbooks.routing_table",
    "api_routing": "playbooks.routing_table",
    **dict.fromkeys(("api_corrections", "account_correct"), "accounts.corrections.verbs"),
    **dict.fromkeys(("api_correction_undo", "correction_undo"), "accounts.corrections.verbs"),
    **dict.fromkeys(("api_suggestion_dismiss", "suggestion_dismiss"), "accounts.corrections.listing"),
    **dict.fromkeys(("api_suggestion_back", "suggestion_back"), "accounts.corrections.listing"),
    **dict.fromkeys(("api_ambiguity_decide", "api_ambiguity_back", "identity"), "accounts.ladder.deciding"),
    **dict.fromkeys(("api_domain_rules", "api_domain_rule_remove"), "accounts.company_domains.rules"),
    **dict.fromkeys(("api_domain_rule_back", "domain_rules"), "accounts.company_domains.rules"),
    "api_account_domains": "accounts.company_domains.aliases",
    "api_company_domains": "accounts.company_domains.companies",
    **dict.fromkeys(("api_title_rules", "api_title_rule_move", "api_title_rule_remove"), "accounts.personas.editing"),
    **dict.fromkeys(("api_title_rule_back", "api_persona_move", "api_persona_remove"), "accounts.personas.editing"),
    **dict.fromkeys(("api_persona_back", "title_rules", "personas", "persona"), "accounts.personas.editing"),
    "persona_new": "accounts.personas.editing",
    **dict.fromkeys(("hand_forms", "hand_form_new", "hand_form"), "accounts.raising.forms"),
    **dict.fromkeys(("api_forms", "api_form", "api_form_remove", "api_form_back"), "accounts.raising.forms"),
    "hand_raise_through": "accounts.raising.taking",
    "erase": "accounts.erasing.verbs",
    "api_erase": "accounts.erasing.verbs",
}
EXCUSED = {
    **dict.fromkeys(
        (
            *("settings", "audit", "audit_csv", "api_audit", "api_queue_rules", "runs", "hand_raises", "corrections"),
            *("corrections_csv", "api_correction_preview", "api_suggestions", "api_ambiguities", "api_domain"),
            *("api_routing_preview", "api_profiling_run"),
        ),
        "only read",
    ),
    **dict.fromkeys(
        ("draft_new", "draft_undo", "feedback_draft"),
        "a draft is in force nowhere, and keeps who saved it; publishing it leaves an entry",
    ),
    "run_all": "changes no setting; the run itself is listed",
    "queue_assign": "kept in the history of the item",
}


def test_every_change_of_admins_and_product_leaves_an_entry_or_says_why_not():
    limited = {name for name, row in MATRIX.items() if isinstance(row, frozenset) and row <= {Role.ADMIN, Role.PRODUCT}}
    told = {**SEEN, **BY_VERB, **EXCUSED}
    assert sorted(limited - told.keys()) == [], "record it by accounts.audit.record, then say here where"
    assert sorted(told.keys() & MATRIX.keys() - limited) == []


@pytest.mark.parametrize("name", SEEN)
def test_it_is_seen_in_the_log(name, sign_in):
    said, action = SEEN[name]
    admin = sign_in(Role.ADMIN)
    args = []
    if name.startswith("source") and name != "sources":
        args = [SourceFactory().pk]
    elif name in ("member", "member_work"):
        args = [MemberFactory().pk]
    elif name.startswith("event"):
        args = [EventTypeFactory(name="Report Shared").pk]

    answer = admin.post(reverse(name, args=args), said)

    assert answer.status_code == 302, answer.content.decode()[:2000]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.by, entry.by_name, entry.way) == (action, admin.member, str(admin.member), "page")
    if args:
        assert entry.subject_id == args[0]


@pytest.mark.parametrize("module", sorted(set(BY_VERB.values())))
def test_the_module_of_the_verb_records(module):
    source = inspect.getsource(importlib.import_module(module))
    assert "audit.record(" in source
