"""What the game's chart makes of the values that the releases give it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from lab.world.config import REPOSITORY, LabConfig

MATCHMAKER = {
    "roleArn": "arn:aws:iam::123456789012:role/arena-matchmaker",
    "targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/arena-matchmaker-green/1",
    "document": "/arena/session-destination",
}
DIRECTOR = {"roleArn": "arn:aws:iam::123456789012:role/arena-director"}
VALUES: dict[str, Any] = {"slot": "green", "region": "eu-west-1", "matchmaker": MATCHMAKER, "director": DIRECTOR}


def render(tmp_path: Path, **values: Any) -> subprocess.CompletedProcess[str]:
    helm, chart = LabConfig.from_environment({}).binary("helm"), REPOSITORY / "lab" / "charts" / "arena"
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    command = [str(helm), "template", "arena", str(chart), "--namespace", "arena", "--values", str(file)]
    return subprocess.run(command, capture_output=True, text=True)


def objects(tmp_path: Path, part: str = "matchmaker", **values: Any) -> dict[str, Any]:
    """What the chart makes by kind, without the accounts and Deployments of other parts of the game."""
    result = render(tmp_path, **values)
    assert result.returncode == 0, result.stderr
    made = [obj for obj in yaml.safe_load_all(result.stdout) if obj]
    shared = {"ServiceAccount", "Deployment"}
    return {one["kind"]: one for one in made if one["kind"] not in shared or one["metadata"]["name"] == f"arena-{part}"}


def test_the_releases_values_make_the_game(tmp_path: Path) -> None:
    made = objects(tmp_path, **VALUES)
    assert made["ServiceAccount"]["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": MATCHMAKER["roleArn"]}
    pod = made["Deployment"]["spec"]["template"]
    assert pod["metadata"]["labels"]["compute"] == "fargate"
    env = {entry["name"]: entry.get("value") for entry in pod["spec"]["containers"][0]["env"]}
    assert (env["MATCHMAKER_SLOT"], env["MATCHMAKER_DOCUMENT"]) == ("green", "/arena/session-destination")
    binding = made["TargetGroupBinding"]["spec"]
    assert binding["targetGroupARN"] == MATCHMAKER["targetGroupArn"]
    assert made["Service"]["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert made["RoleBinding"]["subjects"][0]["name"] == "arena-matchmakers"


def test_the_director_is_installed_switched_off_and_never_runs_twice(tmp_path: Path) -> None:
    made = objects(tmp_path, "director", **VALUES)
    assert made["ServiceAccount"]["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": DIRECTOR["roleArn"]}
    spec = made["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (0, {"type": "Recreate"})
    assert spec["template"]["metadata"]["labels"]["compute"] == "fargate"
    env = {entry["name"]: entry.get("value") for entry in spec["template"]["spec"]["containers"][0]["env"]}
    assert (env["DIRECTOR_SLOT"], env["DIRECTOR_DOCUMENT"]) == ("green", "/arena/director")


def test_the_size_of_the_fleet_is_the_autoscalers(tmp_path: Path) -> None:
    made = objects(tmp_path, **VALUES)
    assert "replicas" not in made["Fleet"]["spec"]
    assert made["Fleet"]["spec"]["template"]["spec"]["lists"]["players"]["capacity"] == 5
    assert made["FleetAutoscaler"]["spec"]["policy"]["buffer"] == {
        "bufferSize": 10,
        "minReplicas": 10,
        "maxReplicas": 1500,
    }


def test_without_a_target_group_no_target_is_bound(tmp_path: Path) -> None:
    values = {**VALUES, "matchmaker": {**MATCHMAKER, "targetGroupArn": ""}}
    assert "TargetGroupBinding" not in objects(tmp_path, **values)


def test_a_missing_value_is_named(tmp_path: Path) -> None:
    assert "slot: blue or green" in render(tmp_path, matchmaker=MATCHMAKER, director=DIRECTOR).stderr
    assert "matchmaker.roleArn" in render(tmp_path, slot="blue", director=DIRECTOR).stderr
    assert "director.roleArn" in render(tmp_path, slot="blue", matchmaker=MATCHMAKER).stderr
