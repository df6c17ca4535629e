"""What pages show, as frozen dataclasses: no query hides in a template. One module a page."""
