"""Chart archives, looked at before anything is installed."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._charts.archive import (
    check_chart_source,
    check_sources,
)
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._errors import BlueGreenError
from ansible_collections.gameops.eks_bluegreen.plugins.module_utils._release import Chart


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "agones-1.60.0.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, version in (("agones/charts/sub/Chart.yaml", "9.9.9"), ("agones/Chart.yaml", "1.60.0")):
            content = f"name: agones\nversion: {version}\n".encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def chart(source: Path | str, version: str = "1.60.0", digest: str = "") -> Chart:
    return Chart("agones", "agones-system", str(source), version, digest)


def test_a_whole_archive_has_no_problem(archive: Path) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert check_chart_source(chart(archive)) is None
    assert check_chart_source(chart(archive, digest=digest)) is None
    assert check_chart_source(chart(archive, digest=f"sha256:{digest.upper()}".replace("SHA", "sha"))) is None


def test_a_folder_or_a_registry_is_taken_as_it_is(tmp_path: Path) -> None:
    assert check_chart_source(chart(tmp_path)) is None
    assert check_chart_source(chart("oci://registry.example.com/agones")) is None


@pytest.mark.parametrize(
    ("version", "digest", "problem"),
    [
        ("1.61.0", "", "holds version 1.60.0, but the release asks for 1.61.0: correct chart or version"),
        ("1.60.0", "sha256:" + "0" * 64, "it is not the tested archive; put that one there"),
    ],
)
def test_another_archive_than_the_tested_one(archive: Path, version: str, digest: str, problem: str) -> None:
    assert problem in (check_chart_source(chart(archive, version, digest)) or "")


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tgz"
    broken.write_text("not found")
    assert "is not a chart archive" in (check_chart_source(chart(broken)) or "")


def test_a_digest_that_cannot_be_checked_is_not_ignored() -> None:
    problem = check_chart_source(chart("oci://registry.example.com/agones", digest="sha256:" + "0" * 64))
    assert "digest can only be checked for an archive" in (problem or "")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BlueGreenError) as caught:
        check_sources([chart(tmp_path / "one.tgz"), chart(tmp_path / "two.tgz")])
    assert "one.tgz" in caught.value.message
    assert "two.tgz" in caught.value.message
