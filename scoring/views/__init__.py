"""The pages of definitions: thin edges. Who may use which URL is in `plsapp.permissions`."""
