"""Commands inside a fake container: the few that tests need, and those that a test brings."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from kurtosis_sdk.services import ExecResult
from kurtosis_sdk.testing.world import FakeService, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kurtosis_sdk.testing.world import World

LOG = "/proc/1/fd/1"
"""Where a command writes to be read in the service's log."""


def execute(world: World, service: FakeService, command: Sequence[str]) -> ExecResult:
    """Run a command: `world.exec_handler` first, then a few of a shell's own (see `_command`), and `sh -c` of those."""
    if service.container != "running":
        raise Refused(f"the container of service {service.name!r} is not running but {service.container}")
    if not command:
        raise Refused("no exec command was given")
    answer = world.exec_handler(service, command) if world.exec_handler else None
    if answer is not None:
        return answer
    if list(command[:2]) == ["sh", "-c"]:
        return _script(service, command[2])
    result = _command(service, command)
    if result.exit_code == 127:  # without a shell, it is Docker that finds nothing
        return ExecResult(126, f'exec: "{command[0]}": executable file not found in $PATH\r\n')
    return result


def _script(service: FakeService, text: str) -> ExecResult:
    output = ""
    result = ExecResult(0, "")
    for part in text.split(";"):
        words = shlex.split(part)
        target = None
        if ">" in words:
            at = words.index(">")
            words, target = words[:at], words[at + 1]
        result = _command(service, words)
        if target == LOG:
            service.write_log(result.output)
        elif target is not None:
            service.files[target] = result.output.encode()
        else:
            output += result.output
        if words[:1] == ["exit"]:
            break
    return ExecResult(result.exit_code, output)


def _command(service: FakeService, words: Sequence[str]) -> ExecResult:
    match list(words):
        case ["echo", *rest]:
            return ExecResult(0, f"{' '.join(rest)}\n")
        case ["cat", path] if path in service.files:
            return ExecResult(0, service.files[path].decode(errors="replace"))
        case ["cat", path]:
            return ExecResult(1, f"cat: can't open '{path}': No such file or directory\n")
        case ["env"]:
            return ExecResult(0, "".join(f"{name}={value}\n" for name, value in service.config.env_vars.items()))
        case ["true"] | ["mkdir", *_]:
            return ExecResult(0, "")
        case ["false"]:
            return ExecResult(1, "")
        case ["exit", code]:
            return ExecResult(int(code), "")
        case [name, *_]:
            return ExecResult(127, f"sh: {name}: not found\n")
        case _:
            return ExecResult(0, "")
