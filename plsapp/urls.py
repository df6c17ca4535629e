"""Every URL. Who may use which is in `plsapp.permissions`."""

from allauth.account import urls as allauth_urls
from django.urls import include, path, re_path

from plsapp import rest
from plsapp.health import healthz

#: Of allauth's URLs only these: members are invited, so there is no sign-up and no e-mail page.
SIGN_IN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_change_password",
    "account_set_password",
    "account_reauthenticate",
}

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("accounts.urls")),
    path("", include("scoring.urls")),
    path("", include("playbooks.urls")),
    path("api/schema/", rest.schema, name="api_schema"),
    path("api/", include("playbooks.rest.urls")),
    re_path(r"^api/[\s\S]*$", rest.not_here, name="api_nothing"),
    path("sign-in/", include([pattern for pattern in allauth_urls.urlpatterns if pattern.name in SIGN_IN])),
]

handler500 = rest.server_error
