# SPDX-License-Identifier: Apache-2.0
"""cinder-lite-api: the REST API."""

from __future__ import annotations

from cinder_lite.cmd.prepare import prepare


def main() -> None:
    """Run the API service."""
    prepare("cinder-lite-api")
    from cinder_lite import service
    from cinder_lite.cmd import http

    service.run([(http.HttpService(), http.worker_count())])


if __name__ == "__main__":
    main()
