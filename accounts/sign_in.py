"""How members sign in: by invitation only, e-mail and password, through django-allauth."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs up by himself: an admin adds members under Settings → People."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
