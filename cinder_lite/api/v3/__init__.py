# SPDX-License-Identifier: Apache-2.0
"""The handlers of /v3, one module per resource, each a plain function of a request."""
