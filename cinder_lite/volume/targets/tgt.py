# SPDX-License-Identifier: Apache-2.0
"""tgt, a daemon that serves iSCSI, asked through tgtadm(8) and tgt-admin(8).

Every target has a file in ``volumes_dir``, from which tgt-admin makes it, now and when tgtd starts
again, if tgt's own configuration has ``include <volumes_dir>/*``. tgt lets everybody in where such
a file names no initiator, so that a file exists only while at least one is allowed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import threading
from typing import Any

from oslo_log import log as logging

from cinder_lite import exception
from cinder_lite.volume.lvm.executor import CommandFailed, Executor
from cinder_lite.volume.targets.base import Chap, ISCSITarget

LOG = logging.getLogger(__name__)

_READ_ONLY = ".ro"
_TGTADM = ("tgtadm", "--lld", "iscsi")
_TARGET = re.compile(r"^Target (\d+): (\S+)$")
_NEXUS = re.compile(r"^\s+I_T nexus: (\d+)$")
_CONNECTION = re.compile(r"^\s+Connection: (\d+)$")
_INITIATOR = re.compile(r"^\s+Initiator: (\S+)")
_BACKING = re.compile(r"^\s+Backing store path: (/\S+)$")
_USER = re.compile(r"^incominguser (\S+) \S+$")
_ALLOWED = re.compile(r"^initiator-name (\S+)$")


@dataclasses.dataclass
class Shown:
    """A target as ``tgtadm --op show`` tells of it."""

    tid: str
    iqn: str
    device: str = ""
    connections: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    """Initiator, session and connection of each."""


class TgtTarget(ISCSITarget):
    """Targets of tgtd."""

    LUN = 1  # 0 is tgt's controller

    def __init__(self, configuration: Any, executor: Executor) -> None:
        super().__init__(configuration, executor)
        self._directory = pathlib.Path(configuration.volumes_dir)
        self._lock = threading.Lock()

    def set_up(self) -> None:
        """Check that tgtd answers, and make the targets anew that it has lost."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        present = self._show()
        for file in sorted(self._directory.iterdir()):
            iqn = f"{self._conf.target_prefix}{file.name}"
            if iqn not in present:
                try:
                    self._make(iqn)
                except CommandFailed as failure:
                    LOG.warning("The target %s could not be restored: %s", iqn, failure.sentence)

    def allow(self, iqn: str, device: str, initiator: str, chap: Chap, *, read_only: bool) -> str:
        """Make the target if it is missing, and let the initiator in.

        tgt keeps the mode with the device, not with the initiator: those who may not write have a
        target of their own.
        """
        name, other = (_read_only(iqn), iqn) if read_only else (iqn, _read_only(iqn))
        with self._lock:
            self._let_out(other, initiator)
            self._let_in(name, device, initiator, chap)
        return name

    def _let_in(self, iqn: str, device: str, initiator: str, chap: Chap) -> None:
        allowed = self._allowed(iqn)
        shown = self._show().get(iqn)
        if shown is not None and (shown.device != device or not allowed):
            self._discard(iqn)
            shown, allowed = None, []
        if shown is not None and initiator in allowed:
            return
        self._write(iqn, device, [*allowed, initiator], chap)
        try:
            if shown is None:
                self._make(iqn)
            else:
                self._change("bind", shown, initiator)
        except CommandFailed:
            if allowed:
                self._write(iqn, device, allowed, chap)
            else:
                self._discard(iqn)
            raise

    def deny(self, iqn: str, initiator: str) -> None:
        """Let the initiator out and end its sessions; remove the target after the last."""
        with self._lock:
            for name in (iqn, _read_only(iqn)):
                self._let_out(name, initiator)

    def _let_out(self, iqn: str, initiator: str) -> None:
        known = self._allowed(iqn)
        if initiator not in known:
            return
        allowed = [name for name in known if name != initiator]
        shown = self._show().get(iqn)
        if not allowed or shown is None:
            self._discard(iqn)
            return
        text = self._file(iqn).read_text(encoding="ascii")
        lines = [
            line for line in text.splitlines() if line.strip() != f"initiator-name {initiator}"
        ]
        self._save(iqn, "\n".join(lines) + "\n")
        with contextlib.suppress(CommandFailed):  # not bound: a part of an earlier try
            self._change("unbind", shown, initiator)
        for name, session, connection in shown.connections:
            if name == initiator:
                self._end(shown, session, connection)

    def remove(self, iqn: str) -> None:
        """Remove the target; sessions end."""
        with self._lock:
            for name in (iqn, _read_only(iqn)):
                self._discard(name)

    def check_resizable(self, iqn: str) -> None:
        """Refuse while there is a target: tgtd reads its device's size only when it makes it."""
        present = self._show()
        if iqn in present or _read_only(iqn) in present:
            raise exception.VolumeBackendAPIException(
                data=f"the target {iqn} is in use, and tgt can not tell its initiators of the new "
                "size before they have disconnected."
            )

    # --- details -----------------------------------------------------------------------------

    def _file(self, iqn: str) -> pathlib.Path:
        return self._directory / iqn.removeprefix(self._conf.target_prefix)

    def _allowed(self, iqn: str) -> list[str]:
        try:
            lines = self._file(iqn).read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return []
        return [match[1] for line in lines if (match := _ALLOWED.match(line.strip()))]

    def _write(self, iqn: str, device: str, initiators: list[str], chap: Chap) -> None:
        lines = [
            f"<target {iqn}>",
            f"    <backing-store {device}>",
            f"        write-cache {self._conf.iscsi_write_cache}",
            # One device may have two targets, of which one can not write.
            "        allow-in-use yes",
            *(["        readonly 1"] if iqn == _read_only(iqn) else []),
            "    </backing-store>",
            "    driver iscsi",
            f"    incominguser {chap.username} {chap.password}",
            # Either an address or a name lets in, and without an address all addresses do.
            "    initiator-address 0.0.0.0",
            *(f"    initiator-name {name}" for name in initiators),
            "</target>",
        ]
        self._save(iqn, "\n".join(lines) + "\n")

    def _save(self, iqn: str, text: str) -> None:
        path = self._file(iqn)
        part = path.with_name(f".{path.name}.part")
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(fd, "w", encoding="ascii") as file:
            file.write(text)
        part.replace(path)

    def _make(self, iqn: str) -> None:
        self._executor.root("tgt-admin", "--conf", str(self._file(iqn)), "--update", iqn)
        if iqn not in self._show():  # tgt-admin says nothing where it skips a file
            raise CommandFailed(f"tgt-admin did not make the target {iqn}", None)

    def _discard(self, iqn: str) -> None:
        """Remove the target, if there is one, its account if no other has it, and its file."""
        shown = self._show().get(iqn)
        if shown is not None:
            self._executor.root(
                *(*_TGTADM, "--op", "delete", "--mode", "target", "--force", "--tid", shown.tid)
            )
            if iqn in self._show():
                raise CommandFailed(f"tgtd does not let go of the target {iqn}", None)
        user = self._user(self._file(iqn))
        self._file(iqn).unlink(missing_ok=True)
        if user and user not in map(self._user, self._directory.iterdir()):
            with contextlib.suppress(CommandFailed):  # it never came to be
                self._executor.root(*_TGTADM, "--op", "delete", "--mode", "account", "--user", user)

    @staticmethod
    def _user(file: pathlib.Path) -> str | None:
        """Return the CHAP user of a target's file, None where there is no such file."""
        try:
            lines = file.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return None
        return next((match[1] for line in lines if (match := _USER.match(line.strip()))), None)

    def _change(self, verb: str, shown: Shown, initiator: str) -> None:
        self._executor.root(
            *(*_TGTADM, "--op", verb, "--mode", "target", "--tid", shown.tid),
            *("--initiator-name", initiator),
        )

    def _end(self, shown: Shown, session: str, connection: str) -> None:
        with contextlib.suppress(CommandFailed):  # it has ended by itself
            self._executor.root(
                *(*_TGTADM, "--op", "delete", "--mode", "conn", "--tid", shown.tid),
                *("--sid", session, "--cid", connection),
            )

    def _show(self) -> dict[str, Shown]:
        return parse_show(self._executor.root(*_TGTADM, "--op", "show", "--mode", "target"))


def _read_only(iqn: str) -> str:
    """Return the name of the target that can not be written to."""
    return f"{iqn.removesuffix(_READ_ONLY)}{_READ_ONLY}"


def parse_show(text: str) -> dict[str, Shown]:
    """Return the targets that tgtadm has listed, by name."""
    targets: dict[str, Shown] = {}
    current: Shown | None = None
    session = initiator = ""
    for line in text.splitlines():
        if match := _TARGET.match(line):
            current = targets[match[2]] = Shown(match[1], match[2])
        elif current is None:
            continue
        elif match := _NEXUS.match(line):
            session, initiator = match[1], ""
        elif match := _INITIATOR.match(line):
            initiator = match[1]
        elif match := _CONNECTION.match(line):
            current.connections.append((initiator, session, match[1]))
        elif match := _BACKING.match(line):
            current.device = match[1]
    return targets
