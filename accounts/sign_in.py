"""How members sign in: by invitation only, e-mail and password, through django-allauth."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from accounts import addresses


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs up by himself: an admin adds members under Settings → Members."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """By which failed sign-ins are counted: behind a proxy the client's, or one who guesses would lock everybody out."""
        forwarded, peer = request.headers.get("X-Forwarded-For", ""), str(request.META.get("REMOTE_ADDR", ""))
        return addresses.of_client(peer=peer, forwarded=forwarded, proxies=settings.ENV.TRUSTED_PROXIES)
