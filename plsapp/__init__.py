"""The shell: settings, URLs, the Celery app, the embedded services and the commands."""

from plsapp.celery import app as celery_app

__all__ = ["celery_app"]
__version__ = "0.1.0"
