from django.urls import URLPattern, URLResolver, include, path

from accounts.views import events, members, set_aside, settings, sources

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.api_urls")),
    path("profile/", settings.profile, name="profile"),
    path("events/", events.events, name="events"),
    path("events/<int:event_type_id>/", events.event_type, name="event_type"),
    path("settings/", settings.settings, name="settings"),
    path("settings/sources/", sources.sources, name="sources"),
    path("settings/sources/<int:source_id>/", sources.source, name="source"),
    path("settings/sources/<int:source_id>/key/", sources.source_rotate, name="source_rotate"),
    path("settings/set-aside/", set_aside.set_aside, name="set_aside"),
    path("settings/set-aside/<int:set_aside_id>/", set_aside.set_aside_replay, name="set_aside_replay"),
    path("settings/people/", members.members, name="members"),
    path("settings/people/<int:member_id>/", members.member, name="member"),
]
