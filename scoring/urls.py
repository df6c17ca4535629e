from django.urls import URLPattern, path

from scoring.views import definitions, drafts, effects, learning, runs, silence, workspaces

urlpatterns: list[URLPattern] = [
    path("events/<int:event_type_id>/silence/", silence.event_silence, name="event_silence"),
    path("definitions/", definitions.definition_page, name="definitions"),
    path("definitions/versions/", definitions.definition_versions, name="definition_versions"),
    path("definitions/drafts/new", definitions.draft_new, name="draft_new"),
    path("definitions/drafts/<int:draft_id>/", drafts.draft, name="draft"),
    path("definitions/drafts/<int:draft_id>/features/", drafts.draft_features, name="draft_features"),
    path("definitions/drafts/<int:draft_id>/undo", drafts.draft_undo, name="draft_undo"),
    path("definitions/drafts/<int:draft_id>/discard", definitions.draft_discard, name="draft_discard"),
    path("definitions/drafts/<int:draft_id>/restore", definitions.draft_restore, name="draft_restore"),
    path("definitions/drafts/<int:draft_id>/movers/", effects.draft_movers, name="draft_movers"),
    path("definitions/drafts/<int:draft_id>/workspaces/", workspaces.draft_workspaces, name="draft_workspaces"),
    path("definitions/drafts/<int:draft_id>/backtest/", effects.draft_backtest, name="draft_backtest"),
    path("definitions/learn/", learning.learn, name="learn"),
    path("definitions/runs/", runs.runs, name="runs"),
    path("definitions/runs/all/", runs.run_all, name="run_all"),
]
