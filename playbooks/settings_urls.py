"""The settings pages of this app."""

from django.urls import URLPattern, path

from playbooks.views import audit, routing, rules

urlpatterns: list[URLPattern] = [
    path("settings/routing/", routing.routing, name="routing"),
    path("settings/queues/", rules.queue_rules, name="queue_rules"),
    path("settings/people/<int:member_id>/work/", rules.member_work, name="member_work"),
    path("settings/audit/", audit.audit, name="audit"),
    path("settings/audit/audit.csv", audit.audit_csv, name="audit_csv"),
    path("profile/work/", rules.own_work, name="own_work"),
]
