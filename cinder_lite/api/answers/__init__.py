# SPDX-License-Identifier: Apache-2.0
"""What the calls of the API answer, for its OpenAPI description and for the tests."""
