from django.urls import URLPattern, URLResolver, include, path

from playbooks.views import lists, publish, queue

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("playbooks.settings_urls")),
    path("", queue.home, name="home"),
    path("queue/", queue.own_queue, name="queue"),
    path("queue/<slug:motion>/", queue.queue, name="queue_motion"),
    path("queue/items/<int:item_id>/claim", queue.claim, name="queue_claim"),
    path("queue/items/<int:item_id>/release", queue.release, name="queue_release"),
    path("definitions/drafts/<int:draft_id>/review/", publish.draft_review, name="draft_review"),
    path("definitions/published/<int:run_id>/", publish.published_run, name="published_run"),
    path("definitions/roll-back/", publish.roll_back, name="roll_back"),
    path("definitions/news/seen", publish.news_seen, name="news_seen"),
    path("accounts/", lists.accounts, name="accounts"),
    path("accounts/<int:account_id>/", lists.account, name="account"),
    path("buyers/", lists.buyers, name="buyers"),
]
