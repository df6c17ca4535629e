"""Who somebody is to us: what a title says, the persona it makes, and the role in a purchase.

`refresh()` once a batch, then `classify(title)` and `rate(...)` without a query.
"""

from accounts.personas.reading import Rated, Rules, classify, make_built_in, rate, refresh, rules

__all__ = ["Rated", "Rules", "classify", "make_built_in", "rate", "refresh", "rules"]
