"""Many contacts at once for programs, with a way back; and the attribution buckets."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import rest, tasks
from accounts.contacts import files
from accounts.contacts.fields import FIELDS, LENGTHS
from accounts.models import ContactImport
from playbooks import counting
from playbooks.rest.contacts import From, member_of, text
from playbooks.rest.queue import MOTIONS
from playbooks.rest.touches import heard
from scoring import buckets
from scoring.rest_shapes import told

#: Rows of one call: what a body has room for.
MOST_ROWS = 300
CELL = 500

type Cell = Annotated[str, msgspec.Meta(max_length=CELL)]


class Rows(msgspec.Struct, forbid_unknown_fields=True):
    rows: Annotated[list[dict[str, Cell]], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]
    source: From = ""
    dry_run: bool = False


ROWS = {
    "application/json": {
        "type": "object",
        "properties": {
            "rows": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_ROWS,
                "items": {
                    "type": "object",
                    "properties": {name: text(CELL) for name in FIELDS},
                    "additionalProperties": False,
                },
            },
            "source": text(LENGTHS["source"], description="Of rows that name none."),
            "dry_run": {"type": "boolean", "default": False, "description": "Only says what would happen."},
        },
        "required": ["rows"],
        "additionalProperties": False,
    }
}


class WrongSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField(help_text=gettext_lazy("Its place in the list that was sent, from 1."))
    field = serializers.CharField()
    message = serializers.CharField(help_text=gettext_lazy("What is wrong, and what to do."))


class ImportSerializer(serializers.Serializer[ContactImport]):
    id = serializers.IntegerField(allow_null=True, help_text=gettext_lazy("Null: a dry run keeps nothing."))
    state = serializers.ChoiceField(ContactImport.State.choices)
    read = serializers.IntegerField(source="result.read")
    new = serializers.IntegerField(source="result.new")
    changed = serializers.IntegerField(source="result.changed")
    same = serializers.IntegerField(source="result.same")
    users = serializers.IntegerField(
        source="result.users", help_text=gettext_lazy("Those who use the product: linked to that person.")
    )
    twice = serializers.IntegerField(
        source="result.twice", help_text=gettext_lazy("Rows that say again what another row says.")
    )
    progress = serializers.SerializerMethodField(help_text=gettext_lazy("Percent, while it is being taken in or back."))
    wrong = serializers.SerializerMethodField()

    @extend_schema_field(serializers.IntegerField(min_value=0, max_value=100))
    def get_progress(self, found: ContactImport) -> int:
        return files.progress(found) if found.state == ContactImport.State.RUNNING else 100

    @extend_schema_field(WrongSerializer(many=True))
    def get_wrong(self, found: ContactImport) -> list[dict[str, Any]]:
        return [
            {"row": row["row"], "field": one["field"], "message": one["words"]}
            for row in found.result["wrong_rows"]
            for one in row["wrong"]
        ]


class BucketCountsSerializer(serializers.Serializer[Any]):
    with_buyer = serializers.IntegerField(help_text=gettext_lazy("Accounts used in 28 days with a known buyer."))
    without_buyer = serializers.IntegerField(help_text=gettext_lazy("Accounts used in 28 days without one."))
    lead = serializers.IntegerField(help_text=gettext_lazy("Accounts with contacts and without usage."))


class QueueBucketsSerializer(serializers.Serializer[Any]):
    """Items to be worked, by motion."""

    sales = BucketCountsSerializer()
    success = BucketCountsSerializer()
    marketing = BucketCountsSerializer()


class ContactBucketsSerializer(BucketCountsSerializer):
    """Contacts by the bucket of their account."""

    lead = serializers.IntegerField(help_text=gettext_lazy("At accounts without usage, and those of no known account."))


class BucketsSerializer(BucketCountsSerializer):
    none = serializers.IntegerField(help_text=gettext_lazy("Accounts in none: neither usage nor contacts."))
    queues = QueueBucketsSerializer()
    contacts = ContactBucketsSerializer()


@extend_schema(
    operation_id="import_contacts",
    summary="Take in many contacts at once",
    request=ROWS,
    responses={200: ImportSerializer, 201: ImportSerializer},
)
@api_view(["POST"])
def take(request: Request) -> Response:
    """As a file on the import page: good rows are taken in, wrong ones are named. All of it can be taken back by `undo`."""
    said = told(request, Rows)
    for number, row in enumerate(said.rows):
        for name, value in row.items():
            if name not in FIELDS:
                raise rest.bad(
                    "rows", _("%(field)s is not a field of row %(n)d.") % {"field": name[:40], "n": number + 1}
                )
            if "\x00" in value:
                raise rest.bad("rows", _("Row %(n)d holds a character that cannot be stored.") % {"n": number + 1})
    if "\x00" in said.source:
        raise rest.bad("source", _("holds a character that cannot be stored."))
    found = files.of_rows(rows=said.rows, source=said.source, member=member_of(request))
    if said.dry_run:
        return Response(ImportSerializer(found).data)
    found.save()
    if found.result["good"]:
        files.begin(import_id=found.pk, member=member_of(request))
        found = files.go_on(found.pk)
        buckets.forget()
    return Response(ImportSerializer(found).data, status=201)


@extend_schema(operation_id="read_contact_import", summary="What an import did", responses=ImportSerializer)
@api_view(["GET"])
def import_of(request: Request, import_id: int) -> Response:
    """Of rows or of a file: counts, and the rows that were wrong."""
    return Response(ImportSerializer(_import(import_id)).data)


@extend_schema(
    operation_id="undo_contact_import",
    summary="Take an import back",
    request=None,
    responses={200: ImportSerializer, 202: ImportSerializer},
)
@api_view(["POST"])
def import_undo(request: Request, import_id: int) -> Response:
    """Its new contacts go, and what it changed is as before, unless somebody has changed it since.

    A large one is taken back by a job: 202, and `Location` says where to look how far it is.
    """
    rest.no_fields(request)
    _import(import_id)
    found = heard(files.begin_undo, import_id=import_id, member=request.user)
    if found.result["good"] > files.SMALL:
        tasks.take_contacts.delay(found.pk)
        where = reverse("api_contact_imported", args=[found.pk])
        return Response(ImportSerializer(found).data, status=202, headers={"Location": where})
    found = files.go_on(found.pk)
    buckets.forget()
    return Response(ImportSerializer(found).data)


@extend_schema(operation_id="count_buckets", summary="Accounts by attribution bucket", responses=BucketsSerializer)
@api_view(["GET"])
def bucket_counts(request: Request) -> Response:
    """Of all accounts, of those in each queue and of the contacts, as of their last scores; counted once a minute at most."""
    queues = {motion.value: counting.by_bucket(motion) for motion in MOTIONS}
    counts = buckets.counts()
    none = max(buckets.how_many() - sum(counts.values()), 0)
    answer = {**counts, "none": none, "queues": queues, "contacts": buckets.of_contacts()}
    return Response(BucketsSerializer(answer).data)


def _import(import_id: int) -> ContactImport:
    found = ContactImport.objects.defer("rows").filter(pk=import_id).first()
    if found is None:
        raise NotFound(_("There is no import %(id)d.") % {"id": import_id})
    return found
