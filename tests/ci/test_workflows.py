"""The workflows call make targets that exist, and end when they say."""

from __future__ import annotations

import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
MERGE_LIMIT = 15  # minutes that checks before a merge may take in all
HOSTED_LIMIT = 360  # minutes after which a hosted runner ends a job
SEGMENT_COSTS = 10  # minutes of a segment that are no soak: the network comes up, clients leave, all is judged
OWN_MACHINE = "${{ vars.SOAK_RUNNER }}"


def loaded(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


WORKFLOWS = {path.name: loaded(path) for path in sorted((GITHUB / "workflows").glob("*.yml"))}
ACTIONS = {path.parent.name: loaded(path) for path in sorted((GITHUB / "actions").glob("*/action.yml"))}


def jobs() -> dict[str, dict[str, Any]]:
    return {f"{file}: {name}": job for file, flow in WORKFLOWS.items() for name, job in flow["jobs"].items()}


def steps() -> list[dict[str, Any]]:
    of_jobs = [step for job in jobs().values() for step in job.get("steps", [])]
    return of_jobs + [step for action in ACTIONS.values() for step in action["runs"]["steps"]]


def minutes(job: dict[str, Any], all_jobs: dict[str, Any]) -> int:
    """How long a job and what it waits for may take at most."""
    needs = job.get("needs", [])
    before = [minutes(all_jobs[name], all_jobs) for name in ([needs] if isinstance(needs, str) else needs)]
    return int(job["timeout-minutes"]) + max(before, default=0)


def test_every_make_target_exists() -> None:
    made = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = {target for step in steps() for target in re.findall(r"\bmake ([a-z][a-z0-9-]*)", step.get("run", ""))}
    assert len(asked) > 5
    assert asked <= made


def test_every_script_and_action_of_ours_exists() -> None:
    for step in steps():
        for module in re.findall(r"-m (ci\.\w+)", step.get("run", "")):
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
        for script in re.findall(r"\bci/[\w.]+", step.get("run", "")):
            assert (ROOT / script).exists()
        if step.get("uses", "").startswith("./"):
            assert Path(step["uses"]).name in ACTIONS


def test_a_pipe_fails_with_its_first_command() -> None:
    """GitHub's own shell knows no pipefail; the one that a step asks for as bash does."""
    pipes = [step for step in steps() if re.search(r"[^|]\|[^|]", step.get("run", ""))]
    assert pipes
    assert [step["run"] for step in pipes if step.get("shell") != "bash"] == []


def test_before_a_merge_all_is_over_in_time() -> None:
    all_jobs = WORKFLOWS["ci.yml"]["jobs"]
    assert max(minutes(job, all_jobs) for job in all_jobs.values()) < MERGE_LIMIT


def test_the_one_check_to_require_waits_for_all_others() -> None:
    all_jobs = WORKFLOWS["ci.yml"]["jobs"]
    assert set(all_jobs["merge"]["needs"]) == set(all_jobs) - {"merge"}
    assert all_jobs["merge"]["if"] == "always()"


@pytest.mark.parametrize("name", jobs())
def test_every_job_has_an_end_that_its_runner_allows(name: str) -> None:
    job = jobs()[name]
    if "uses" in job:
        return  # a workflow of ours, whose jobs are looked at themselves
    assert job["timeout-minutes"] < HOSTED_LIMIT or job["runs-on"] == OWN_MACHINE


def test_the_segments_add_up_to_the_whole_soak_and_each_fits_its_job() -> None:
    script = (ROOT / "ci" / "soak_segment.sh").read_text(encoding="utf-8")
    [segment], [hours] = (map(int, re.findall(each, script)) for each in (r"SEGMENT:-(\d+)m", r"DURATION:-(\d+)h"))
    chain = [job for job in WORKFLOWS["nightly.yml"]["jobs"].values() if "soak-segment" in job.get("uses", "")]
    assert len(chain) * (segment - SEGMENT_COSTS) >= hours * 60
    assert segment + 30 < WORKFLOWS["soak-segment.yml"]["jobs"]["soak"]["timeout-minutes"]
    assert [job["with"].get("after", "") for job in chain] == ["", *(job["with"]["name"] for job in chain[:-1])]
    assert [job["with"].get("last", False) for job in chain] == [False] * (len(chain) - 1) + [True]


def test_actions_of_others_are_pinned_to_a_version() -> None:
    foreign = [step["uses"] for step in steps() if "uses" in step and not step["uses"].startswith("./")]
    assert foreign
    assert [name for name in foreign if not re.search(r"@(v\d|[0-9a-f]{40})", name)] == []


@pytest.mark.parametrize("file", WORKFLOWS)
def test_a_token_may_only_read(file: str) -> None:
    assert WORKFLOWS[file]["permissions"] == {"contents": "read"}


def test_a_change_of_what_goes_into_an_image_is_tried_in_an_enclave() -> None:
    flow: dict[Any, Any] = WORKFLOWS["kurtosis.yml"]
    paths = flow[True]["pull_request"]["paths"]  # `on` is YAML for True
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    locks = re.findall(r"^COPY (\S+\.lock) ", dockerfile, re.MULTILINE)
    mains = re.findall(r'^ENTRYPOINT \["python", "-m", "([\w.]+)"\]', dockerfile, re.MULTILINE)
    assert len(locks) == 2
    assert len(mains) == 3
    read = ["Dockerfile", *locks, *(file for main in mains for file in imported(f"{main}.__main__"))]
    assert [file for file in read if not any(fnmatch(file, path) for path in paths)] == []


def imported(module: str) -> list[str]:
    """The files of ours that a process which begins with `module` reads."""
    code = f"import sys, {module}; print(*(getattr(each, '__file__', None) or '' for each in sys.modules.values()))"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [Path(name) for name in said.split() if name.startswith(f"{ROOT}/") and "/.venv/" not in name]
    return [str(file.relative_to(ROOT)) for file in files]


def test_the_workflow_for_other_repositories_uses_what_is_there() -> None:
    """Its paths and inputs; whether the whole is a workflow that GitHub would take is seen by hand, with actionlint."""
    text = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (written,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (job,) = yaml.safe_load(written)["jobs"].values()
    ours = [step for step in job["steps"] if step.get("uses", "").startswith("./")]
    assert [Path(step["uses"]).name for step in ours] == ["setup", "report"]
    for step in ours:
        action = ACTIONS[Path(step["uses"]).name]
        needed = {name for name, of_it in action.get("inputs", {}).items() if of_it.get("required")}
        assert needed <= set(step.get("with", {})) <= set(action.get("inputs", {}))
    suite, proxy = (step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/checkout"))
    assert "path" not in suite, "both actions look for .venv and the lock at the root of the workspace"
    assert not (ROOT / proxy["path"]).exists(), "the proxy's folder is none of ours"
