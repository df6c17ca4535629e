"""Plans of the customer's product, as its workspaces state them. Pure."""

#: Plans that are not paid for. An account on any other stated plan is a customer.
FREE_PLANS = frozenset({"", "free", "trial", "freemium", "hobby", "community", "starter-free", "none", "basic-free"})
