# SPDX-License-Identifier: Apache-2.0
"""Requests made of the OpenAPI description, by the ten thousand."""
