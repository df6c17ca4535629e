"""Django's PostgreSQL backend, which starts the embedded server at the first connection when no server is given."""

from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        home = self.settings_dict.get("EMBEDDED_HOME")
        if home and not self.settings_dict["HOST"]:
            from plsapp import embedded

            server = embedded.start(home)
            self.settings_dict["HOST"] = server.host
            self.settings_dict["USER"] = server.user
        return super().get_connection_params()
