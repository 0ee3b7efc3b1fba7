"""The document in a ConfigMap."""

from __future__ import annotations

import json

import pytest
from ansible_collections.gameops.eks_bluegreen.extensions.routing.kit import RoutingKit
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._agones.api import CONFIG_MAPS
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.config_map import (
    DOCUMENT_KEY,
    READER_LABEL,
    ConfigMapStore,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.document_provider import (
    DocumentProvider,
    DocumentSettings,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._routing.provider import Moved, Provider

from tests.unit.plugins.module_utils._routing.fakes import FakeKube

PATH = CONFIG_MAPS.path("arena", "destination")
FIRST = {"v": 1, "revision": 1, "weights": {"blue": 100, "green": 0}, "clusters": {"blue": "b", "green": "g"}}


def cluster() -> FakeKube:
    kube = FakeKube()
    kube.put(PATH, {"data": {DOCUMENT_KEY: json.dumps(FIRST), "motd": "hello"}})
    return kube


def put_reader(kube: FakeKube, name: str, value: object) -> None:
    path = CONFIG_MAPS.path("arena", name)
    kube.put(path, {"data": {"reader": json.dumps(value)}}, {READER_LABEL: "destination"})


def store_on(kube: FakeKube) -> ConfigMapStore:
    return ConfigMapStore(kube, "arena", "destination")


class TestKit(RoutingKit):
    @pytest.fixture
    def provider(self) -> Provider:
        self.kube = cluster()
        return DocumentProvider(store_on(self.kube), DocumentSettings({}, 15, queue="per_slot"))

    def follow(self, provider: Provider) -> None:
        put_reader(self.kube, "pod-1", {"revision": int(provider.read().revision), "slot": "blue"})


def test_other_keys_stay() -> None:
    kube = cluster()
    store_on(kube).write("{}", None)
    assert kube.objects[PATH]["data"] == {DOCUMENT_KEY: "{}", "motd": "hello"}


def test_a_write_to_another_version_is_refused() -> None:
    kube = cluster()
    with pytest.raises(Moved, match="ConfigMap arena/destination of https://home"):
        store_on(kube).write("{}", "0")
    assert kube.patches == []


def test_readers_are_found_by_their_label_and_dated_by_the_server() -> None:
    kube = cluster()
    put_reader(kube, "pod-1", {"revision": 1, "slot": "blue", "queue": {"depth": 2, "oldest": 3.5}})
    kube.clock.seconds = 20
    put_reader(kube, "pod-2", {"revision": 1, "slot": "green"})
    kube.put(CONFIG_MAPS.path("arena", "other"), {"data": {}})
    readers = store_on(kube).readers()
    assert [(one.id, one.age_seconds, one.depth) for one in readers] == [("pod-1", 20.0, 2), ("pod-2", 0.0, None)]


def test_a_config_map_without_the_key_says_so() -> None:
    kube = cluster()
    kube.put(PATH, {"data": None})
    with pytest.raises(BlueGreenError, match="has no key destination"):
        store_on(kube).read()


def test_a_missing_config_map_is_an_answer() -> None:
    assert store_on(FakeKube()).read() is None
