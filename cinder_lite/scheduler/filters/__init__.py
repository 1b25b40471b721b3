# SPDX-License-Identifier: Apache-2.0
"""Filters: each says of one pool whether it may take a volume, and if not, why not.

A filter of another package needs no more than ``host_passes(host_state, filter_properties)`` that
returns a truth value, as in Cinder. One that derives from :class:`BaseHostFilter` overrides
:meth:`BaseHostFilter.refusal` instead, and its sentence reaches whoever asked.

``filter_properties`` holds ``context``, ``request_spec``, ``volume_type``, ``resource_type``,
``size`` (GiB), ``availability_zone``, ``scheduler_hints``, ``qos_specs``, ``metadata`` and
``retry``; ``vol_exists_on`` names the pool a volume is in already, and ``new_size`` the GiB it is
to have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from oslo_log import log as logging

from cinder_lite.scheduler.host_state import HostState

LOG = logging.getLogger(__name__)

FilterProperties = dict[str, Any]


class Refusal(NamedTuple):
    """Why one backend may not take a volume."""

    host: str
    """``host@backend#pool``, or ``host@backend`` where the whole backend is out."""
    filter_name: str
    """'' where it was no filter that refused."""
    sentence: str

    @property
    def reason(self) -> str:
        """The sentence, after the filter's name where there is one."""
        return f"{self.filter_name}: {self.sentence}" if self.filter_name else self.sentence

    def __str__(self) -> str:
        return f"{self.host}: {self.reason}"


class BaseHostFilter:
    """Base of our own filters; one instance serves every request."""

    def host_passes(self, host_state: HostState, filter_properties: FilterProperties) -> bool:
        """Tell whether a pool may take the volume."""
        return self.refusal(host_state, filter_properties) is None

    def refusal(self, host_state: HostState, filter_properties: FilterProperties) -> str | None:
        """Return a sentence why a pool may not take the volume, None where it may."""
        return None


def filter_hosts(
    filters: Sequence[Any], hosts: Iterable[HostState], filter_properties: FilterProperties
) -> tuple[list[HostState], list[Refusal]]:
    """Ask every filter about every pool; a pool's first refusal is enough.

    :param filters: instances, in the order in which they are asked
    :returns: the pools that passed, and why each other one did not
    """
    passed: list[HostState] = []
    refused: list[Refusal] = []
    for host in hosts:
        refusal = _first_refusal(filters, host, filter_properties)
        if refusal is None:
            passed.append(host)
        else:
            refused.append(refusal)
    return passed, refused


def _first_refusal(
    filters: Sequence[Any], host: HostState, filter_properties: FilterProperties
) -> Refusal | None:
    for one in filters:
        try:
            sentence = _ask(one, host, filter_properties)
        except Exception as error:
            # A filter that fails must not let a volume through, nor stop the other backends.
            LOG.exception("%s failed on %s", type(one).__name__, host)
            sentence = f"the filter failed ({type(error).__name__}: {error})"
        if sentence is not None:
            return Refusal(host.host, type(one).__name__, sentence)
    return None


def _ask(one: Any, host: HostState, filter_properties: FilterProperties) -> str | None:
    """Return a filter's sentence, whichever way it gives its answer."""
    explains = isinstance(one, BaseHostFilter)
    if explains and type(one).host_passes is BaseHostFilter.host_passes:
        sentence: str | None = one.refusal(host, filter_properties)
        return sentence
    passes = getattr(one, "host_passes", None) or one.backend_passes
    if passes(host, filter_properties):
        return None
    reason = one.refusal(host, filter_properties) if explains else None
    return reason or "it refused, and gives no reason"
