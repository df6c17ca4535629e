"""The pages of plays, and the play of a queue item."""

from django.urls import URLPattern, path

from playbooks.views import play_box, plays

urlpatterns: list[URLPattern] = [
    path("plays/", plays.plays, name="plays"),
    path("plays/new/", plays.play_new, name="play_new"),
    path("plays/preview", plays.preview, name="play_preview"),
    path("plays/<int:play_id>/", plays.play, name="play"),
    path("plays/<int:play_id>/copy", plays.play_copy, name="play_copy"),
    path("plays/<int:play_id>/switch", plays.play_switch, name="play_switch"),
    path("plays/<int:play_id>/remove", plays.play_remove, name="play_remove"),
    path("plays/<int:play_id>/put-back", plays.play_back, name="play_back"),
    path("plays/<int:play_id>/reset", plays.play_reset, name="play_reset"),
    path("plays/<int:play_id>/undo", plays.play_undo, name="play_undo"),
    path("queue/items/<int:item_id>/play", play_box.play, name="queue_play"),
    path("queue/plays/<int:use_id>/stop", play_box.stop, name="queue_play_stop"),
    path("queue/plays/<int:use_id>/resume", play_box.resume, name="queue_play_resume"),
    path("queue/steps/<int:step_id>/logged", play_box.logged, name="queue_step_logged"),
    path("queue/steps/<int:step_id>/unlogged", play_box.unlogged, name="queue_step_unlogged"),
]
