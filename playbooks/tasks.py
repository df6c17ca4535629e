"""The queues' jobs. Messages to route are hints: the work table says which accounts were scored."""

from celery import shared_task
from django.utils import timezone

from accounts import changes
from playbooks import counting, crowds, following, plans, profiling, queue, upkeep
from playbooks.assignment import assignment, held_places, sla, sla_watch
from playbooks.feedback import audits
from playbooks.telling import digest, notifications
from playbooks.verbs import waking

#: Seconds after which the job begins no further batch.
SHARE = 0.5


@shared_task
def route_scored() -> None:
    """Moves scored accounts into and out of the queues; every second, and for about half of it."""
    changes.work_off(queue.route_scored, seconds=SHARE)


@shared_task
def wake_items() -> None:
    """Wakes what slept until now; every minute."""
    while waking.wake_due(timezone.now()) == waking.AT_ONCE:
        pass


@shared_task
def keep_queues() -> None:
    """Items of members who left and of accounts that were merged find their new place; every minute."""
    upkeep.pool_absent()
    held_places.give_back(timezone.now())
    plans.make_due(timezone.now())
    following.catch_up()


@shared_task
def keep_counts() -> None:
    """Counts how much is in each bucket, for the lists; every minute."""
    counting.keep()


@shared_task
def keep_crowds() -> None:
    """Adds up what was done at accounts of many thousand people, for their pages; every hour."""
    crowds.keep(today=timezone.now().date())


@shared_task
def assign_items() -> None:
    """Gives new accounts to members in the queues that do so by themselves; every few seconds."""
    now = timezone.now()
    sla_watch.mark_missed(now)  # first: whom they go to now has the whole time again
    assignment.assign_due(now)


@shared_task
def watch_times() -> None:
    """Warns of what is due soon, marks what was missed, and pools what nobody touches; every minute."""
    now = timezone.now()
    sla_watch.warn(now)
    while sla_watch.mark_missed(now) == sla_watch.AT_ONCE:
        pass
    assignment.pool_untouched(now)


@shared_task
def set_times(motion: str) -> None:
    """Sets the times to answer of a queue's accounts after its rules were changed."""
    sla.set_again(motion, timezone.now())


@shared_task
def keep_profiling() -> None:
    """Counts how much is known of the people, and what would settle most accounts; every night."""
    profiling.keep(timezone.now().date())


@shared_task
def draw_audits() -> None:
    """Draws accounts below the threshold into the queues whose policy has a share of them."""
    audits.draw_due()


@shared_task
def send_digests() -> None:
    """Sends the digests whose hour has come, and forgets notifications and digests of a quarter ago."""
    digest.send_due()
    digest.forget_old(timezone.now())
    notifications.forget_old(timezone.now())
