"""The proxy's metrics: those that its profile names, under the names that the proxy gives them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import requests
from prometheus_client.parser import text_string_to_metric_families

from e2e.direct import direct_session
from e2e.ledger.entries import Scraped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from e2e.ledger.recorder import Recorder


def sample_name(name: str, labels: Mapping[str, str]) -> str:
    """Return name{label="value",...} as Prometheus writes it, the labels in their order."""
    if not labels:
        return name
    inner = ",".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{inner}}}"


def parse(text: str, wanted: frozenset[str]) -> dict[str, float]:
    """Return the samples of an exposition whose names are wanted: name with labels → value.

    Raises ValueError if the text is no Prometheus exposition.
    """
    return {
        sample_name(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in wanted
    }


def by_label(samples: Mapping[str, float], name: str, label: str) -> dict[str, float]:
    """Return the values of one metric by one of its labels: label value → sample value."""
    pattern = re.compile(rf'{re.escape(name)}\{{.*?\b{re.escape(label)}="([^"]*)"')
    return {found[1]: value for sample, value in samples.items() if (found := pattern.match(sample))}


class Scraper:
    """Fetches `url` and records each time what it saw, also that nothing answered."""

    def __init__(self, url: str, wanted: frozenset[str], recorder: Recorder) -> None:
        self.url = url
        self._wanted = wanted
        self._recorder = recorder
        self._session = direct_session()

    def close(self) -> None:
        """Close the kept-alive connection: a proxy that is told to leave would wait for its next request."""
        self._session.close()

    def scrape(self, within: float = 1.0) -> Scraped:
        """Fetch once, record and return it."""
        try:
            response = self._session.get(self.url, timeout=within)
            response.raise_for_status()
            scraped = Scraped(self._recorder.now(), up=True, samples=parse(response.text, self._wanted))
        except (requests.RequestException, ValueError):
            scraped = Scraped(self._recorder.now(), up=False)
        self._recorder.record(scraped)
        return scraped
