# SPDX-License-Identifier: Apache-2.0
"""The version documents, / and /v3, open to everybody: clients find their way by them.

Cinder keeps /v3 behind authentication and answers discovery without a token with 204 or 401, at
which openstackclient and openstacksdk fail. It also redirects /v3 to /v3/; here both answer.
"""

from __future__ import annotations

from typing import Any

from cinder_lite.api import microversions
from cinder_lite.api.request import base_url


def document(environ: dict[str, Any]) -> dict[str, Any]:
    """Return the document of the one version that there is."""
    return {
        "versions": [
            {
                "id": "v3.0",
                "status": "CURRENT",
                "version": f"3.{microversions.MOST}",
                "min_version": f"3.{microversions.LEAST}",
                # The date of Cinder's microversion 3.71, as Cinder itself gives it.
                "updated": "2023-08-31T00:00:00Z",
                "links": [
                    {
                        "rel": "describedby",
                        "type": "text/html",
                        "href": "https://docs.openstack.org/",
                    },
                    {"rel": "self", "href": f"{base_url(environ)}/v3/"},
                ],
                "media-types": [
                    {
                        "base": "application/json",
                        "type": "application/vnd.openstack.volume+json;version=3",
                    }
                ],
            }
        ]
    }


def status_of(path: str) -> int | None:
    """Return the status with which a path answers the document, None for any other path."""
    shortened = path.rstrip("/")
    if shortened == "":
        return 300
    return 200 if shortened == "/v3" else None
