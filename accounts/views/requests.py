"""The request as it reaches a page: `plsapp.middleware.Permissions` lets nobody through who has not signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts.models import Member


class MemberRequest(HttpRequest):
    """Only a type; nothing is made of it."""

    user: Member
    htmx: HtmxDetails
    #: Items of the member's own queue that wait for somebody, once they are counted; the navigation shows it.
    open_work: int
    #: What the member has not read, `playbooks.telling.notifications.Bell`, once it is known.
    bell: Any
