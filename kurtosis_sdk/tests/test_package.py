"""kurtosis.yml, and the parameters of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kurtosis_sdk import InvalidArgumentError, PackageError
from kurtosis_sdk.package import read_package, to_json_object

if TYPE_CHECKING:
    from pathlib import Path


def test_a_package_has_a_name_and_perhaps_replacements(tmp_path: Path) -> None:
    (tmp_path / "kurtosis.yml").write_text(
        "name: github.com/a/b\ndescription: |\n  text\nreplace:\n  github.com/c/d: ../d\n  github.com/e/f: /f\n"
        "  github.com/g/h: github.com/me/h\n"
    )
    package = read_package(tmp_path)
    assert package.name == "github.com/a/b"
    assert {name: str(path) for name, path in package.local_dependencies().items()} == {
        "github.com/c/d": f"{tmp_path}/../d",
        "github.com/e/f": "/f",
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "must be a mapping"),
        ("- a\n", "must be a mapping"),
        ("a: [\n", "is not YAML"),
        ("description: x\n", "needs a name"),
        ("name: 3\n", "needs a name"),
        ("name: x\nauthor: me\n", "unknown keys author; it may have description, name, replace"),
        ("name: x\nreplace: [a]\n", "replace must map"),
    ],
)
def test_each_mistake_in_kurtosis_yml_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    (tmp_path / "kurtosis.yml").write_text(content)
    with pytest.raises(PackageError, match=complaint) as caught:
        read_package(tmp_path)
    assert caught.value.fault == "caller"


def test_a_folder_without_kurtosis_yml_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"has no kurtosis\.yml"):
        read_package(tmp_path)
    with pytest.raises(PackageError, match="is not a folder"):
        read_package(tmp_path / "nothing")


def test_params_may_be_json_or_yaml_but_must_be_an_object() -> None:
    assert to_json_object('{"a":  1}') == '{"a":  1}'
    assert to_json_object("a: 1\nb: [x, y]\n") == '{"a": 1, "b": ["x", "y"]}'
    for text in ("", "[]", "3", "just text"):
        with pytest.raises(InvalidArgumentError, match="must be a JSON or YAML object"):
            to_json_object(text)
    for text in ("a: [", "when: 2020-01-01"):
        with pytest.raises(InvalidArgumentError, match="neither JSON nor YAML"):
            to_json_object(text)
