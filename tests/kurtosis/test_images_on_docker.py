"""The images as Docker sees them: who runs in them, what they hold, and that their health check can tell."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(180)]

ROLES = ("proxy", "beacon", "gateway")
ROUTES = "[[route]]\nname = 'a'\nhttp = 'http://127.0.0.1:1'\nws = 'ws://127.0.0.1:1'\n"


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True, timeout=60).stdout.strip()


@pytest.fixture(scope="module", autouse=True)
def images() -> dict[str, dict[str, Any]]:
    try:
        return {role: json.loads(docker("image", "inspect", f"vixy-e2e/{role}:dev"))[0] for role in ROLES}
    except (OSError, subprocess.SubprocessError):
        pytest.skip("no Docker, or not the three images: `make images` builds them")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[str]:
    """A gateway on its image's own command; its container's id."""
    (tmp_path / "gateway.toml").write_text(ROUTES)
    tmp_path.chmod(0o755)
    container = docker("create", "--health-interval", "500ms", "vixy-e2e/gateway:dev")
    try:
        docker("cp", str(tmp_path), f"{container}:/config")
        docker("start", container)
        yield container
    finally:
        docker("rm", "--force", container)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_is_root_and_docker_knows_how_to_ask(images: dict[str, dict[str, Any]], role: str) -> None:
    config = images[role]["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"]
    assert any(variable.startswith("HEALTH_URL=http://127.0.0.1:") for variable in config["Env"])


@pytest.mark.parametrize(("role", "package"), [("proxy", "e2e"), ("beacon", "proxy"), ("gateway", "proxy")])
def test_an_image_has_no_part_that_it_does_not_run(role: str, package: str) -> None:
    code = f"import importlib.util as u; print([n for n in ('pip', 'pytest', 'behave', '{package}') if u.find_spec(n)])"
    assert docker("run", "--rm", "--entrypoint", "python", f"vixy-e2e/{role}:dev", "-c", code) == "[]"


def test_a_process_that_answers_is_healthy_and_leaves_when_told(gateway: str) -> None:
    wait_until(lambda: _health(gateway) == "healthy", 60, "it is healthy")
    docker("exec", gateway, "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
    wait_until(
        lambda: docker("inspect", "--format", "{{.State.ExitCode}} {{.State.Running}}", gateway) == "0 false",
        30,
        "it leaves",
    )


def test_the_health_check_fails_where_nothing_answers(gateway: str) -> None:
    wait_until(lambda: _health(gateway) == "healthy", 60, "it is healthy")
    check = json.loads(docker("inspect", "--format", "{{json .Config.Healthcheck.Test}}", gateway))
    with pytest.raises(subprocess.CalledProcessError):
        docker("exec", "--env", "HEALTH_URL=http://127.0.0.1:1/", gateway, *check[1:])


def _health(container: str) -> str:
    return docker("inspect", "--format", "{{.State.Health.Status}}", container)
