# SPDX-License-Identifier: Apache-2.0
"""The machine by hand, for whoever works on a driver::

    python -m tests.storage.vm boot DIRECTORY            # stays; Ctrl-C powers off
    python -m tests.storage.vm run DIRECTORY COMMAND...  # from another terminal, as root
    python -m tests.storage.vm push DIRECTORY            # the tree's code as it is now

``DIRECTORY`` is made by ``boot``; ``~/.cache`` keeps the image.
"""

from __future__ import annotations

import io
import signal
import sys
import tarfile
import threading
from pathlib import Path

from tests.storage.vm import image, tree
from tests.storage.vm.client import Client
from tests.storage.vm.machine import CLIENT_FILE, VirtualMachine


def boot(directory: Path) -> int:
    """Boot a machine and keep it until a signal comes."""
    directory.mkdir(parents=True)
    machine = VirtualMachine(directory, image.ready())
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        machine.boot()
        print(f"ready: python -m tests.storage.vm run {directory} COMMAND...", flush=True)
        while machine.running and not ended.wait(0.5):
            pass
    finally:
        machine.halt()
        machine.discard()
    return 0


def push(client: Client) -> int:
    """Replace the code in the machine by the tree's; services must be started again by hand."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name in ("cinder_lite", "rootwrap.d"):
            tar.add(tree.TREE / name, name, filter=_without_caches)
    client.run("tar", "xzf", "-", "-C", f"{tree.PLACE}/lib", input=archive.getvalue())
    client.shell(f"cp {tree.PLACE}/lib/rootwrap.d/* /etc/cinder_lite/rootwrap.d/")
    return 0


def _without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    entry.uid = entry.gid = 0
    return None if entry.name.endswith("__pycache__") else entry


def main(words: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    match words:
        case ["boot", directory]:
            return boot(Path(directory).absolute())
        case ["push", directory]:
            return push(Client.recall(Path(directory) / CLIENT_FILE))
        case ["run", directory, *command] if command:
            client = Client.recall(Path(directory) / CLIENT_FILE)
            result = client.run(*command, check=False, timeout=3600)
            sys.stdout.write(result.out)
            sys.stderr.write(result.err)
            return result.status if result.status >= 0 else 128 - result.status
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
