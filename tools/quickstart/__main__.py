# SPDX-License-Identifier: Apache-2.0
"""The command line of the demonstration."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from tools.quickstart.service import BIN, PROJECT, Api, Failure, Standalone
from tools.quickstart.walk import Walk


def how_to_go_on(service: Standalone, kept: bool) -> str:
    """Return the words that a user needs to go on.

    :param kept: the services are left running
    """
    endpoint = service.endpoint
    opening = f"The services go on at {endpoint} (process {service.pid})."
    closing = f"""
To stop the services and remove all that they wrote:

  kill {service.pid}; rm -rf {service.directory}
"""
    if not kept:
        opening = f"To go on by hand, run tools/quickstart.sh --keep; it then serves {endpoint}."
        closing = ""
    return f"""
{opening} Move the volume yourself:

  export PATH={BIN}:$PATH
  export CINDER_LITE_ENDPOINT={endpoint}
  cinder-lite list
  cinder-lite get-pools
  cinder-lite migrate quickstart quickstart@second#second --wait

The stock OpenStack clients work as well:

  openstack --os-auth-type none --os-endpoint {endpoint}/v3/{PROJECT} volume list
  cinder --os-auth-type noauth --os-user-id admin --os-project-id {PROJECT} \\
      --os-endpoint {endpoint}/v3 --os-volume-api-version 3.71 list
{closing}"""


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the program as ^C does, so that nothing is left behind."""

    def unwind(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, unwind)
    yield


def arguments() -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(prog="quickstart.sh", description="Move real data.")
    parser.add_argument("image", nargs="?", type=Path, help="file to fill the volume with")
    parser.add_argument("--keep", action="store_true", help="leave the services running")
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Run the demonstration and return the exit status."""
    options = arguments()
    started = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="quickstart-", dir=options.scratch))
    service = Standalone(directory)
    api = Api(service.endpoint)
    kept = False
    try:
        with interruptible():
            service.start(api)
            print(f"cinder-lite-standalone serves {service.endpoint} with two file backends.")
            Walk(service, api).run(options.image)
            kept = options.keep
            print(f"All of it took {time.monotonic() - started:.1f} s.")
            print(how_to_go_on(service, kept), end="")
        return 0
    except Failure as failure:
        print(f"quickstart: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("quickstart: interrupted.", file=sys.stderr)
        return 130
    finally:
        if not kept:
            service.stop()
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
