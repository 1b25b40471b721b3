# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of request bodies, one module per resource."""
