"""Raised hands by forms: the forms, what is sent with them, and who it was."""
