"""The plan object of a script: each call becomes an instruction that is validated and executed later."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

from kurtosis_sdk.testing.values import (
    ExecRecipe,
    ScriptError,
    ServiceConfig,
    StoreSpec,
    Struct,
    is_port_id,
    is_service_name,
    to_starlark,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import CodeType

    from kurtosis_sdk.testing.resolver import Done
    from kurtosis_sdk.testing.starlark import Place
    from kurtosis_sdk.testing.world import FakeEnclave


@dataclass
class Instruction:
    """One step of a plan. `outcome` names the values that only its execution knows; `done` is set if it ran before."""

    name: str
    arguments: dict[str, Any]
    place: Place
    outcome: str
    done: Done | None = None

    @property
    def subject(self) -> str:
        """The service or the files artifact that it makes, if it makes one."""
        return str(self.arguments.get("name", ""))

    @property
    def uses(self) -> set[str]:
        """The services and files artifacts that it depends on."""
        config = self.arguments.get("config")
        files = set(config.files.values()) if isinstance(config, ServiceConfig) else set()
        named = {self.arguments.get("service_name")} if self.name != "get_service" else {self.subject}
        return files | {str(name) for name in named if name}

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={to_starlark(value)}" for name, value in self.arguments.items())
        return f"{self.name}({arguments})"


@dataclass(frozen=True)
class Environment:
    """What a plan is validated against: services and files that exist, or will when an instruction is reached."""

    services: set[str]
    artifacts: set[str]
    missing_images: tuple[str, ...]
    added: set[str] = field(default_factory=set)

    def check(self, step: Instruction) -> str | None:
        """What is wrong with an instruction, if anything; afterwards the environment is as if it had run."""
        name = step.arguments.get("name")
        service = step.arguments.get("service_name", name)
        if step.name in _NEEDS_SERVICE and service not in self.services:
            return f"There was an error validating '{step.name}' as service name '{service}' doesn't exist"
        if step.name == "add_service":
            return self._check_service(str(name), step.arguments["config"])
        if step.name == "remove_service":
            self.services.discard(str(name))
        if step.name in {"upload_files", "render_templates", "store_service_files"}:
            self.artifacts.add(str(name))
        if step.name == "run_sh":
            self.artifacts.update(spec.name for spec in step.arguments["store"])
            return self._check_image(step.arguments["image"], f"task '{name}'")
        return None

    def _check_service(self, name: str, config: ServiceConfig) -> str | None:
        if not is_service_name(name):
            return f"Service name '{name}' is invalid: it must adhere to RFC 1035"
        if name in self.added:
            return f"the service '{name}' is added twice by this plan"
        missing = [artifact for artifact in config.files.values() if artifact not in self.artifacts]
        if missing:
            return f"service '{name}' needs the files artifact '{missing[0]}', which does not exist"
        for port_id in config.ports:
            if not is_port_id(port_id):
                return f"Port name '{port_id}' is invalid as it contains disallowed characters or is too long"
        if problem := self._check_image(config.image, f"service '{name}'"):
            return problem
        self.added.add(name)
        self.services.add(name)
        return None

    def _check_image(self, image: str, of: str) -> str | None:
        if any(fnmatchcase(image, pattern) for pattern in self.missing_images):
            return f"the image '{image}' of {of} is nowhere to be had"
        return None


_NEEDS_SERVICE = {"exec", "get_service", "remove_service", "start_service", "stop_service", "store_service_files"}


class Plan:
    """What a script's main function gets as `plan`."""

    unknown: ClassVar[set[str]] = {
        "get_files_artifact", "get_services", "request", "run_python", "set_service",
        "wait",
    }  # fmt: skip

    def __init__(self, enclave: FakeEnclave, place: Callable[[CodeType, int], Place], cluster_type: str) -> None:
        self.__steps: list[Instruction] = []
        self.__enclave = enclave
        self.__place = place
        self.__cluster_type = cluster_type
        self.__planned: dict[str, Struct] = {}

    def __getattr__(self, name: str) -> Any:
        if name in self.unknown:
            raise ScriptError(f"FakeEngine does not know plan.{name}")
        raise ScriptError(f"plan has no .{name} attribute")

    def instructions(self) -> list[Instruction]:
        return self.__steps

    def print(self, msg: Any) -> None:
        self.__add("print", msg=msg)

    def add_service(self, name: str, config: ServiceConfig, description: str = "") -> Struct:  # noqa: ARG002
        self.__add("add_service", name=name, config=config)
        known = self.__enclave.services.get(name)
        # an address is given out when the service is added; what a script makes of it is resolved then
        address = known.private_ip if known else f"{{{{kurtosis:{name}:ip_address.runtime_value}}}}"
        self.__planned[name] = Struct(name=name, hostname=name, ip_address=address, ports=config.ports)
        return self.__planned[name]

    def add_services(self, configs: Mapping[str, ServiceConfig], description: str = "") -> dict[str, Struct]:
        return {name: self.add_service(name, config, description) for name, config in configs.items()}

    def get_service(self, name: str, description: str = "") -> Struct:  # noqa: ARG002
        self.__add("get_service", name=name)
        known = self.__enclave.services.get(name)
        if name in self.__planned or known is None:
            return self.__planned.get(name, Struct(name=name, hostname=name))
        return Struct(name=name, hostname=name, ip_address=known.private_ip, ports=known.private_ports)

    def remove_service(self, name: str, description: str = "") -> None:  # noqa: ARG002
        self.__add("remove_service", name=name)

    def get_cluster_type(self) -> str:
        self.__add("get_cluster_type")
        return self.__cluster_type

    def stop_service(self, name: str, description: str = "") -> None:  # noqa: ARG002
        self.__add("stop_service", name=name)

    def start_service(self, name: str, description: str = "") -> None:  # noqa: ARG002
        self.__add("start_service", name=name)

    def exec(
        self,
        service_name: str,
        recipe: ExecRecipe,
        acceptable_codes: Iterable[int] = (0,),
        skip_code_check: bool = False,
        description: str = "",  # noqa: ARG002
    ) -> dict[str, str]:
        codes = None if skip_code_check else list(acceptable_codes)
        step = self.__add("exec", service_name=service_name, recipe=recipe, acceptable_codes=codes)
        return {key: f"{{{{kurtosis:{step.outcome}:{key}.runtime_value}}}}" for key in ("code", "output")}

    def run_sh(
        self,
        run: str,
        name: str = "",
        image: str = "badouralix/curl-jq",
        *,
        env_vars: Mapping[str, str] | None = None,
        store: Iterable[StoreSpec] = (),
        description: str = "",  # noqa: ARG002
    ) -> Struct:
        number = len(self.__steps) + 1
        specs = [StoreSpec(spec.src, spec.name or f"fake-task-{number}-{at}") for at, spec in enumerate(store)]
        name = name or f"task-{number}"
        step = self.__add("run_sh", name=name, run=run, image=image, env_vars=dict(env_vars or {}), store=specs)
        known = {key: f"{{{{kurtosis:{step.outcome}:{key}.runtime_value}}}}" for key in ("code", "output")}
        return Struct(files_artifacts=[spec.name for spec in specs], **known)

    def upload_files(self, src: str, name: str = "", description: str = "") -> str:  # noqa: ARG002
        return self.__artifact("upload_files", name, src=src)

    def render_templates(self, config: Mapping[str, Struct], name: str = "", description: str = "") -> str:  # noqa: ARG002
        return self.__artifact("render_templates", name, config=config)

    def store_service_files(self, service_name: str, src: str, name: str = "", description: str = "") -> str:  # noqa: ARG002
        return self.__artifact("store_service_files", name, service_name=service_name, src=src)

    def verify(self, value: Any, assertion: str, target_value: Any, description: str = "") -> None:  # noqa: ARG002
        if not isinstance(value, str):
            raise ScriptError("verify: value must be a string")
        self.__add("verify", value=value, assertion=assertion, target_value=target_value)

    def __artifact(self, instruction: str, name: str, **arguments: Any) -> str:
        name = name or f"fake-{instruction.replace('_', '-')}-{len(self.__steps) + 1}"
        self.__add(instruction, name=name, **arguments)
        return name

    def __add(self, instruction: str, /, **arguments: Any) -> Instruction:
        frame = sys._getframe(1)  # noqa: SLF001 - the one way to see the line of the script that calls
        while frame.f_globals.get("__name__") == __name__ and frame.f_back is not None:
            frame = frame.f_back
        step = Instruction(
            instruction, arguments, self.__place(frame.f_code, frame.f_lasti), f"step{len(self.__steps)}"
        )
        self.__steps.append(step)
        return step
