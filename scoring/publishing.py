"""Publishing a draft: it becomes the next version, in force at once, and every account is scored by it.

Who publishes has seen what it does: the pages that show a draft's effect give a token for exactly that draft at that revision,
beside the version then in force. A draft that was saved since, or another version, needs another look. A note says why.

A run that is going is made stale and stops without writing (`scoring.progress`). Going back is publishing an old spec again, as
a version of its own: the history stays as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import msgspec
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access, audit, changes
from accounts.models import Member
from scoring import asking, definitions, drafts, rules, tasks
from scoring.models import Definition, ScoringRun
from scoring.progress import make_stale

LOCK = 7_007
SALT = "publish-definition"
#: Seconds for which a preview counts as seen: usage goes on, so its figures grow old.
TOKEN_AGE = 24 * 3600
NOTE_LENGTH = 1000


class Refused(Exception):
    """What is missing for publishing, in words. `code`: `note`, `token`, `changed`, `superseded`, `old`, `gone` or `same`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def token(draft: Definition) -> str:
    """Proof that this draft, as it is, was shown beside the version in force. To be given with what it does."""
    return signing.dumps(_seen(draft, definitions.published()), salt=SALT, compress=True)


def check(draft: Definition, token: str) -> None:
    """Raises `Refused` unless the token is of this draft as it is, and of the version in force."""
    again = _("Look at what it does once more, then publish.")
    try:
        seen = signing.loads(token, salt=SALT, max_age=TOKEN_AGE)
    except signing.SignatureExpired:
        raise Refused("old", _("The preview is more than a day old.") + f" {again}") from None
    except signing.BadSignature:
        raise Refused("token", _("Publishing needs the token of a preview of this draft.")) from None
    now = _seen(draft, definitions.published())
    if seen == now:
        return
    if seen["draft"] != now["draft"]:
        raise Refused("token", _("This is the token of another draft."))
    if seen["in_force"] != now["in_force"]:
        raise Refused("superseded", _("Another version was published since.") + f" {again}")
    raise Refused("changed", _("The draft changed since it was shown.") + f" {again}")


def publish(
    *,
    draft_id: int,
    token: str,
    note: str,
    member: Member,
    enqueue: Callable[[int], None] | None = None,
) -> tuple[Definition, ScoringRun]:
    """Puts the draft in force and starts a full run by it. Answers the new version and the run.

    Raises `Refused`, `rules.BadDefinition` naming the field, `Definition.DoesNotExist`. `enqueue` is given the run's id inside
    the transaction, and must send it when that commits.
    """
    _may(member)
    note = checked_note(note)
    if not note:
        raise Refused("note", _("Say in a note why: it is shown to sales and in the history."))
    with transaction.atomic():
        _one_at_a_time()
        draft = Definition.objects.select_for_update().get(pk=draft_id)
        if draft.version is not None:
            raise Refused("gone", _("This draft is version %(n)d already.") % {"n": draft.version})
        if draft.discarded_at:
            raise Refused("gone", _("The draft was discarded. Bring it back first."))
        check(draft, token)
        spec = definitions.spec_of(draft)
        before = definitions.published()
        if before.spec == spec.as_json() or definitions.spec_of(before) == spec:
            raise Refused("same", _("The draft says the same as version %(n)d.") % {"n": before.version})
        if draft.based_on and drafts.is_unnamed(draft):
            draft.name = draft.based_on.name
        draft.spec, draft.revision = spec.as_json(), draft.revision + 1
        return _put_in_force(draft, "publish", before=before, note=note, member=member, enqueue=enqueue)


def roll_back(
    *, to_version: int, note: str = "", member: Member, enqueue: Callable[[int], None] | None = None
) -> tuple[Definition, ScoringRun]:
    """Publishes the spec of an old version again, as the next version. Without a note it says just that.

    Raises `Refused` (`same`) when that is in force, `rules.BadDefinition` when it cannot be used any more (a feature is gone) and
    `Definition.DoesNotExist`.
    """
    _may(member)
    note = checked_note(note) or _("Back to version %(n)d.") % {"n": to_version}
    with transaction.atomic():
        _one_at_a_time()
        old = Definition.objects.get(version=to_version)
        spec, before = definitions.spec_of(old), definitions.published()
        if before.pk == old.pk or before.spec == old.spec:
            raise Refused("same", _("Version %(n)d says that already.") % {"n": before.version})
        back = Definition(name=old.name, spec=spec.as_json(), based_on=old, created_by=member)
        return _put_in_force(back, "roll_back", before=before, note=note, member=member, enqueue=enqueue)


def checked_note(note: str) -> str:
    """The note without space around it. Raises `rules.BadDefinition` when it cannot be kept."""
    note = note.replace("\r\n", "\n").strip()
    if len(note) > NOTE_LENGTH:
        raise rules.BadDefinition("note", _("at most %(n)d characters") % {"n": NOTE_LENGTH})
    if "\x00" in note:
        raise rules.BadDefinition("note", _("holds a character that cannot be shown"))
    return note


def _put_in_force(
    new: Definition,
    how: str,
    *,
    before: Definition,
    note: str,
    member: Member,
    enqueue: Callable[[int], None] | None,
) -> tuple[Definition, ScoringRun]:
    """In the order in which a run takes its locks: marks of accounts, definitions, runs. In another they wait for each other."""
    changes.mark_all()
    Definition.objects.filter(pk=before.pk).update(state=Definition.State.RETIRED)
    last = Definition.objects.aggregate(last=Max("version"))["last"] or 0
    new.version, new.state, new.note = last + 1, Definition.State.PUBLISHED, note
    new.published_at, new.published_by, new.updated_by = timezone.now(), member, member
    new.save()
    audit.record(
        f"definition.{how}",
        by=member,
        subject="definition",
        subject_id=new.pk,
        label=f"{new.name} ({new.version})"[-200:],
        **audit.changed({"version": before.version}, {"version": new.version}),
        note=note,
    )
    make_stale(*ScoringRun.objects.filter(state=ScoringRun.State.RUNNING).values_list("pk", flat=True))
    # A run that began in this moment, by the version before, finds out by itself.
    return new, asking.start_full_run(new, enqueue=enqueue or tasks.score_all.delay_on_commit)


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _may(member: Member) -> None:
    if not access.can(member, "edit_definitions"):
        raise PermissionDenied


def _seen(draft: Definition, in_force: Definition) -> dict[str, object]:
    said = msgspec.json.encode(draft.spec, order="sorted")
    return {
        "draft": draft.pk,
        "revision": draft.revision,
        "spec": hashlib.blake2b(said, digest_size=12).hexdigest(),
        "in_force": in_force.pk,
    }
