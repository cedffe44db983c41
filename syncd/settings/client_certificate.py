"""Our own certificate towards a portal that demands one (mutual TLS): where it lies and how long it holds.

Both the check of the configuration and the client look here, so that they call the same thing unusable. The
private key stays in its file; no message shows any part of it. Must not know requests or runs.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from syncd.errors import ConfigError
from syncd.sdk.settings import SecretRef

_FIX = "Correct the paths in the source file's [client_certificate], or renew what lies there."


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Where certificate and private key lie, both PEM.

    ``certificate`` holds the certificate first, then those that lead to its authority. ``password`` opens an
    encrypted key.
    """

    certificate: Path
    key: Path
    password: SecretRef | None = None

    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Return what changes when one of the files is replaced; raises ConfigError when one is absent."""
        try:
            found = [os.stat(path) for path in (self.certificate, self.key)]  # noqa: PTH116 - one call for both
        except OSError as error:
            raise self._unusable(f"{error.filename} cannot be read ({error.strerror})") from error
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)

    def validity(self) -> tuple[datetime, datetime]:
        """Return from when to when the certificate and all that lead to its authority hold together."""
        try:
            chain = x509.load_pem_x509_certificates(self.certificate.read_bytes())
        except OSError as error:
            raise self._unusable(f"{self.certificate} cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise self._unusable(f"{self.certificate} holds no certificate in PEM form") from error
        begins = max(one.not_valid_before_utc for one in chain)
        return begins, min(one.not_valid_after_utc for one in chain)

    def load_into(self, context: ssl.SSLContext) -> None:
        """Let a TLS context answer a portal's demand; raises ConfigError for what does not fit together."""
        password = self.password.reveal() if self.password else ""
        try:
            # Without a password OpenSSL would ask at the terminal and wait for ever.
            context.load_cert_chain(self.certificate, self.key, password=lambda: password)
        except ssl.SSLError as error:
            why = (error.reason or "no PEM").replace("_", " ").lower()
            raise self._unusable(f"{self.certificate} and {self.key} do not open ({why})") from error
        except OSError as error:
            message = f"{self.certificate} or {self.key} cannot be read ({error.strerror})"
            raise self._unusable(message) from error

    def _unusable(self, what: str) -> ConfigError:
        return ConfigError(
            f"Our own client certificate is not usable: {what}.", code="client_certificate_unusable", fix=_FIX
        )
