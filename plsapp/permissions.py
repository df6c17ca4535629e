"""The permission matrix: every named URL and who may use it.

A URL that has no row here answers 404 to everybody, and the suite fails until it gets one.
"""

from __future__ import annotations

from enum import Enum

from accounts.models import Role


class Anyone(Enum):
    """Rows that name no role."""

    PUBLIC = "public"
    """No sign-in: machines with a write key, health checks, sign-in itself."""
    MEMBER = "member"
    """Every signed-in member."""


PUBLIC, MEMBER = Anyone.PUBLIC, Anyone.MEMBER
SALES, SUCCESS, MARKETING, PRODUCT, ADMIN = Role.SALES, Role.SUCCESS, Role.MARKETING, Role.PRODUCT, Role.ADMIN

type Row = Anyone | frozenset[Role]

MATRIX: dict[str, Row] = {
    # machines
    "healthz": PUBLIC,
    "intake": PUBLIC,
    "hand_raise": PUBLIC,
    "hand_form_page": PUBLIC,
    "hand_form_thanks": PUBLIC,
    "hand_form_script": PUBLIC,
    # signing in
    "account_login": PUBLIC,
    "account_logout": PUBLIC,
    "account_inactive": PUBLIC,
    "account_reset_password": PUBLIC,
    "account_reset_password_done": PUBLIC,
    "account_reset_password_from_key": PUBLIC,
    "account_reset_password_from_key_done": PUBLIC,
    "account_change_password": MEMBER,
    "account_set_password": MEMBER,
    "account_reauthenticate": MEMBER,
    # work
    "home": MEMBER,
    "queue": MEMBER,
    "queue_motion": MEMBER,
    "queue_claim": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_release": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_wake": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_reopen": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_snooze": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_done": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_disqualify": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_return": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_assign": frozenset({ADMIN}),
    "queue_answer": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_undo": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_undo_batch": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_bulk": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_plan": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_plan_line": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_plan_drop": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_plan_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_contact": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_contact_remove": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_contact_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_touch": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_touch_remove": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_touch_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_step": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_step_due": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_step_done": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_step_drop": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_step_reopen": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "accounts": MEMBER,
    "account": MEMBER,
    "account_people": MEMBER,
    "account_people_csv": MEMBER,
    "person_role": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_role": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "role_withdraw": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "buyers": MEMBER,
    "buyers_profiling": MEMBER,
    "contacts": MEMBER,
    "contacts_csv": MEMBER,
    "contact_new": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_change": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_remove": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_import": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_file": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_file_take": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_file_undo": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_file_drop": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "contact_file_wrong": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_csv": MEMBER,  # who works the queue, product and admins, as `accounts.access` has it
    "accounts_csv": MEMBER,
    "views": MEMBER,
    "view_change": MEMBER,  # one's own; admins the shared ones too
    "view_remove": MEMBER,
    "view_back": MEMBER,
    "columns": MEMBER,
    "notifications": MEMBER,
    "notification": MEMBER,
    "notifications_read": MEMBER,
    "notifications_unread": MEMBER,
    # the same for programs
    "api_schema": MEMBER,
    "api_corrections": frozenset({ADMIN, PRODUCT}),
    "api_correction_preview": frozenset({ADMIN, PRODUCT}),
    "api_correction_undo": frozenset({ADMIN, PRODUCT}),
    "api_suggestions": frozenset({ADMIN, PRODUCT}),
    "api_suggestion_dismiss": frozenset({ADMIN, PRODUCT}),
    "api_suggestion_back": frozenset({ADMIN, PRODUCT}),
    "api_queue": MEMBER,
    "api_queue_item": MEMBER,
    "api_queue_events": MEMBER,
    "api_queue_claim": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_release": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_snooze": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_wake": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_finish": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_disqualify": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_give_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_assign": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_reopen": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_undo": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_bulk": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_queue_bulk_undo": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_touches": MEMBER,  # writing one: who works the motion, as the verbs have it
    "api_steps": MEMBER,
    "api_touch_remove": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_touch_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_step_done": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_step_drop": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_step_reopen": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_step_due": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_views": MEMBER,
    "api_view_change": MEMBER,  # one's own; admins the shared ones too
    "api_view_remove": MEMBER,
    "api_view_back": MEMBER,
    "api_notifications": MEMBER,
    "api_notification_news": MEMBER,
    "api_notifications_read": MEMBER,
    "api_notifications_shown": MEMBER,
    "api_plan": MEMBER,  # making one: who works the motion
    "api_plan_line": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_plan_drop": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_plan_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_contacts": MEMBER,  # adding one: who works the motion
    "api_contact_remove": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_contact_back": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_all_contacts": MEMBER,  # adding one: as on the page
    "api_one_contact": MEMBER,  # changing it: as on the page
    "api_contact_take_away": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_contact_restore": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_contact_import": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_contact_imported": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_contact_import_undo": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_buckets": MEMBER,
    "api_accounts": MEMBER,
    "api_plays": MEMBER,
    "api_play": MEMBER,
    "api_play_preview": MEMBER,
    "api_play_begin": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_play_stop": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_play_resume": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_answer": MEMBER,  # giving one: who has worked the item, as the verb has it
    "api_answers": MEMBER,
    "api_trust": MEMBER,
    "api_counterfactuals": MEMBER,  # opening a draft: product and admins, as the verb has it
    "api_queue_rules": frozenset({ADMIN}),
    "api_queue_rule": frozenset({ADMIN}),
    "api_own_work": MEMBER,
    "api_audit": frozenset({ADMIN}),
    "api_ambiguities": frozenset({ADMIN, PRODUCT}),
    "api_ambiguity_decide": frozenset({ADMIN, PRODUCT}),
    "api_ambiguity_back": frozenset({ADMIN, PRODUCT}),
    "api_domain": frozenset({ADMIN}),
    "api_domain_rules": frozenset({ADMIN}),
    "api_domain_rule_remove": frozenset({ADMIN}),
    "api_domain_rule_back": frozenset({ADMIN}),
    "api_account_domains": frozenset({ADMIN, PRODUCT}),
    "api_company_domains": frozenset({ADMIN}),
    "api_erase": frozenset({ADMIN}),
    "api_cool_downs": frozenset({ADMIN}),
    "api_holidays": frozenset({ADMIN}),
    "api_holiday_remove": frozenset({ADMIN}),
    "api_telling": MEMBER,
    "api_columns": MEMBER,
    "api_play_copy": MEMBER,  # writing plays: product, admins and who works the play's queue, as the verbs have it
    "api_play_switch": MEMBER,
    "api_play_remove": MEMBER,
    "api_play_back": MEMBER,
    "api_play_restore": MEMBER,
    "api_account": MEMBER,
    "api_account_people": MEMBER,
    "api_buying_group": MEMBER,
    "api_person_role": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_contact_role": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_role_withdraw": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "api_account_scores": MEMBER,
    "api_definitions": MEMBER,  # beginning and saving a draft: product and admins, as the verbs have it
    "api_definition": MEMBER,
    "api_definition_preview": MEMBER,
    "api_definition_movers": MEMBER,
    "api_definition_backtest": MEMBER,
    "api_definition_effects": MEMBER,
    "api_definition_publish": frozenset({PRODUCT, ADMIN}),
    "api_definition_discard": frozenset({PRODUCT, ADMIN}),
    "api_definition_restore": frozenset({PRODUCT, ADMIN}),
    "api_definition_roll_back": frozenset({PRODUCT, ADMIN}),
    "api_routing": frozenset({PRODUCT, ADMIN}),  # changing it: admins
    "api_routing_preview": frozenset({ADMIN}),
    "api_hand_raises": MEMBER,
    **dict.fromkeys(("api_forms", "api_form", "api_form_remove", "api_form_back"), frozenset({ADMIN})),
    "api_outcomes": frozenset({PRODUCT, ADMIN}),
    "api_title": MEMBER,
    "api_title_rules": frozenset({ADMIN}),
    "api_title_rule_move": frozenset({ADMIN}),
    "api_title_rule_remove": frozenset({ADMIN}),
    "api_title_rule_back": frozenset({ADMIN}),
    "api_personas": MEMBER,  # writing them: admins
    "api_persona": MEMBER,
    "api_persona_move": frozenset({ADMIN}),
    "api_persona_remove": frozenset({ADMIN}),
    "api_persona_back": frozenset({ADMIN}),
    "api_profiling_run": frozenset({ADMIN}),
    "api_nothing": MEMBER,
    # what reps answered
    "trust": MEMBER,
    "feedback": MEMBER,
    "feedback_csv": MEMBER,
    "feedback_draft": frozenset({PRODUCT, ADMIN}),
    # definitions
    "definitions": MEMBER,
    "definition_versions": MEMBER,
    "draft_new": frozenset({PRODUCT, ADMIN}),
    "draft": MEMBER,
    "draft_features": MEMBER,
    "draft_movers": MEMBER,
    "draft_workspaces": MEMBER,
    "draft_backtest": MEMBER,
    "draft_undo": frozenset({PRODUCT, ADMIN}),
    "draft_discard": frozenset({PRODUCT, ADMIN}),
    "draft_restore": frozenset({PRODUCT, ADMIN}),
    "draft_review": frozenset({PRODUCT, ADMIN}),
    "published_run": MEMBER,
    "roll_back": frozenset({PRODUCT, ADMIN}),
    "news_seen": MEMBER,
    "learn": MEMBER,
    "events": MEMBER,
    "event_type": frozenset({PRODUCT, ADMIN}),
    "event_silence": frozenset({PRODUCT, ADMIN}),
    "runs": frozenset({PRODUCT, ADMIN}),
    "run_all": frozenset({PRODUCT, ADMIN}),
    # plays
    "plays": MEMBER,
    "play": MEMBER,  # changing it: who works its queue, product and admins, as the verbs have it
    "play_new": MEMBER,
    "play_preview": MEMBER,
    "play_copy": MEMBER,
    "play_switch": MEMBER,
    "play_remove": MEMBER,
    "play_back": MEMBER,
    "play_reset": MEMBER,
    "play_undo": MEMBER,
    "queue_play": MEMBER,  # beginning it: who works the queue
    "queue_play_stop": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_play_resume": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_step_logged": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    "queue_step_unlogged": frozenset({SALES, SUCCESS, MARKETING, ADMIN}),
    # settings
    "profile": MEMBER,
    "telling": MEMBER,
    "settings": frozenset({ADMIN}),
    "sources": frozenset({ADMIN}),
    "source": frozenset({ADMIN}),
    "source_rotate": frozenset({ADMIN}),
    "set_aside": frozenset({ADMIN}),
    "set_aside_replay": frozenset({ADMIN}),
    "hand_forms": frozenset({ADMIN}),
    "hand_form_new": frozenset({ADMIN}),
    "hand_form": frozenset({ADMIN}),
    "hand_raises": frozenset({ADMIN}),
    "hand_raise_through": frozenset({ADMIN}),
    "members": frozenset({ADMIN}),
    "member": frozenset({ADMIN}),
    "title_rules": frozenset({ADMIN}),
    "personas": frozenset({ADMIN}),
    "persona": frozenset({ADMIN}),
    "persona_new": frozenset({ADMIN}),
    "routing": frozenset({ADMIN, PRODUCT}),
    "account_correct": frozenset({ADMIN, PRODUCT}),
    "corrections": frozenset({ADMIN, PRODUCT}),
    "corrections_csv": frozenset({ADMIN, PRODUCT}),
    "correction_undo": frozenset({ADMIN, PRODUCT}),
    "suggestion_dismiss": frozenset({ADMIN, PRODUCT}),
    "suggestion_back": frozenset({ADMIN, PRODUCT}),
    "queue_rules": frozenset({ADMIN}),
    "identity": frozenset({ADMIN, PRODUCT}),
    "domain_rules": frozenset({ADMIN}),
    "account_identity": MEMBER,  # changing it: product and admins
    "audit": frozenset({ADMIN}),
    "erase": frozenset({ADMIN}),
    "audit_csv": frozenset({ADMIN}),
    "member_work": frozenset({ADMIN}),
    "own_work": MEMBER,
}


def allows(row: Row | None, role: str | None) -> bool:
    """Whether a member of this role (none: not signed in) may use a URL with this row."""
    if row is None:
        return False
    if row is PUBLIC:
        return True
    if role is None:
        return False
    return row is MEMBER or role in row  # type: ignore[operator]
