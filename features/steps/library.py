"""The steps: see `e2e.steps`. Importing them is what makes them known to behave."""

from e2e.steps import answers, clients, faults, judging, lanes, metrics, network, requests, subscriptions, traffic

__all__ = [
    "answers",
    "clients",
    "faults",
    "judging",
    "lanes",
    "metrics",
    "network",
    "requests",
    "subscriptions",
    "traffic",
]
