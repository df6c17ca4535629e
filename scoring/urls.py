from django.urls import URLPattern, path

from scoring import views

urlpatterns: list[URLPattern] = [
    path("definitions/", views.definition_page, name="definitions"),
    path("definitions/runs/", views.runs, name="runs"),
    path("definitions/runs/all/", views.run_all, name="run_all"),
]
