# SPDX-License-Identifier: Apache-2.0
"""Somebody who signs images, with a key and a certificate of their own."""

from __future__ import annotations

import base64
import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID


class Signer(NamedTuple):
    """A key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    """In DER."""

    def properties(self, data: bytes, certificate_id: str) -> dict[str, str]:
        """Return the properties by which an image is signed.

        :param certificate_id: the key manager's id of the certificate
        """
        salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
        signature = self.key.sign(data, salted, hashes.SHA256())
        return {
            "img_signature": base64.b64encode(signature).decode(),
            "img_signature_hash_method": "SHA-256",
            "img_signature_key_type": "RSA-PSS",
            "img_signature_certificate_uuid": certificate_id,
        }


def signer() -> Signer:
    """Make a key, and a certificate that is signed with it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "signer of images")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return Signer(key, certificate.public_bytes(serialization.Encoding.DER))
