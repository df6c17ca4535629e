"""The settings pages of this app."""

from django.urls import URLPattern, path

from playbooks.views import routing

urlpatterns: list[URLPattern] = [path("settings/routing/", routing.routing, name="routing")]
