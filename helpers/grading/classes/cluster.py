"""Which Dask scheduler may be spoken to: whoever can reach one without TLS runs code there, and sends marks back."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from helpers.grading.course.errors import CourseError

ENCRYPTED = ("tls", "wss")
SETTINGS = ("Set DASK_DISTRIBUTED__COMM__TLS__CA_FILE and what goes with it; docs/teaching.md, “A cluster”, has the "
            "commands")


def checked_address(address: str, insecure: bool = False) -> str:
    """A scheduler's address, if what it says is encrypted and answered to certificates only, or does not leave this
    machine.

    insecure: whoever grades has said that it may be open.

    Raises:
        CourseError: if anybody in the network could be this scheduler, or speak to it.
    """
    if not address or insecure:
        return address
    scheme, host = _parts(address)
    if scheme in ENCRYPTED or (scheme in ("tcp", "ws") and _on_this_machine(host)):
        return address
    raise CourseError(
        f"{address} is not encrypted and asks nobody who he is: whoever reaches it could run code as you and change "
        "marks. Start the scheduler and its workers with certificates and name it tls://… (docs/teaching.md, “A "
        "cluster”, has the commands), reach it through an SSH tunnel to 127.0.0.1, or say --insecure in a network "
        "that you trust")


def check_certificates(address: str) -> None:
    """Raises CourseError if an address wants certificates and Dask knows of none, or of none that it can read."""
    if _parts(address)[0] not in ENCRYPTED:
        return
    from distributed.security import Security

    try:
        found = Security().get_connection_args("client").get("ssl_context")
    except (OSError, ValueError) as error:
        raise CourseError(f"the certificates for {address} cannot be read ({error}). {SETTINGS}") from None
    if found is None:
        raise CourseError(f"{address} asks for certificates, and Dask has been told of none here. {SETTINGS}")


def _parts(address: str) -> tuple[str, str]:
    """Scheme and host; without a scheme Dask takes tcp."""
    scheme, found, _ = address.partition("://")
    if not found:
        scheme, address = "tcp", f"tcp://{address}"
    try:
        return scheme.lower(), urlsplit(address).hostname or ""
    except ValueError:
        return scheme.lower(), ""


def _on_this_machine(host: str) -> bool:
    """By its own name or number: another name could lead anywhere."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
