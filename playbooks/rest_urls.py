"""The REST API under `/api/`. It lies here, below the shell, because its topmost data does."""

from django.urls import URLPattern, path

from playbooks import rest as queues
from scoring import outcome_rest
from scoring import rest as scores

urlpatterns: list[URLPattern] = [
    path("queue/<slug:motion>/", queues.queue, name="api_queue"),
    path("queue/items/<int:item_id>/claim/", queues.claim, name="api_queue_claim"),
    path("queue/items/<int:item_id>/release/", queues.release, name="api_queue_release"),
    path("accounts/<int:account_id>/", scores.account, name="api_account"),
    path("accounts/<int:account_id>/scores/", scores.account_scores, name="api_account_scores"),
    path("outcomes/", outcome_rest.outcomes_of_accounts, name="api_outcomes"),
]
