"""The app with an intake that does nothing: same server, same middleware, the body is read and 200 is answered.

What `bench ingest` holds the real intake against. Nobody else serves it.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: TID251 - an edge, if only of the bench
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plsapp.settings")


@csrf_exempt
def nothing(request: HttpRequest) -> HttpResponse:
    while request.read(65_536):
        pass
    return JsonResponse({"success": True})


def page(request: HttpRequest, motion: str) -> HttpResponse:
    """For `bench queue`: somebody who has signed in gets an empty page."""
    return HttpResponse()


# Named as the real ones, so that the same rows of the permissions let them through.
urlpatterns = [path("v1/batch", nothing, name="intake"), path("queue/<slug:motion>/", page, name="queue_motion")]
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()
