"""The provider `command` with a real program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit, command_provider
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Provider

ROUTER = Path(__file__).with_name("router.py")


class TestCommand(RoutingKit):
    @pytest.fixture
    def provider(self, tmp_path: Path) -> Provider:
        return command_provider([sys.executable, str(ROUTER), str(tmp_path / "state.json")])
