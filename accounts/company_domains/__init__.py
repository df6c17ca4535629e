"""What domains are and whose: the admin's own rules, an account's list of domains, and lists of companies from a file."""
