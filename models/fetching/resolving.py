"""Finding the addresses of a name, in bounded time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to IP addresses. Raises OSError where there is none."""

_LOOKUPS = 64  # at a time in this process; a lookup that hangs keeps its place until it ends
_places = threading.BoundedSemaphore(_LOOKUPS)


def resolve_by_system(host: str, port: int) -> list[str]:
    """Ask the operating system.

    Raises:
        OSError: there is no such name, or it cannot be asked.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def resolve_within(resolve: Resolve, host: str, port: int, seconds: float) -> Sequence[str]:
    """Resolve, and wait ``seconds`` at most: the system's resolver has no limit of its own.

    Raises:
        TimeoutError: no answer in time.
        OSError: there is no such name, or it cannot be asked.
    """
    answer: list[Sequence[str] | OSError] = []

    def ask() -> None:
        try:
            answer.append(resolve(host, port))
        except OSError as error:
            answer.append(error)
        except UnicodeError as error:
            answer.append(OSError(str(error)))
        finally:
            _places.release()

    if not _places.acquire(timeout=max(seconds, 0.0)):
        raise TimeoutError("too many names are being resolved")
    lookup = threading.Thread(target=ask, name=f"resolve {host}", daemon=True)
    lookup.start()
    lookup.join(max(seconds, 0.0))
    if not answer:
        raise TimeoutError("the name was not resolved in time")
    if isinstance(answer[0], OSError):
        raise answer[0]
    return answer[0]
