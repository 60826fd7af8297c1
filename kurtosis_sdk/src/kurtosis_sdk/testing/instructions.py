"""Execute the instructions of a plan in a fake enclave."""

from __future__ import annotations

import io
import re
import tarfile
from typing import TYPE_CHECKING, Any

from kurtosis_sdk.testing.resolver import Done
from kurtosis_sdk.testing.shell import execute
from kurtosis_sdk.testing.templates import render
from kurtosis_sdk.testing.values import ServiceConfig
from kurtosis_sdk.testing.world import FakeService, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kurtosis_sdk.testing.plan import Instruction
    from kurtosis_sdk.testing.world import FakeEnclave, World

_RUNTIME_VALUE = re.compile(r"\{\{kurtosis:(?P<of>[^:]+):(?P<what>\w+)\.runtime_value\}\}")
_ASSERTIONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: float(left) < float(right),
    "<=": lambda left, right: float(left) <= float(right),
    ">": lambda left, right: float(left) > float(right),
    ">=": lambda left, right: float(left) >= float(right),
    "IN": lambda left, right: left in right,
    "NOT_IN": lambda left, right: left not in right,
}


class Execution:
    """One run's instructions, and the values that became known on the way. `read` gives a package's file."""

    def __init__(self, world: World, enclave: FakeEnclave, read: Callable[[str], str]) -> None:
        self._world = world
        self._enclave = enclave
        self._read = read
        self._known: dict[str, dict[str, str]] = {}

    def resolve(self, text: str) -> str:
        """Put in the values that were not known when the script was interpreted, into JSON too as they are."""
        return _RUNTIME_VALUE.sub(lambda found: self._runtime_value(found["of"], found["what"]), text)

    def perform(self, step: Instruction) -> str:
        """Do one instruction, or skip it if it was done; what it says. Raises `Refused`."""
        if step.done is not None:
            said, self._known[step.outcome] = "SKIPPED", step.done.known
        else:
            said = self._perform(step)
        done = Done(step.name, str(step), step.subject, self._known.get(step.outcome, {}))
        self._enclave.history.append(done)
        return said

    def _perform(self, step: Instruction) -> str:
        arguments = step.arguments
        match step.name:
            case "print":
                return self.resolve(str(arguments["msg"]))
            case "add_service":
                service = self._enclave.add_service(arguments["name"], arguments["config"])
                return f"Service '{service.name}' added with service UUID '{service.uuid}'"
            case "remove_service" | "stop_service" | "start_service" | "get_service":
                return self._on_service(step.name, arguments["name"])
            case "get_cluster_type":
                return f"Fetched cluster type '{self._world.cluster_type}'"
            case "exec":
                return self._exec(step)
            case "run_sh":
                return self._run_sh(step)
            case "verify":
                return self._verify(arguments["value"], arguments["assertion"], arguments["target_value"])
            case _:
                return self._store(step)

    def _on_service(self, what: str, name: str) -> str:
        service = self._enclave.service(name)
        if what == "get_service":
            return f"Fetched service '{name}'"
        if what == "start_service":
            # the real one makes a second container for a service that counts as started, and fails over its name
            if service.is_asked_to_run:
                raise Refused(f"service '{name}' was not stopped, so it cannot be started")
            self._enclave.start(service)
            return f"Service '{name}' started"
        self._enclave.stop(service)
        if what == "remove_service":
            del self._enclave.services[name]
            return f"Service '{name}' with service UUID '{service.uuid}' removed"
        return f"Service '{name}' stopped"

    def _exec(self, step: Instruction) -> str:
        recipe, codes = step.arguments["recipe"], step.arguments["acceptable_codes"]
        command = [self.resolve(word) for word in recipe.command]
        result = execute(self._world, self._enclave.service(step.arguments["service_name"]), command)
        if codes is not None and result.exit_code not in codes:
            raise Refused(f"exec {command} ended with code {result.exit_code}, not one of {codes}: {result.output}")
        self._known[step.outcome] = {"code": str(result.exit_code), "output": result.output}
        return f"Command returned with exit code '{result.exit_code}' and the following output:\n{result.output}"

    def _run_sh(self, step: Instruction) -> str:
        arguments = step.arguments
        config = ServiceConfig(image=arguments["image"], env_vars=arguments["env_vars"])
        task = FakeService(arguments["name"], config, private_ip="", container="running")
        result = execute(self._world, task, ["sh", "-c", self.resolve(arguments["run"])])
        if result.exit_code != 0:
            raise Refused(
                f"Run sh returned exit code '{result.exit_code}' that is not part of the acceptable status codes '[0]',"
                f' with output:\n  "{result.output}"'
            )
        for spec in arguments["store"]:
            self._enclave.store(spec.name, _archive(_kept(task.files, spec.src)), may_replace=True)
        self._known[step.outcome] = {"code": "0", "output": result.output}
        return f"Command returned with exit code '0' and the following output:\n{result.output}"

    def _verify(self, value: Any, assertion: str, target: Any) -> str:
        left, right = (self.resolve(each) if isinstance(each, str) else each for each in (value, target))
        if not isinstance(right, list):
            right = str(right)
        if not _ASSERTIONS[assertion](left, right):
            raise Refused(f"Verification failed: {left!r} {assertion} {right!r}")
        return f"Verification succeeded: {left!r} {assertion} {right!r}"

    def _store(self, step: Instruction) -> str:
        arguments = step.arguments
        if step.name == "upload_files":
            files = {arguments["src"].rsplit("/", 1)[-1]: self._read(arguments["src"]).encode()}
        elif step.name == "render_templates":
            files = {
                path: self.resolve(render(each.template, each.data)).encode()
                for path, each in arguments["config"].items()
            }
        else:
            service, source = self._enclave.service(arguments["service_name"]), arguments["src"]
            if source not in service.files:
                raise Refused(f"service '{service.name}' has no file {source}")
            files = {source.rsplit("/", 1)[-1]: service.files[source]}
        may_replace = step.name != "store_service_files"
        artifact = self._enclave.store(arguments["name"], _archive(files), may_replace=may_replace)
        return f"Files with artifact name '{artifact.name}' uploaded with artifact UUID '{artifact.uuid}'"

    def _runtime_value(self, of: str, what: str) -> str:
        if what == "ip_address":
            return self._enclave.service(of).private_ip
        return self._known[of][what]


def _kept(files: Mapping[str, bytes], src: str) -> dict[str, bytes]:
    """The files of a task below `src`, from there; a folder itself stays in their names, unless src ends in /*."""
    folder = src.removesuffix("/*").rstrip("/")
    above = folder if src.endswith("/*") else folder.rpartition("/")[0]
    found = {path: data for path, data in files.items() if path == folder or path.startswith(f"{folder}/")}
    if not found:
        raise Refused(f"the task has no file {src}")
    return {path.removeprefix(f"{above}/"): data for path, data in found.items()}


def _archive(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue()
