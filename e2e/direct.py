"""HTTP without a detour: a proxy that the user's environment names has no part in what is measured here."""

from __future__ import annotations

import requests


def direct_session() -> requests.Session:
    """Make a session that goes to the address itself, whatever `HTTP_PROXY` or `.netrc` say."""
    session = requests.Session()
    session.trust_env = False
    return session
