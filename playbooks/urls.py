from django.urls import URLPattern, URLResolver, include, path

from playbooks.views import lists, publish, queue, touches

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("playbooks.settings_urls")),
    path("", queue.home, name="home"),
    path("queue/", queue.own_queue, name="queue"),
    path("queue/<slug:motion>/", queue.queue, name="queue_motion"),
    path("queue/items/<int:item_id>/claim", queue.claim, name="queue_claim"),
    path("queue/items/<int:item_id>/release", queue.release, name="queue_release"),
    path("queue/items/<int:item_id>/touch", touches.touch, name="queue_touch"),
    path("queue/touches/<int:touch_id>/remove", touches.touch_remove, name="queue_touch_remove"),
    path("queue/touches/<int:touch_id>/put-back", touches.touch_back, name="queue_touch_back"),
    path("queue/items/<int:item_id>/step", touches.step, name="queue_step"),
    path("queue/steps/<int:step_id>/due", touches.step_due, name="queue_step_due"),
    path("queue/steps/<int:step_id>/done", touches.step_done, name="queue_step_done"),
    path("queue/steps/<int:step_id>/drop", touches.step_drop, name="queue_step_drop"),
    path("queue/steps/<int:step_id>/reopen", touches.step_reopen, name="queue_step_reopen"),
    path("definitions/drafts/<int:draft_id>/review/", publish.draft_review, name="draft_review"),
    path("definitions/published/<int:run_id>/", publish.published_run, name="published_run"),
    path("definitions/roll-back/", publish.roll_back, name="roll_back"),
    path("definitions/news/seen", publish.news_seen, name="news_seen"),
    path("accounts/", lists.accounts, name="accounts"),
    path("accounts/<int:account_id>/", lists.account, name="account"),
    path("buyers/", lists.buyers, name="buyers"),
]
