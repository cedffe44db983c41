"""Portals that demand a certificate of ours: what is ours to cure says so, and no identity leaks."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from syncd.errors import ConfigError, SourceRejectedUs, SyncdError
from syncd.fetching.client import HttpFetcher
from syncd.fetching.session import SourceSession
from syncd.sdk.settings import SecretRef
from syncd.settings.client_certificate import ClientCertificate
from tests.support.asking import LIMITS
from tests.support.dns_server import DnsServer

DAY = timedelta(days=1)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 4\r\nConnection: close\r\n\r\na;b\n"
AUTHORITY = trustme.CA()
CLIENTS = trustme.CA()


@dataclass
class Portal:
    """A portal that demands a certificate. asyncio's TLS sends no alerts, so this one runs in a thread."""

    port: int = 0
    seen: list[int] = field(default_factory=list)
    """Serial numbers of the certificates it was shown by requests it answered."""
    knocks: int = 0

    def https(self) -> str:
        return f"https://portal.test:{self.port}/data"


@contextmanager
def demanding_portal(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Iterator[Portal]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("portal.test").configure_cert(context)
    CLIENTS.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version
    portal = Portal()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        portal.port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(context, listener, portal), daemon=True)
        thread.start()
        yield portal
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def serve(context: ssl.SSLContext, listener: socket.socket, portal: Portal) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        portal.knocks += 1
        with plain, suppress(OSError):
            plain.settimeout(5)
            with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as wrapped:
                try:
                    wrapped.do_handshake()
                except ssl.SSLError:
                    # Taking what the client still sends lets the alert arrive before the connection ends.
                    wrapped.detach()
                    continue
                shown = wrapped.getpeercert(binary_form=True)
                assert shown is not None
                wrapped.recv(65_536)
                portal.seen.append(x509.load_der_x509_certificate(shown).serial_number)
                wrapped.sendall(ANSWER)


@pytest.fixture
async def fetcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpFetcher]:
    bundle = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    async with (
        DnsServer({"portal.test": ("127.0.0.1",)}) as names,
        HttpFetcher(LIMITS, nameservers=[names.address]) as opened,
    ):
        yield opened


def our_certificate(
    folder: Path,
    name: str = "ours",
    *,
    starts: timedelta = -DAY,
    ends: timedelta = 90 * DAY,
    authority: trustme.CA = CLIENTS,
    password: str = "",
) -> ClientCertificate:
    now = datetime.now(UTC)
    issued = authority.issue_cert("syncd@example.org", not_before=now + starts, not_after=now + ends)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    secret = issued.private_key_pem.bytes()
    if password:
        secret = load_pem_private_key(secret, None).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
        )
    key.write_bytes(secret)
    return ClientCertificate(certificate, key)


def session_of(
    fetcher: HttpFetcher, portal: Portal, folder: Path, certificate: ClientCertificate | None
) -> SourceSession:
    return SourceSession(
        source_id="city",
        fetcher=fetcher,
        base_url=portal.https(),
        rundir=folder / "run",
        raw_root=folder / "raw",
        allow_private=True,
        client_certificate=certificate,
    )


async def failed(
    fetcher: HttpFetcher, portal: Portal, folder: Path, certificate: ClientCertificate | None
) -> SyncdError:
    with pytest.raises(SyncdError) as caught:
        await session_of(fetcher, portal, folder, certificate).fetch("x", name="x")
    assert portal.seen == []
    return caught.value


@pytest.mark.fault("T24")
async def test_a_portal_that_demands_a_certificate_gets_ours(fetcher: HttpFetcher, tmp_path: Path) -> None:
    with demanding_portal() as portal:
        session = session_of(fetcher, portal, tmp_path, our_certificate(tmp_path))
        document = await session.fetch("x", name="x")
    assert document.size == 4
    assert [issue.code for issue in session.issues] == []


@pytest.mark.fault("T24")
async def test_our_expired_certificate_is_called_ours_and_nobody_is_asked(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    certificate = our_certificate(tmp_path, starts=-9 * DAY, ends=-timedelta(minutes=1))
    with demanding_portal() as portal:
        error = await failed(fetcher, portal, tmp_path, certificate)
        assert portal.knocks == 0
    assert error.code == "client_certificate_expired"
    assert isinstance(error, ConfigError)
    assert "our own client certificate" in error.message.lower()
    assert str(certificate.certificate) in error.message
    assert (datetime.now(UTC) - timedelta(minutes=1)).date().isoformat() in error.message


@pytest.mark.fault("T24")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_certificate_the_portal_does_not_take_is_a_refusal_of_us(
    fetcher: HttpFetcher, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    with demanding_portal(version) as portal:
        error = await failed(fetcher, portal, tmp_path, our_certificate(tmp_path, authority=trustme.CA()))
    assert error.code == "client_certificate_refused"
    assert isinstance(error, SourceRejectedUs)
    assert "unknown ca" in error.message


@pytest.mark.fault("T24")
async def test_a_portal_that_demands_one_while_none_is_configured_says_so(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    with demanding_portal() as portal:
        error = await failed(fetcher, portal, tmp_path, None)
    assert error.code == "client_certificate_refused"
    assert "certificate required" in error.message


@pytest.mark.fault("T24")
@pytest.mark.parametrize(("days", "warned"), [(90, False), (13, True)])
async def test_our_certificate_about_to_end_is_a_finding_while_it_still_holds(
    fetcher: HttpFetcher, tmp_path: Path, days: int, warned: bool
) -> None:
    certificate = our_certificate(tmp_path, ends=days * DAY)
    with demanding_portal() as portal:
        session = session_of(fetcher, portal, tmp_path, certificate)
        for name in ("first", "second"):
            await session.fetch(name, name=name)
    findings = [issue for issue in session.issues if issue.code == "client_certificate_expires"]
    assert len(findings) == warned
    if warned:
        assert findings[0].value.startswith((datetime.now(UTC) + days * DAY).date().isoformat()[:7])


async def test_a_renewed_certificate_is_taken_without_a_restart(fetcher: HttpFetcher, tmp_path: Path) -> None:
    with demanding_portal() as portal:
        for number in range(2):
            session = session_of(fetcher, portal, tmp_path / str(number), our_certificate(tmp_path))
            await session.fetch("x", name="x")
    assert len(set(portal.seen)) == 2


@pytest.mark.fault("T24", "T12")
async def test_one_sources_certificate_is_never_shown_for_another(
    fetcher: HttpFetcher, tmp_path: Path
) -> None:
    first, second = our_certificate(tmp_path, "first"), our_certificate(tmp_path, "second")
    with demanding_portal() as portal:
        for number, certificate in enumerate((first, second, first)):
            await session_of(fetcher, portal, tmp_path / str(number), certificate).fetch("x", name="x")
        assert portal.seen[0] == portal.seen[2] != portal.seen[1]
        portal.seen.clear()
        assert (await failed(fetcher, portal, tmp_path / "none", None)).code == "client_certificate_refused"


@pytest.mark.fault("T24", "P6")
@pytest.mark.parametrize("spoilt", ["absent", "no certificate", "other key", "encrypted", "wrong password"])
async def test_what_cannot_be_used_is_the_operators_to_cure(
    fetcher: HttpFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    locked = spoilt in {"encrypted", "wrong password"}
    certificate = our_certificate(tmp_path, password="hush-hush" if locked else "")
    if spoilt == "absent":
        certificate.certificate.unlink()
    elif spoilt == "no certificate":
        certificate.certificate.write_text("not a certificate")
    elif spoilt == "other key":
        certificate = ClientCertificate(certificate.certificate, our_certificate(tmp_path, "other").key)
    elif spoilt == "wrong password":
        monkeypatch.setenv("KEY_PASSWORD", "mistaken")
        certificate = ClientCertificate(
            certificate.certificate, certificate.key, SecretRef("env:KEY_PASSWORD")
        )
    with demanding_portal() as portal:
        error = await failed(fetcher, portal, tmp_path, certificate)
        assert portal.knocks == 0
    assert error.code == "client_certificate_unusable"
    assert isinstance(error, ConfigError)
    assert "hush" not in str(error)
    assert "mistaken" not in str(error)


async def test_an_encrypted_key_opens_with_its_password(
    fetcher: HttpFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_PASSWORD", "hush-hush")
    plain = our_certificate(tmp_path, password="hush-hush")
    certificate = ClientCertificate(plain.certificate, plain.key, SecretRef("env:KEY_PASSWORD"))
    with demanding_portal() as portal:
        await session_of(fetcher, portal, tmp_path, certificate).fetch("x", name="x")
    assert len(portal.seen) == 1
