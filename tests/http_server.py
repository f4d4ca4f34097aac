"""HTTP servers of tests."""

from __future__ import annotations

import socket
from http.server import ThreadingHTTPServer


class LocalServer(ThreadingHTTPServer):
    """A server on this machine. The standard library's asks the name service for the name of its address,
    and waits for it where /etc/hosts is missing."""

    def server_bind(self) -> None:
        """Bind as HTTPServer does, without asking."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
