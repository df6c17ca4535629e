"""The people of this app: adding them, their roles, and that an admin always stays."""

import re
import threading

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import members
from accounts.models import Member, Role
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(sign_in):
    return sign_in(Role.ADMIN)


def member_url(member):
    return reverse("member", args=[member.pk])


def test_a_new_member_sets_a_password_by_the_mailed_link_and_signs_in(admin):
    admin.post(reverse("members"), {"email": "Dana@Team.example", "name": "Dana", "role": "sales"})
    member = Member.objects.get(email="dana@team.example")
    assert not member.has_usable_password()
    link = re.search(r"http://testserver(/sign-in/\S+)", mail.outbox[0].body).group(1)
    visitor = Client()
    form = visitor.get(link, follow=True)
    visitor.post(form.request["PATH_INFO"], {"password1": "correct horse 9", "password2": "correct horse 9"})
    visitor.post(reverse("account_login"), {"login": "dana@team.example", "password": "correct horse 9"})
    assert visitor.get(reverse("profile")).status_code == 200


def test_without_real_mail_the_admin_sees_the_link_once(admin, settings, capsys):
    settings.EMAIL_BACKEND = "accounts.console.EmailBackend"
    answer = admin.post(reverse("members"), {"email": "d@team.example", "role": "sales"}, follow=True)
    assert "went to" not in answer.content.decode()
    in_log = re.search(r"^http://testserver/sign-in/\S+/$", capsys.readouterr().out, re.M)
    assert in_log is not None
    assert in_log[0] in answer.content.decode()
    assert 'id="set-password-link"' in answer.content.decode()
    again = admin.get(member_url(Member.objects.get(email="d@team.example")))
    assert 'id="set-password-link"' not in again.content.decode()


def test_with_real_mail_the_link_stays_in_the_mail(admin):
    answer = admin.post(reverse("members"), {"email": "d@team.example", "role": "sales"}, follow=True)
    assert 'id="set-password-link"' not in answer.content.decode()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("email", {"email": "TAKEN@team.example", "role": "sales"}),
        ("email", {"email": "no address", "role": "sales"}),
        ("role", {"email": "a@team.example", "role": "king"}),
        ("name", {"email": "a@team.example", "role": "sales", "name": "x" * 121}),
    ],
)
def test_a_bad_member_is_refused_by_its_field(admin, field, said):
    MemberFactory(email="taken@team.example")
    before = Member.objects.count()
    answer = admin.post(reverse("members"), said)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert Member.objects.count() == before
    assert not mail.outbox


def test_a_role_changes_and_the_undo_changes_it_back(admin):
    member = MemberFactory(role=Role.SALES, name="Dana")
    answer = admin.post(member_url(member), {"action": "save", "name": "Dana O", "role": "product"}, follow=True)
    member.refresh_from_db()
    assert (member.name, member.role) == ("Dana O", Role.PRODUCT)
    undo = re.findall(r'action="([^"]+action=save[^"]+)"', answer.content.decode())[-1].replace("&amp;", "&")
    admin.post(undo)
    member.refresh_from_db()
    assert (member.name, member.role) == ("Dana", Role.SALES)


def test_a_deactivated_member_is_out_at_once_and_can_come_back(admin, sign_in):
    theirs = sign_in(Role.SALES)
    assert theirs.get(reverse("profile")).status_code == 200
    admin.post(member_url(theirs.member), {"action": "deactivate"})
    assert theirs.get(reverse("profile")).status_code == 302
    admin.post(f"{member_url(theirs.member)}?action=reactivate")
    assert theirs.get(reverse("profile")).status_code == 200


def test_nobody_deactivates_himself(admin):
    MemberFactory(role=Role.ADMIN)
    answer = admin.post(member_url(admin.member), {"action": "deactivate"})
    assert answer.status_code == 422
    admin.member.refresh_from_db()
    assert admin.member.is_active


def test_the_last_admin_keeps_the_role(admin):
    answer = admin.post(member_url(admin.member), {"action": "save", "name": "A", "role": "sales"})
    assert answer.status_code == 422
    assert 'id="id_role_error"' in answer.content.decode()
    admin.member.refresh_from_db()
    assert admin.member.role == Role.ADMIN


def test_an_inactive_admin_does_not_count_as_one(admin):
    MemberFactory(role=Role.ADMIN, is_active=False)
    with pytest.raises(ValidationError):
        members.change(member_id=admin.member.pk, name="A", role="sales")


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_remove_each_other_at_once_one_stays():
    for _ in range(8):
        Member.objects.all().delete()
        pair = [MemberFactory(role=Role.ADMIN), MemberFactory(role=Role.ADMIN)]
        barrier, outcomes = threading.Barrier(2), []

        def remove(member, actor, barrier=barrier, outcomes=outcomes):
            barrier.wait()
            try:
                members.deactivate(member_id=member.pk, actor=actor)
                outcomes.append("done")
            except ValidationError:
                outcomes.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=remove, args=both) for both in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["done", "refused"]
        assert Member.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


def test_a_profile_takes_a_zone_a_theme_and_the_shortcuts(sign_in):
    client = sign_in(Role.SALES)
    client.post(reverse("profile"), {"name": "Dana", "timezone": "Europe/Berlin", "theme": "dark"})
    client.member.refresh_from_db()
    assert (client.member.timezone, client.member.theme, client.member.shortcuts) == ("Europe/Berlin", "dark", False)
    assert 'data-bs-theme="dark"' in client.get(reverse("profile")).content.decode()
    client.post(reverse("profile"), {"name": "Dana", "timezone": "UTC", "theme": "system", "shortcuts": "on"})
    client.member.refresh_from_db()
    assert (client.member.theme, client.member.shortcuts) == ("", True)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "europe/berlin\x00"])
def test_a_zone_that_does_not_exist_is_refused_by_its_field(sign_in, zone):
    client = sign_in(Role.SALES)
    answer = client.post(reverse("profile"), {"name": "D", "timezone": zone, "theme": "dark"})
    assert answer.status_code == 422
    assert 'id="id_timezone_error"' in answer.content.decode()
    client.member.refresh_from_db()
    assert client.member.timezone == "UTC"


def test_the_list_asks_the_same_for_one_member_and_for_many(admin, django_assert_num_queries):
    MemberFactory.create_batch(20)
    with django_assert_num_queries(4):  # session, member, the bell, members
        admin.get(reverse("members"))


def test_an_admin_says_how_many_accounts_a_week_a_person_works(sign_in):
    admin, member = sign_in(Role.ADMIN), MemberFactory()
    said = {"action": "save", "name": member.name, "role": member.role}
    answer = admin.post(member_url(member), {**said, "weekly_capacity": "25"}, follow=True)
    member.refresh_from_db()
    assert member.weekly_capacity == 25
    assert 'value="25"' in answer.content.decode()
    refused = admin.post(member_url(member), {**said, "weekly_capacity": "-1"})
    assert refused.status_code == 422
    admin.post(member_url(member), said)
    member.refresh_from_db()
    assert member.weekly_capacity == 25, "what is not said stays"
