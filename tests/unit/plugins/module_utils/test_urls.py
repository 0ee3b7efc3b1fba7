"""What of an address may be shown."""

from __future__ import annotations

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._urls import public_part


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://router/state", "https://router/state"),
        ("https://router:8443/state", "https://router:8443/state"),
        ("https://jo:secret@router:8443/state", "https://router:8443/state"),
        ("https://token@router/state", "https://router/state"),
        ("https://jo:p@ss@router/state", "https://router/state"),
        ("https://router/state?key=secret", "https://router/state"),
        ("https://router/state#secret", "https://router/state"),
        ("http://[::1]:80/state", "http://[::1]:80/state"),
        ("router/state?key=secret", "router/state"),
        ("", ""),
    ],
)
def test_secrets_of_a_url_are_not_shown(url: str, shown: str) -> None:
    assert public_part(url) == shown
