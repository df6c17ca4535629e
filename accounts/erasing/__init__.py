"""Erasing a person: names, e-mail and traits go, counts stay and name nobody."""
