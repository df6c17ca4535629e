"""Django's PostgreSQL backend, which starts the embedded server at the first connection when no server is given."""

from typing import Any

from django.db.backends.postgresql import base, features


class DatabaseFeatures(features.DatabaseFeatures):
    """Without generated columns that are not stored: whether there are any depends on the server's version, and Django's checks
    would have to ask it, while commands and workers check before it answers."""

    supports_virtual_generated_columns = False


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures

    def get_connection_params(self) -> dict[str, Any]:
        home = self.settings_dict.get("EMBEDDED_HOME")
        if home and not self.settings_dict["HOST"]:
            from plsapp import embedded

            server = embedded.start(home)
            self.settings_dict["HOST"] = server.host
            self.settings_dict["USER"] = server.user
        return super().get_connection_params()
