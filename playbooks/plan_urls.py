"""Activation plans and contacts of queue items."""

from django.urls import URLPattern, path

from playbooks.views import plans

urlpatterns: list[URLPattern] = [
    path("queue/items/<int:item_id>/plan", plans.plan, name="queue_plan"),
    path("queue/items/<int:item_id>/plan/line", plans.line, name="queue_plan_line"),
    path("queue/items/<int:item_id>/plan/drop", plans.plan_drop, name="queue_plan_drop"),
    path("queue/items/<int:item_id>/plan/put-back", plans.plan_back, name="queue_plan_back"),
    path("queue/items/<int:item_id>/contact", plans.contact, name="queue_contact"),
    path(
        "queue/items/<int:item_id>/contacts/<int:contact_id>/remove", plans.contact_remove, name="queue_contact_remove"
    ),
    path("queue/items/<int:item_id>/contacts/<int:contact_id>/put-back", plans.contact_back, name="queue_contact_back"),
]
