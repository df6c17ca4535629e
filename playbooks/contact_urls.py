"""The contacts pages and the import of files."""

from django.urls import URLPattern, path

from playbooks.views import contact_files as files
from playbooks.views import contacts

urlpatterns: list[URLPattern] = [
    path("contacts/", contacts.contacts, name="contacts"),
    path("contacts/contacts.csv", contacts.contacts_csv, name="contacts_csv"),
    path("contacts/new/", contacts.contact_new, name="contact_new"),
    path("contacts/<int:contact_id>/", contacts.contact_change, name="contact_change"),
    path("contacts/<int:contact_id>/undo/<str:token>", contacts.contact_change_undo, name="contact_change_undo"),
    path("contacts/<int:contact_id>/remove", contacts.contact_remove, name="contact_remove"),
    path("contacts/<int:contact_id>/put-back", contacts.contact_back, name="contact_back"),
    path("contacts/import/", files.upload, name="contact_import"),
    path("contacts/import/<int:import_id>/", files.look, name="contact_file"),
    path("contacts/import/<int:import_id>/take", files.take, name="contact_file_take"),
    path("contacts/import/<int:import_id>/undo", files.undo, name="contact_file_undo"),
    path("contacts/import/<int:import_id>/drop", files.drop, name="contact_file_drop"),
    path("contacts/import/<int:import_id>/wrong.csv", files.wrong_csv, name="contact_file_wrong"),
]
