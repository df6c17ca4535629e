"""Contacts: people at an account who do not use its product. Most buyers are among them.

`known` reads them, `book` writes one, `reading` and `fields` understand a file, `taking` writes many, `files` imports a file and
takes that back, `retiring` lets a contact go when the person signs up.
"""

from accounts.contacts.known import CONFIRMED, LIKELY, buyer_ids, buyers, of_account

__all__ = ["CONFIRMED", "LIKELY", "buyer_ids", "buyers", "of_account"]
