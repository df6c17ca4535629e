"""Commands of the shell that end by themselves."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Member, Role
from tests import prepared
from tests.plsapp.running import manage


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="plsapp-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.process
def test_the_demo_loads_once_and_ends_with_one_line_of_json(folder: Path):
    home = folder / "home"
    first = prepared.demo(home)
    found = json.loads(first.splitlines()[-1])
    assert set(found["queues"]) == {"sales", "success", "marketing"}
    assert sum(found["queues"].values()) > 0
    assert found["accounts"] > 0
    assert found["seconds"] > 0
    for role in Role:
        assert f"{role.value}@demo.example" in first
    password = next(line for line in first.splitlines() if "password" in line).split()[5]

    second = manage(home, "demo", "--no-serve")
    assert second.returncode == 0, second.stderr
    assert "loaded into this home before" in second.stdout
    assert password in second.stdout, "the same sign-ins"
    again = json.loads(second.stdout.splitlines()[-1])
    assert (again["accounts"], again["queues"]) == (found["accounts"], found["queues"])

    code = (
        "from accounts.models import *\n"
        f"print([m.check_password({password!r}) for m in Member.objects.filter(email__endswith='@demo.example')])\n"
        "print(Ambiguity.objects.count(), ContactImport.objects.get().result['wrong'], Correction.objects.count())\n"
        "print('Helios Optics' in MergeSuggestion.objects.values_list('account__name', flat=True))\n"
        "print(*sorted(set(AuditEntry.objects.values_list('action', flat=True))))"
    )
    signs_in, *told = manage(home, "shell", "--no-imports", "-c", code).stdout.strip().splitlines()
    assert signs_in == str([True] * len(Role))
    actions = "account.merge account.undo_merge contacts.import domain_rule.add person.erase persona.change role.say title_rule.add"
    assert told == ["2 3 2", "True", actions], "who can buy, and who is who, has something to show"
    assert (home / "demo.json").stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_createsuperuser_makes_an_admin_who_can_sign_in(monkeypatch, client):
    """The documented way to a first admin: no questions, the password from the environment."""
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long enough one")
    call_command("createsuperuser", interactive=False, email="First@Example.com", role="admin")
    member = Member.objects.get()
    assert (member.email, member.role, member.is_superuser) == ("first@example.com", Role.ADMIN, True)
    answer = client.post("/sign-in/login/", {"login": "first@example.com", "password": "a long enough one"})
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(member.pk)


@pytest.mark.django_db
def test_prepare_may_run_again():
    call_command("prepare")
    call_command("prepare")


@pytest.mark.django_db
def test_an_unknown_program_is_refused():
    with pytest.raises(CommandError, match="pg_dump"):
        call_command("postgres", "rm")
