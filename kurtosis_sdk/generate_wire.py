"""Generate src/kurtosis_sdk/_wire from proto/: `python generate_wire.py [TARGET]`.

Needs grpcio-tools in the version that pyproject.toml pins. TARGET is the folder that holds (or is to hold) the package
`kurtosis_sdk`; without it, src/.
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

HERE = Path(__file__).resolve().parent
PROTO = HERE / "proto"
INIT = '"""Generated from proto/ by generate_wire.py. Do not edit."""\n'


def generate(target: Path) -> list[Path]:
    """Write the message classes and their types below `target`; returns the files written."""
    sources = sorted(PROTO.rglob("*.proto"))
    target.mkdir(parents=True, exist_ok=True)
    google = files("grpc_tools") / "_proto"
    code = protoc.main(
        ["protoc", f"-I{PROTO}", f"-I{google}", f"--python_out={target}", f"--pyi_out={target}", *map(str, sources)]
    )
    if code:
        raise SystemExit(f"protoc failed with code {code}; what it said is above")
    package = target / "kurtosis_sdk" / "_wire"
    (package / "__init__.py").write_text(INIT)
    return sorted(path for path in package.iterdir() if path.suffix in {".py", ".pyi"})


if __name__ == "__main__":
    for written in generate(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "src"):
        sys.stdout.write(f"{written}\n")
