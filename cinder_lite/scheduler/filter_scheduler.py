# SPDX-License-Identifier: Apache-2.0
"""The scheduler driver: filters say which backends will do, weighers which of them is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite import host as host_name
from cinder_lite.context import RequestContext
from cinder_lite.db import volume_types
from cinder_lite.scheduler import capacity, driver
from cinder_lite.scheduler.filters import Refusal
from cinder_lite.scheduler.filters.capacity import requested_size
from cinder_lite.scheduler.host_state import HostState
from cinder_lite.scheduler.weights import WeighedHost

LOG = logging.getLogger(__name__)
CONF = cfg.CONF

REASONS_SHOWN = 20
"""How many backends' reasons one sentence holds; each also has a line of its own in the log."""


class FilterScheduler(driver.Scheduler):
    """Chooses by filters and weighers."""

    # --- creating ----------------------------------------------------------------------------

    def schedule_create_volume(
        self,
        context: RequestContext,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
    ) -> None:
        """Choose a backend for a new volume, record it, and have the volume created there.

        :raises NoValidHost: none will do; the reason says why, backend by backend
        """
        volume_id = request_spec["volume_id"]
        retry = self._next_attempt(volume_id, filter_properties)
        within = request_spec.get("resource_backend") or request_spec.get("resource_host")
        state = self._admit(context, request_spec, {**filter_properties, "retry": retry}, within)
        try:
            if not driver.volume_update_db(volume_id, state, retry["hosts"]):
                LOG.info("Volume %s needs no place any more; nothing to do", volume_id)
                self.release(request_spec)
                return
            self.confirm(request_spec)
            retry["hosts"].append(state.host)
            if CONF.scheduler_max_attempts > 1:
                filter_properties["retry"] = retry
            self.volume_rpcapi.create_volume(
                context,
                volume_id,
                state.host,
                request_spec,
                filter_properties,
                allow_reschedule=True,
                snapshot_id=request_spec.get("snapshot_id"),
                image_id=request_spec.get("image_id"),
                source_volid=request_spec.get("source_volid"),
            )
        except Exception:
            self.release(request_spec)
            raise

    def _next_attempt(self, volume_id: str, filter_properties: Mapping[str, Any]) -> dict[str, Any]:
        """Return the history of a volume's attempts, this one counted.

        :raises NoValidHost: there have been enough
        """
        before = filter_properties.get("retry") or {}
        tried = list(before.get("hosts") or [])
        attempt = int(before.get("num_attempts") or 0) + 1
        if before.get("exc") and tried:
            LOG.warning(
                "Volume %(volume)s: backend %(host)s failed: %(error)s",
                {"volume": volume_id, "host": tried[-1], "error": _last_line(before["exc"])},
            )
        if attempt > CONF.scheduler_max_attempts:
            last = f" The last one failed: {_last_line(before['exc'])}" if before.get("exc") else ""
            raise exception.NoValidHost(
                reason=f"Volume {volume_id} was tried on {', '.join(tried) or 'no backend'}, "
                f"which is as often as scheduler_max_attempts allows.{last}"
            )
        return {"num_attempts": attempt, "hosts": tried}

    # --- moving ------------------------------------------------------------------------------

    def host_passes_filters(
        self,
        context: RequestContext,
        host: str,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
    ) -> HostState:
        """Admit a volume to ``host``, promise it the room, and return the pool that takes it.

        :param host: ``host@backend#pool``, or ``host@backend`` for its best pool
        :raises NoValidHost: it will not do; the reason says which filter refused, and why
        """
        return self._admit(context, request_spec, filter_properties, host)

    def find_retype_host(
        self,
        context: RequestContext,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
        migration_policy: str = "never",
    ) -> HostState:
        """Return the pool for a volume that gets a new type: where it is, if that will do.

        :param migration_policy: ``on-demand`` lets the volume move; its room is promised
        :raises NoValidHost: none will do
        """
        current = request_spec["volume_properties"]["host"]
        properties = {**filter_properties, "vol_exists_on": current}
        refusals: list[Refusal] = []
        self.host_manager.look_at_services()
        with self.host_manager.lock:
            weighed = self._get_weighted_candidates(context, request_spec, properties, refusals)
            for one in weighed:
                # A volume from before pools stays on its backend, in whichever pool.
                if current in (one.obj.host, one.obj.service_host):
                    return one.obj
            if migration_policy != "never" and weighed:
                return self._promise(request_spec, properties, weighed)
        if migration_policy == "never":
            service_host = host_name.service_of(current)
            refusals = [
                one
                for one in refusals
                if one.host in (current, service_host) or host_name.service_of(one.host) == current
            ] or [Refusal(current, "", "its volume service does not report it")]
        within = current if migration_policy == "never" else None
        raise exception.NoValidHost(reason=_why(request_spec, refusals, within))

    # --- both --------------------------------------------------------------------------------

    def _admit(
        self,
        context: RequestContext,
        request_spec: dict[str, Any],
        filter_properties: dict[str, Any],
        within: str | None = None,
    ) -> HostState:
        """Choose the best backend and promise its room, in one step.

        :param within: this backend or pool only
        :raises NoValidHost: none will do
        """
        refusals: list[Refusal] = []
        # Before the lock is taken: whoever waits for the lock must not wait for the database.
        self.host_manager.look_at_services()
        with self.host_manager.lock:
            # The database may have told of it with a report: it must not be in its own way.
            self.release(request_spec)
            weighed = self._get_weighted_candidates(
                context, request_spec, filter_properties, refusals, within
            )
            state = self._promise(request_spec, filter_properties, weighed) if weighed else None
        for refusal in refusals:
            LOG.info("Volume %s: not on %s", request_spec["volume_id"], refusal)
        if state is None:
            raise exception.NoValidHost(reason=_why(request_spec, refusals, within))
        return state

    def find_group_host(
        self, context: RequestContext, request_specs: Sequence[dict[str, Any]]
    ) -> str:
        """Return the pool whose backend takes volumes of every type, the best for all together.

        :raises NoValidHost: none takes them all; the reason says why
        """
        self.host_manager.look_at_services()
        refusals: list[Refusal] = []
        weights: list[dict[str, float]] = []
        pools: dict[str, str] = {}
        with self.host_manager.lock:
            for spec in request_specs:
                found = self._get_weighted_candidates(context, spec, {}, refusals)
                # The best pool of each backend comes first.
                best = {host_name.service_of(w.obj.host): w for w in reversed(found)}
                weights.append({host: w.weight for host, w in best.items()})
                for host, weighed in best.items():
                    pools.setdefault(host, weighed.obj.host)
        common = set.intersection(*map(set, weights)) if weights else set()
        if not common:
            shown = "; ".join(dict.fromkeys(map(str, refusals[:REASONS_SHOWN])))
            raise exception.NoValidHost(
                reason=f"No backend takes volumes of every type of the group. {shown}".rstrip()
            )
        chosen = max(sorted(common), key=lambda host: sum(each[host] for each in weights))
        return pools[chosen]

    def _get_weighted_candidates(
        self,
        context: RequestContext,
        request_spec: dict[str, Any],
        filter_properties: Mapping[str, Any],
        refusals: list[Refusal],
        within: str | None = None,
    ) -> list[WeighedHost]:
        """Return the pools that will do, the best first.

        :param refusals: is filled with why each other backend will not
        :param within: look at this backend or pool only
        """
        properties = _filter_properties(context, request_spec, filter_properties)
        hosts, unusable = self.host_manager.get_all_host_states(within)
        tried = (properties.get("retry") or {}).get("hosts") or []
        refusals += unusable
        refusals += [
            Refusal(host.host, "", "it was tried before and failed")
            for host in hosts
            if host.host in tried
        ]
        untried = [host for host in hosts if host.host not in tried]
        passed, refused = self.host_manager.get_filtered_hosts(untried, properties)
        refusals += refused
        return self.host_manager.get_weighed_hosts(passed, properties)

    def _promise(
        self,
        request_spec: Mapping[str, Any],
        filter_properties: Mapping[str, Any],
        weighed: Sequence[WeighedHost],
    ) -> HostState:
        """Promise the best pool's room to a volume and return the pool."""
        best = weighed[0]
        size = requested_size({**filter_properties, **request_spec["volume_properties"]})
        thin = capacity.wants_thin(request_spec)
        if best.obj.host != filter_properties.get("vol_exists_on"):
            self.host_manager.promise(driver.promise_key(request_spec), best.obj, size, thin=thin)
        room = best.obj.room(thin=thin)
        LOG.info(
            "Volume %(volume)s: %(host)s is chosen for %(size)g GiB, the best of %(count)d with "
            "weight %(weight).3f; it keeps %(left)s",
            {
                "volume": request_spec["volume_id"],
                "host": best.obj.host,
                "size": size,
                "count": len(weighed),
                "weight": best.weight,
                "left": f"room for {room.virtual:.2f} GiB" if room else "an unknown room",
            },
        )
        return best.obj

    def get_pools(
        self, context: RequestContext, filters: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return pools with their capabilities.

        :param filters: ``name``, ``volume_type`` (name or id), or capabilities, and their values
        :raises VolumeTypeNotFound: ``volume_type`` names none
        """
        plain = dict(filters)
        wanted = plain.pop("volume_type", None)
        if not wanted:
            return self.host_manager.get_pools(plain)
        volume_type = volume_types.find(context.elevated(), wanted)
        as_spec = {"id": volume_type.id, "extra_specs": dict(volume_type.extra_specs)}
        spec = {"volume_id": "", "volume_properties": {}, "volume_type": as_spec}
        return self.host_manager.get_pools(plain, _filter_properties(context, spec, {}))


def _filter_properties(
    context: RequestContext, request_spec: dict[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what filters and weighers are given; ``given`` itself stays fit for a message."""
    properties = request_spec.get("volume_properties") or {}
    volume_type = request_spec.get("volume_type") or {}
    return {
        **given,
        "size": properties.get("size"),
        "availability_zone": properties.get("availability_zone"),
        "user_id": properties.get("user_id"),
        "metadata": properties.get("metadata"),
        "qos_specs": properties.get("qos_specs"),
        "context": context,
        "request_spec": request_spec,
        "volume_type": volume_type,
        "resource_type": volume_type,
    }


def _why(request_spec: Mapping[str, Any], refusals: Sequence[Refusal], within: str | None) -> str:
    """Return the sentence that tells why no backend takes a volume."""
    if not refusals:
        return f"No volume service is known, so volume {request_spec['volume_id']} has no place."
    if within is not None and len(refusals) == 1:
        return f"Backend {refusals[0].host} can not take the volume: {refusals[0].reason}."
    where = f"No pool of backend {within}" if within is not None else "No backend"
    shown = "; ".join(map(str, refusals[:REASONS_SHOWN]))
    more = len(refusals) - REASONS_SHOWN
    return f"{where} can take the volume. {shown}{f'; and {more} more' if more > 0 else ''}."


def _last_line(error: Any) -> str:
    """Return the last line of a failure: a sentence, or the lines of a traceback."""
    lines = error if isinstance(error, list) else str(error).splitlines()
    return str(lines[-1]).strip() if lines else ""
