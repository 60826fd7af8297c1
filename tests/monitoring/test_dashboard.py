"""The dashboard's file is what its table says, and Grafana and compose find what they are told of."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import yaml

from monitoring import dashboard
from proxy.config import load

FOLDER = Path(dashboard.__file__).parent


def test_the_file_was_written_by_the_generator() -> None:
    assert dashboard.FILE.read_text(encoding="utf-8") == dashboard.text()


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    panels = json.loads(dashboard.text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 20
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells
        assert max(x for x, _ in cells) < dashboard.WIDTH
        taken |= cells
    tops = [panel["gridPos"]["y"] for panel in panels]
    assert all(first <= second for first, second in pairwise(tops))


def test_every_query_names_the_job_and_the_instance() -> None:
    for panel in json.loads(dashboard.text())["panels"]:
        for target in panel.get("targets", []):
            assert target["expr"].count(dashboard.CHOSEN) == target["expr"].count("{job=") > 0
            assert "{}" not in target["expr"]


def test_what_compose_mounts_exists_and_images_are_pinned() -> None:
    services = yaml.safe_load((FOLDER / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    mounted = [volume.partition(":")[0] for service in services.values() for volume in service["volumes"]]
    beside = [path for path in mounted if path.startswith("./")]
    assert len(beside) > 3
    assert all((FOLDER / path).exists() for path in beside)
    assert all(
        service["image"].rpartition(":")[2].strip("v")[0].isdigit()
        for service in (services["prometheus"], services["grafana"])
    )
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service["ports"])


def test_prometheus_scrapes_the_proxy_where_compose_runs_it() -> None:
    scrape = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert [(job["job_name"], job["static_configs"][0]["targets"]) for job in scrape] == [("vixy", ["proxy:8080"])]
    config = load((FOLDER / "vixy.toml").read_text(encoding="utf-8"), "vixy.toml")
    assert config.metrics.enabled
    assert config.metrics.port is None


def test_the_proxy_that_compose_runs_is_the_one_that_make_images_makes() -> None:
    services = yaml.safe_load((FOLDER / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    image = services["proxy"]["image"].removeprefix("${VIXY_IMAGE:-").removesuffix("}")
    made = subprocess.run(["make", "-n", "images"], cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    assert image.replace("/proxy:", "/$target:") in made.stdout
    dockerfile = (FOLDER.parent / "Dockerfile").read_text(encoding="utf-8")
    config = services["proxy"]["volumes"][0].rpartition("}:")[2].removesuffix(":ro")
    assert f'CMD ["--config", "{config}", "--listen", "0.0.0.0:8080"]' in dockerfile
