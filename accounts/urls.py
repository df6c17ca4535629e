from django.urls import URLPattern, URLResolver, include, path

from accounts.views import erasing, events, hand_forms, members, personas, raising, set_aside, settings, sources, titles

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
    path("settings/forms/", hand_forms.hand_forms, name="hand_forms"),
    path("settings/forms/new/", hand_forms.hand_form_new, name="hand_form_new"),
    path("settings/forms/<int:form_id>/", hand_forms.hand_form, name="hand_form"),
    path("settings/raised-hands/", hand_forms.hand_raises, name="hand_raises"),
    path("settings/raised-hands/<int:raise_id>/", hand_forms.hand_raise_through, name="hand_raise_through"),
    path("forms/<slug:form_key>/", raising.form_page, name="hand_form_page"),
    path("forms/<slug:form_key>/thanks/", raising.form_thanks, name="hand_form_thanks"),
    path("forms/<slug:form_key>.js", raising.form_script, name="hand_form_script"),
    path("settings/titles/", titles.title_rules, name="title_rules"),
    path("settings/personas/", personas.persona_list, name="personas"),
    path("settings/personas/new/", personas.persona_new, name="persona_new"),
    path("settings/personas/<int:persona_id>/", personas.persona, name="persona"),
    path("settings/erase/", erasing.erase, name="erase"),
    path("settings/people/", members.members, name="members"),
    path("settings/people/<int:member_id>/", members.member, name="member"),
]
