"""E-mail of an installation that sends none: its text goes to the log, so that a link in it can be opened from there."""

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """Writes receiver, subject and text as they are; the parent's transfer encoding would break a link over two lines."""

    def write_message(self, message: EmailMessage) -> None:
        self.stream.write(f"E-mail to {', '.join(message.to)}: {message.subject}\n\n{message.body}\n{'-' * 79}\n")
