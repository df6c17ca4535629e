"""Messages for tests, by the real way: landed, then loaded."""

import datetime as dt
import itertools
import json
from typing import Any

from django.utils import timezone

from accounts import landing, loading
from accounts.models import Account, ProductUser, Source, Usage, Workspace

_numbers = itertools.count()


def source() -> Source:
    return Source.objects.get_or_create(name="Product", defaults={"write_key": "product-key"})[0]


def track(user: str | None, event: str = "Report Exported", *, days_ago: float = 0, **more: Any) -> dict[str, Any]:
    at = timezone.now() - dt.timedelta(days=days_ago)
    item = {"type": "track", "event": event, "timestamp": at.isoformat(), "messageId": f"m-{next(_numbers)}"}
    if user is not None:
        item["userId"] = user
    if "group" in more:
        item["context"] = {"groupId": more.pop("group")}
    return item | more


def identify(user: str, **traits: Any) -> dict[str, Any]:
    anonymous = traits.pop("anonymousId", None)
    item = {"type": "identify", "userId": user, "traits": traits, "messageId": f"m-{next(_numbers)}"}
    return item | ({"anonymousId": anonymous} if anonymous else {})


def group(group_id: str, user: str | None = None, **traits: Any) -> dict[str, Any]:
    item = {"type": "group", "groupId": group_id, "traits": traits, "messageId": f"m-{next(_numbers)}"}
    return item | ({"userId": user} if user else {})


def alias(previous: str, user: str) -> dict[str, Any]:
    return {"type": "alias", "previousId": previous, "userId": user, "messageId": f"m-{next(_numbers)}"}


def land(*items: Any, of: Source | None = None) -> int:
    body = json.dumps({"batch": list(items)}).encode()
    return landing.accept(source=of or source(), path="batch", body=body, size=len(items))


def load(*items: Any) -> loading.Loaded:
    """Lands the messages in one request and loads everything that waits."""
    if items:
        land(*items)
    return loading.drain()


def account_of(user: str) -> Account | None:
    """The account of a person's e-mail."""
    return ProductUser.objects.get(key=f"u:{user}").account


def account_of_workspace(external_id: str) -> Account | None:
    return Workspace.objects.get(external_id=external_id).account


def counted() -> int:
    """Events in all daily rows."""
    return sum(Usage.objects.values_list("count", flat=True))
