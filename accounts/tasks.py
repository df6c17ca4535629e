"""The loader as a job. Its messages are hints: the landing table says what is to do."""

import contextlib

from celery import shared_task

from accounts import loading, months, roles, suggesting
from accounts.company_domains import settling
from accounts.contacts import book, files
from accounts.erasing import bodies
from accounts.ladder import forgetting
from accounts.models import ContactImport
from accounts.personas import again


@shared_task
def load_landed() -> None:
    """Loads what has landed; every second."""
    loading.drain(seconds=20)


@shared_task
def prune() -> None:
    """Forgets old message ids, old refusals and what can be undone no more, and notes whom newer ones name; every hour."""
    loading.prune()
    book.forget_changes()
    bodies.note_names(most=20_000)
    settling.work()  # a job that was cut off goes on
    for import_id in files.unfinished():
        take_contacts.delay(import_id)


@shared_task
def resettle() -> None:
    """Finds the accounts of whom a rule of a domain concerns; after every change of them."""
    if not settling.work():
        resettle.delay()


@shared_task
def refresh_roles() -> None:
    """Works out everybody's part in a purchase, since what somebody did 90 days ago has grown old; every night."""
    roles.refresh_all()


@shared_task
def take_contacts(import_id: int) -> None:
    """Looks at a file of contacts, takes in its rest, or takes it back; begun twice, the second does what is left."""
    with contextlib.suppress(ContactImport.DoesNotExist):  # forgotten meanwhile
        files.go_on(import_id)


@shared_task
def forget_empty_accounts() -> None:
    """Forgets accounts that nothing speaks for any more; every night."""
    forgetting.forget_empty()


@shared_task
def keep_months() -> None:
    """Makes the usage table's next months and drops those whose time is over; every night."""
    months.make_ahead()
    months.drop_old()


@shared_task
def profile_again() -> None:
    """Looks at everybody by the rules of titles and personas that changed: goes on with the run under way."""
    run = again.under_way()
    if run is not None and not again.work(run_id=run.pk):
        profile_again.delay()


@shared_task
def profile_everybody() -> None:
    """Looks at everybody; every night: sizes of companies change, and an update of the app may bring other built-in words."""
    if again.under_way() is None:
        again.begin(by=None)
    profile_again.delay()


@shared_task
def suggest_merges() -> None:
    """Looks for accounts that may be one company; every night, and when somebody asks."""
    suggesting.refresh()
