import pytest
from django.core.exceptions import ImproperlyConfigured

from plsapp.env import read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("LANDING_LIMIT", "0"),
        ("LANDING_LIMIT", "many"),
        ("DEDUP_WINDOW_DAYS", "6"),
        ("DATABASE_URL", "mysql://localhost/x"),
        ("DATABASE_URL", "postgresql://localhost:port/x"),
        ("CELERY_BROKER_URL", "sqla+sqlite:///x"),
        ("EMAIL_URL", "http://localhost"),
        ("SECRET_KEY", "short"),
        ("LOG_LEVEL", "LOUD"),
        ("CSRF_TRUSTED_ORIGINS", "example.com"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(name, value):
    with pytest.raises(ImproperlyConfigured, match=f"^{name}"):
        read({name: value})


def test_an_empty_environment_has_safe_defaults():
    env = read({})
    assert not env.DEBUG
    assert env.HTTPS
    assert env.DATABASE_URL == ""


def test_good_values_are_taken():
    env = read({"LANDING_LIMIT": "12", "DEBUG": "1", "DATABASE_URL": "postgresql://u:p@db:5432/plsapp"})
    assert (env.LANDING_LIMIT, env.DEBUG) == (12, True)
