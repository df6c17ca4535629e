"""The forms of the contacts pages. They read what was said; `accounts.contacts` checks it again and writes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.contacts import CONFIRMED, LIKELY, book
from accounts.contacts.fields import FIELDS, LENGTHS
from accounts.models import BuyingRole, Contact
from playbooks.verbs.forms import words_field


class ContactPageForm(forms.Form):
    """A contact as a whole: added, or changed with all that is known of them."""

    name = words_field(_("Name"), length=LENGTHS["name"], required=True)
    email = forms.CharField(
        label=_("E-mail"),
        max_length=LENGTHS["email"],
        widget=forms.EmailInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    title = words_field(_("Title"), length=LENGTHS["title"])
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=LENGTHS["phone"],
        widget=forms.TextInput(attrs={"class": "form-control", "type": "tel", "autocomplete": "off"}),
    )
    company = words_field(_("Company"), length=LENGTHS["company"])
    domain = words_field(_("Company’s domain"), length=LENGTHS["domain"])
    role = forms.ChoiceField(
        label=_("Buying role"),
        required=False,
        choices=[("", _("Not known: what the title says counts")), *((r.value, capfirst(r.label)) for r in BuyingRole)],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    is_sure = forms.BooleanField(label=_("I know the role for sure: they said so, or a colleague did"), required=False)
    source = words_field(_("Where from"), length=LENGTHS["source"])
    #: The contact as it was when the form was drawn.
    seen = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    use_required_attribute = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["domain"].help_text = _("Only where the e-mail does not say it, as with an address at gmail.com.")

    @property
    def said(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self.fields if name not in ("is_sure", "seen")}

    def is_late(self, now: dict[str, Any]) -> None:
        """Takes over what somebody else made of the contact meanwhile (`now`, as `initial_of` with `seen`), and tells it.

        Where the member typed something else it stays, with what it is now beside it: saving again overwrites that.
        """
        before, after = (seen.split("_") for seen in (self.cleaned_data["seen"], now["seen"]))
        data = self.data.dict() | {"seen": now["seen"]}  # type: ignore[attr-defined]
        typed = {name: self.cleaned_data.get(name, "") for name in book.SEEN if name in self.fields}
        confidence = CONFIRMED if self.cleaned_data.get("is_sure") else LIKELY
        marks = typed | {"role": book.role_words(typed["role"], confidence)}
        for name, old, new in zip(book.SEEN, before, after, strict=False):
            if old == new or name not in typed:
                continue
            label = dict(self.fields["role"].choices).get(now["role"]) if name == "role" else now[name]  # type: ignore[attr-defined]
            if book.mark(marks[name]) == old:
                data[name] = now[name]
                if name == "role":
                    data |= {"is_sure": "on"} if now["is_sure"] else {"is_sure": ""}
                self.add_error(name, _("Somebody changed this: it is taken over."))
            elif label:
                self.add_error(name, _("Somebody made it “%(value)s”.") % {"value": label})
            else:
                self.add_error(name, _("Somebody has emptied it."))
        words = _(
            "Somebody has changed this contact since you opened it. Nothing that you typed is lost: look, and save again."
        )
        self.add_error(None, words)
        self.data = data


def initial_of(contact: Contact, word_role: str, *, is_sure: bool) -> dict[str, Any]:
    """What the form shows of a contact; the role is that which somebody said, not the title's."""
    shown = {name: getattr(contact, name) for name in ("name", "email", "title", "phone", "source")}
    company = {"company": contact.account.name if contact.account else ""}
    return shown | company | {"role": word_role, "is_sure": is_sure}


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        widget=forms.ClearableFileInput(attrs={"class": "form-control", "accept": ".csv,.tsv,.txt,text/csv"}),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("The file is empty: its first row names the columns."),
        },
    )
    source = words_field(_("Where these people come from"), length=LENGTHS["source"])
    use_required_attribute = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["source"].help_text = _("A fair, a webinar, a list. Rows that name their own source keep it.")


def column_names(heads: list[str]) -> list[str]:
    """Those without a name, and those that share one, have their number: `["Email (#1)", "Email (#2)", "#3"]`."""
    numbered = [f"{head} (#{place})" if heads.count(head) > 1 else head for place, head in enumerate(heads, 1)]
    return [name if head else f"#{place}" for place, (head, name) in enumerate(zip(heads, numbered, strict=True), 1)]


class ColumnsForm(forms.Form):
    """For each field of a contact, the column of the file that has it. Columns are numbered from 0."""

    use_required_attribute = False

    def __init__(self, *args: Any, heads: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        columns = [(str(place), name) for place, name in enumerate(column_names(heads))]
        for name, label in FIELDS.items():
            self.fields[name] = forms.ChoiceField(
                label=label,
                required=False,
                choices=[("", _("Not in the file")), *columns],
                widget=forms.Select(attrs={"class": "form-select"}),
            )
        self.fields["default_source"] = words_field(_("Where these people come from"), length=LENGTHS["source"])

    @property
    def mapping(self) -> dict[str, int | None]:
        return {name: int(self.cleaned_data[name]) if self.cleaned_data[name] else None for name in FIELDS}
