"""The plays that come with the app, and what a play says. Data only; `playbooks.plays.plays` makes rows of them.

They are written in the product-led way. People who use the product are partners, not leads: ask what they try to do and help with
it. Who invites others is a champion: ask for an introduction. Economic buyers get a business case made of their own team's usage.
Nobody is asked for a budget because he signed up. A raised hand is answered within the hour.
"""

from playbooks.plays.library import activate, expand, find, land
from playbooks.plays.library.texts import EXITS, PlayText, StepText

__all__ = ["EXITS", "LIBRARY", "PlayText", "StepText"]

#: Key → what the play says when nobody has changed it.
LIBRARY: dict[str, PlayText] = {**land.PLAYS, **expand.PLAYS, **activate.PLAYS, **find.PLAYS}
