"""A running app for tests: real processes, its own home, a free port."""

from plsapp.running import App, environment, free_port, manage, still_there, wait_for

__all__ = ["App", "environment", "free_port", "manage", "still_there", "wait_for"]
