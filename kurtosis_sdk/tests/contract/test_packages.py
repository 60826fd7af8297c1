"""Packages from folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import StarlarkInterpretationError, StarlarkRunConfig

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "lib").mkdir(parents=True)
    (folder / "kurtosis.yml").write_text("name: github.com/kurtosis-sdk/contract\n")
    (folder / "main.star").write_text(
        'words = import_module("./lib/words.star")\n'
        'def run(plan, who = "you"):\n'
        '    plan.print(words.greeting + " " + who + " " + read_file("./lib/end.txt"))\n'
    )
    (folder / "other.star").write_text("def run(plan):\n    fail('the other')\n")
    (folder / "lib" / "words.star").write_text('greeting = "good day"\n')
    (folder / "lib" / "end.txt").write_text("!")
    return folder


def test_a_package_runs_from_its_folder(enclave: Any, package: Path) -> None:
    config = StarlarkRunConfig(serialized_params='{"who": "me"}')
    assert enclave.run_starlark_package_blocking(package, config).output == "good day me !\n"
    assert enclave.run_starlark_package(package).result().output == "good day you !\n"


def test_a_package_is_uploaded_anew_each_time(enclave: Any, package: Path) -> None:
    (package / "lib" / "words.star").write_text('greeting = "good night"\n')
    assert enclave.run_starlark_package_blocking(package).output == "good night you !\n"


def test_an_error_in_a_package_names_the_file(enclave: Any, package: Path) -> None:
    config = StarlarkRunConfig(relative_path_to_main_file="other.star")
    with pytest.raises(StarlarkInterpretationError, match="the other") as caught:
        enclave.run_starlark_package_blocking(package, config)
    position = caught.value.result.errors[0].position
    assert str(position).startswith("github.com/kurtosis-sdk/contract/other.star:2:")


def test_a_package_without_its_main_file_fails_to_interpret(enclave: Any, package: Path) -> None:
    (package / "main.star").unlink()
    with pytest.raises(StarlarkInterpretationError, match=r"main\.star"):
        enclave.run_starlark_package_blocking(package)


def test_a_package_takes_another_from_this_machine(
    world: Any, unique: Callable[[str], str], package: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "kurtosis.yml").write_text("name: github.com/kurtosis-sdk/other\n")
    (other / "words.star").write_text('greeting = "from elsewhere"\n')
    (package / "kurtosis.yml").write_text(
        "name: github.com/kurtosis-sdk/contract\nreplace:\n  github.com/kurtosis-sdk/other: ../other\n"
    )
    (package / "main.star").write_text(
        'words = import_module("github.com/kurtosis-sdk/other/words.star")\n'
        "def run(plan):\n    plan.print(words.greeting)\n"
    )
    # an enclave of its own: a real one fetches the replaced package for the next run that does not replace it
    with world.kurtosis.temporary_enclave(unique("replace")) as enclave:
        assert enclave.run_starlark_package_blocking(package).output == "from elsewhere\n"
