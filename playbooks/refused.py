"""What a verb says to bad input: the same as below the queues."""

from accounts.refused import Refused

__all__ = ["Refused"]
