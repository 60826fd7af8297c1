"""`python -m e2e.testbed.kurtosis up|down`: the network and a proxy in an enclave that stays, for you or for runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.testbed.kurtosis.enclave import ARGUMENTS, PACKAGE, START_LIMIT
from kurtosis_sdk import (
    EnclaveNotFoundError,
    KurtosisContext,
    KurtosisError,
    StarlarkInstruction,
    StarlarkRunConfig,
    StarlarkRunError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kurtosis_sdk import EnclaveContext

NAME: Final = "vixy"
_USE: Final = """\
play scenarios in it: behave -D testbed=kurtosis -D enclave={name}
remove it:            make kurtosis-down{other}"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with the reason on standard error."""
    options = _options(arguments)
    try:
        with KurtosisContext.connect(options.engine) as kurtosis:
            if options.command == "down":
                _down(kurtosis, options.enclave)
            else:
                _up(kurtosis, options.enclave, options.arguments)
    except (KurtosisError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _up(kurtosis: KurtosisContext, name: str, arguments: Path) -> None:
    values = arguments.read_text(encoding="utf-8")
    if name in kurtosis.get_enclaves().get_enclaves_by_name():
        enclave = kurtosis.get_enclave_context(name)
    else:
        enclave = kurtosis.create_enclave(name)
    with enclave:
        try:
            _run(enclave, values)
        except StarlarkRunError:
            print(f"the enclave {name} stays as it is; look at it: kurtosis enclave inspect {name}", file=sys.stderr)
            raise
        print("\n".join(_table(enclave)))
    print(_USE.format(name=name, other="" if name == NAME else f" ENCLAVE={name}"))


def _run(enclave: EnclaveContext, values: str) -> None:
    """Run the package, and say what it does meanwhile."""
    stream = enclave.run_starlark_package(PACKAGE, StarlarkRunConfig(serialized_params=values), timeout=START_LIMIT)
    with stream:
        for line in stream:
            if isinstance(line, StarlarkInstruction) and not line.is_skipped:
                print(line.description or line.instruction_name, file=sys.stderr, flush=True)
        stream.result().raise_for_error()


def _table(enclave: EnclaveContext) -> Iterator[str]:
    """Every port that this machine may use, as URLs."""
    for name, service in sorted(enclave.get_service_contexts().items()):
        host = service.get_maybe_public_ip_address()
        for port_id, port in sorted(service.get_public_ports().items()):
            scheme = port.maybe_application_protocol or "tcp"
            yield f"{name:<14}{port_id:<12}{scheme}://{host}:{port.number}"


def _down(kurtosis: KurtosisContext, name: str) -> None:
    try:
        kurtosis.destroy_enclave(name)
    except EnclaveNotFoundError:
        print(f"there is no enclave {name}")
    else:
        print(f"the enclave {name} is gone")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.testbed.kurtosis", description=__doc__)
    parser.add_argument("command", choices=("up", "down"))
    parser.add_argument("--enclave", default=NAME, help="its name (default %(default)s)")
    parser.add_argument(
        "--arguments",
        type=Path,
        default=PACKAGE / ARGUMENTS,
        metavar="FILE",
        help="what the package is told (default: kurtosis/args/2p2b.yaml)",
    )
    parser.add_argument("--engine", default="127.0.0.1:9710", metavar="HOST:PORT", help="default %(default)s")
    return parser.parse_args(arguments)


def _leave(*_: object) -> None:
    """End at once: an exception that Ctrl-C raises in the middle of gRPC may keep a process from ending at all."""
    os.write(2, b"interrupted; the enclave stays as it is, make kurtosis-down removes it\n")
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _leave)
    sys.exit(main())
