"""The settings pages of this app."""

from django.urls import URLPattern, path

from playbooks.views import audit, corrections, identity, routing, rules

urlpatterns: list[URLPattern] = [
    path("settings/identity/", identity.identity, name="identity"),
    path("settings/routing/", routing.routing, name="routing"),
    path("accounts/<int:account_id>/correct/", corrections.account_correct, name="account_correct"),
    path("settings/corrections/", corrections.correction_list, name="corrections"),
    path("settings/corrections/corrections.csv", corrections.corrections_csv, name="corrections_csv"),
    path("settings/corrections/<int:correction_id>/undo", corrections.correction_undo, name="correction_undo"),
    path(
        "settings/corrections/likely/<int:suggestion_id>/dismiss",
        corrections.suggestion_dismiss,
        name="suggestion_dismiss",
    ),
    path("settings/corrections/likely/<int:suggestion_id>/back", corrections.suggestion_back, name="suggestion_back"),
    path("settings/queues/", rules.queue_rules, name="queue_rules"),
    path("settings/people/<int:member_id>/work/", rules.member_work, name="member_work"),
    path("accounts/<int:account_id>/identity/", identity.account_identity, name="account_identity"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/audit/audit.csv", audit.audit_csv, name="audit_csv"),
    path("profile/work/", rules.own_work, name="own_work"),
]
