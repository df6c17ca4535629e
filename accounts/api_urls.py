"""The URLs of machines. Each works with and without a slash at the end: SDKs do not follow redirects of a POST."""

from django.urls import URLPattern, re_path

from accounts import api
from accounts.views import raising

urlpatterns: list[URLPattern] = [
    re_path(rf"^v1/(?P<kind>{'|'.join(api.PATHS)})/?$", api.intake, name="intake"),
    re_path(r"^hand-raise/?$", raising.hand_raised, name="hand_raise"),
]
