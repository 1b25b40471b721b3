# SPDX-License-Identifier: Apache-2.0
"""What stands before the RPC endpoints of cinder-lite-volume."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from cinder_lite import exception
from cinder_lite.volume.backend import Backend

P = ParamSpec("P")
T = TypeVar("T")


class OfBackend:
    """Endpoints that work on one backend."""

    backend: Backend


def require_driver(method: Callable[P, T]) -> Callable[P, T]:
    """Refuse an endpoint's work while the backend's driver is not ready."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        endpoints = args[0]
        assert isinstance(endpoints, OfBackend)
        driver = endpoints.backend.driver
        if not driver.initialized:
            raise exception.DriverNotInitialized(driver=type(driver).__name__)
        return method(*args, **kwargs)

    return guarded
