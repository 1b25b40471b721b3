# SPDX-License-Identifier: Apache-2.0
"""The levels of this process's loggers, read and changed while it runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from cinder_lite import exception

NAMES = ("DEBUG", "INFO", "WARNING", "ERROR")


def number(level: str | None) -> int:
    """Return the number of a level that is named in any case.

    :raises InvalidInput: there is no such level
    """
    name = (level or "").upper()
    if name not in NAMES:
        raise exception.InvalidInput(reason=f"{level} is not a valid log level.")
    return int(getattr(logging, name))


def _loggers(prefix: str | None) -> Iterator[tuple[str, logging.Logger]]:
    known = logging.Logger.manager.loggerDict.copy()
    for name, logger in sorted(known.items()):
        if isinstance(logger, logging.Logger) and name.startswith(prefix or ""):
            yield name, logger


def put(prefix: str | None, level: str) -> None:
    """Set the level of every logger whose name begins with a prefix.

    :raises InvalidInput: there is no such level
    """
    wanted = number(level)
    for _, logger in _loggers(prefix):
        logger.setLevel(wanted)


def get(prefix: str | None) -> dict[str, str]:
    """Return the levels in force of the loggers whose names begin with a prefix, by name."""
    return {
        name: logging.getLevelName(logger.getEffectiveLevel()) for name, logger in _loggers(prefix)
    }
