"""What matters: the features of accounts with an outcome against the others."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.views.requests import MemberRequest


@require_GET
def learn(request: MemberRequest) -> HttpResponse:
    return render(request, "scoring/learn.html", {})
