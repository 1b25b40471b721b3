# SPDX-License-Identifier: Apache-2.0
"""Looks at the service again and again until work there has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from cinder_lite.shell.errors import RequestRefused, ServiceUnreachable

T = TypeVar("T")

PAUSES = (0.1, 0.2, 0.4, 0.7)
"""Seconds between the first looks: small volumes move in less than one."""
PAUSE = 1.0
"""Seconds between the later looks; the service records progress once a second."""
PATIENCE = 60.0
"""Seconds for which a service that restarts may fail to answer."""

_HTTP_SERVER_ERROR = 500


def observe(fetch: Callable[[], T], timeout: float | None) -> Iterator[T]:
    """Yield what ``fetch`` returns, for ever or until the timeout; the caller stops when content.

    :param timeout: seconds; None for no limit
    :raises ShellError: what ``fetch`` raises; a missing or failing service only after PATIENCE
        seconds, or when the time is over
    """
    start = time.monotonic()
    end = None if timeout is None else start + timeout
    failing_since: float | None = None
    looks = 0
    while True:
        late = end is not None and time.monotonic() >= end
        try:
            seen = fetch()
        except (ServiceUnreachable, RequestRefused) as error:
            now = time.monotonic()
            failing_since = now if failing_since is None else failing_since
            if late or not _may_pass(error) or now - failing_since > PATIENCE:
                raise
        else:
            failing_since = None
            yield seen
            if late:
                return
        pause = PAUSES[looks] if looks < len(PAUSES) else PAUSE
        looks += 1
        time.sleep(pause if end is None else max(0.0, min(pause, end - time.monotonic())))


def _may_pass(error: ServiceUnreachable | RequestRefused) -> bool:
    return isinstance(error, ServiceUnreachable) or error.status >= _HTTP_SERVER_ERROR
