# SPDX-License-Identifier: Apache-2.0
"""HTTP in: routing table, microversions, schemas, views, faults, middleware and handlers."""
