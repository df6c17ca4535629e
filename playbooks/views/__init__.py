"""The pages of work: thin edges. Who may use which URL is in `plsapp.permissions`."""
