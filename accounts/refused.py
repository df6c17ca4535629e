"""What a verb says to bad input."""

from __future__ import annotations


class Refused(Exception):
    """Nothing was changed: `words` say what is wrong with `field`."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words
