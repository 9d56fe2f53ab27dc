"""One Prefect server for all the runs that a test process starts."""

from __future__ import annotations


def find_shared_server() -> str:
    """The API address of the server that flows of this process use; it is started once.

    A run that starts a server of its own spends half of its time on that.
    """
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    server.start()
    return str(server.api_url)
