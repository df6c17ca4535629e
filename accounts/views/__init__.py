"""The pages of settings, events and the member's own: thin edges. Who may use which URL is in `plsapp.permissions`."""
