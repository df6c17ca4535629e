"""What the clock does to queues: items of members who left go back to the pool."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from playbooks.assignment import held_places
from playbooks.models import QueueItem
from playbooks.verbs import verbs
from playbooks.verbs.transitions import OWNED


def pool_absent() -> int:
    """Gives back what is owned by members who were deactivated, or whose role no longer works the motion; how many items.

    It is held for them: `held_places` gives it back to those who are back.
    """
    gone = Q(owner__is_active=False)
    for motion, roles in access.WORKERS.items():
        gone |= Q(motion=motion) & ~Q(owner__role__in=roles)
    rows = (
        QueueItem.objects.filter(gone, state__in=OWNED)
        .order_by("pk")
        .values_list("pk", "owner", "owner__name", "owner__email")
    )
    pooled = 0
    for item_id, owner_id, name, email in rows:
        because = _("%(member)s no longer works this queue") % {"member": name or email}
        with transaction.atomic():
            if verbs.release(item_id=item_id, member=None, because=because).won and owner_id is not None:
                held_places.hold([(item_id, owner_id)], timezone.now())
                pooled += 1
    return pooled
