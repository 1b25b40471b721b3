# SPDX-License-Identifier: Apache-2.0
"""What the functional tests stand on: real servers, real services and the stock clients."""
