"""deploy/kubernetes: what Kubernetes' own schemas say, and whether the objects fit each other."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.servers import ROOT
from tools.serve import DEADLINE, LIVES, READY

FOLDER = ROOT / "deploy/kubernetes"
OLDEST, NEWEST = "1.32", "1.37"  # what is supported: a pause before the end is new
Object = dict[str, Any]


def objects_in(file: Path) -> list[Object]:
    return [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if each]


@cache
def applied() -> dict[str, Object]:
    """All that `kubectl apply -k` applies, by kind and name."""
    (listed,) = objects_in(FOLDER / "kustomization.yaml")
    every = [each for name in listed["resources"] for each in objects_in(FOLDER / name)]
    named = {f"{each['kind']}/{each['metadata']['name']}": each for each in every}
    assert len(named) == len(every)
    return named


def of_kind(kind: str) -> Iterator[Object]:
    return (each for each in applied().values() if each["kind"] == kind)


def labels_of(workload: Object) -> dict[str, str]:
    labels: dict[str, str] = workload["spec"]["template"]["metadata"]["labels"]
    return labels


def selected(selector: dict[str, str]) -> list[str]:
    """The deployments whose pods have these labels."""
    return [
        each["metadata"]["name"]
        for each in of_kind("Deployment")
        if selector.items() <= labels_of(each).items()
    ]


def container_of(deployment: str) -> Object:
    (container,) = applied()[f"Deployment/{deployment}"]["spec"]["template"]["spec"]["containers"]
    return dict(container)


FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_kubernetes_knows_every_field(file: Path, version: str) -> None:
    objects = objects_in(file)
    assert objects
    for each in objects:
        if each["kind"] != "Kustomization":  # kubectl's own, and no object of a cluster
            kubernetes_validate.validate(each, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"port": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_everything_is_applied_but_the_example_of_a_secret() -> None:
    (listed,) = objects_in(FOLDER / "kustomization.yaml")
    left_out = {file.name for file in FILES} - {"kustomization.yaml", *listed["resources"]}
    assert left_out == {"secret.example.yaml"}
    assert {image["name"] for image in listed["images"]} == {container_of("headlight")["image"]}
    assert f"Namespace/{listed['namespace']}" in applied()


def test_each_selector_selects_one_deployment() -> None:
    for deployment in of_kind("Deployment"):
        own = deployment["spec"]["selector"]["matchLabels"]
        assert selected(own) == [deployment["metadata"]["name"]]
    for kind in ("Service", "NetworkPolicy", "PodDisruptionBudget"):
        for each in of_kind(kind):
            spec = each["spec"]
            selector = spec.get("podSelector", spec["selector"] if kind != "NetworkPolicy" else {})
            labels = selector.get("matchLabels", selector)
            assert selected(labels) == [each["metadata"]["name"]]
    (spread,) = _pod("headlight")["topologySpreadConstraints"]
    assert selected(spread["labelSelector"]["matchLabels"]) == ["headlight"]


def _pod(deployment: str) -> Object:
    pod: Object = applied()[f"Deployment/{deployment}"]["spec"]["template"]["spec"]
    return pod


def test_each_port_that_is_named_is_there() -> None:
    for service in of_kind("Service"):
        ports = {port["name"] for port in container_of(service["metadata"]["name"])["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
    (rule,) = applied()["Ingress/headlight"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    backend = path["backend"]["service"]
    service = applied()[f"Service/{backend['name']}"]
    assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}
    assert applied()["Ingress/headlight"]["spec"]["tls"][0]["hosts"] == [rule["host"]]
    for deployment in of_kind("Deployment"):
        container = container_of(deployment["metadata"]["name"])
        probes = [container[name] for name in container if name.endswith("Probe")]
        asked = [probe.get("httpGet") or probe.get("tcpSocket") for probe in probes]
        named = {each["port"] for each in asked if each}
        assert named <= {port["name"] for port in container["ports"]}


def test_the_probes_ask_for_what_the_app_answers() -> None:
    app = container_of("headlight")
    assert app["livenessProbe"]["httpGet"]["path"] == LIVES
    assert app["readinessProbe"]["httpGet"]["path"] == READY
    assert app["startupProbe"]["httpGet"]["path"] == READY


def test_the_autoscaler_scales_what_there_is_and_the_budget_leaves_room() -> None:
    scaler = applied()["HorizontalPodAutoscaler/headlight"]["spec"]
    target = scaler["scaleTargetRef"]
    assert applied()[f"{target['kind']}/{target['name']}"]["apiVersion"] == target["apiVersion"]
    assert "replicas" not in applied()["Deployment/headlight"]["spec"]
    assert "cpu" in container_of("headlight")["resources"]["requests"]  # of which it is a share
    budget = applied()["PodDisruptionBudget/headlight"]["spec"]["maxUnavailable"]
    assert 0 < budget < scaler["minReplicas"] <= scaler["maxReplicas"]


def test_an_end_is_waited_for() -> None:
    pause = container_of("headlight")["lifecycle"]["preStop"]["sleep"]["seconds"]
    deadline = float(applied()["ConfigMap/headlight"]["data"]["HEADLIGHT_DEADLINE"])
    assert deadline == DEADLINE
    assert _pod("headlight")["terminationGracePeriodSeconds"] > pause + deadline


@pytest.mark.parametrize("name", ["headlight", "headlight-store"])
def test_no_container_may_do_more_than_it_needs(name: str) -> None:
    pod, container = _pod(name), container_of(name)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    places = {mount["name"] for mount in container["volumeMounts"]}
    assert places == {volume["name"] for volume in pod["volumes"]}
    assert all("sizeLimit" in volume["emptyDir"] for volume in pod["volumes"])


def test_the_app_is_told_what_there_is() -> None:
    for source in container_of("headlight")["envFrom"]:
        kind, reference = next(iter(source.items()))
        if kind == "configMapRef":
            assert f"ConfigMap/{reference['name']}" in applied()
        else:
            (example,) = objects_in(FOLDER / "secret.example.yaml")
            assert reference["name"] == example["metadata"]["name"]
    store = applied()["ConfigMap/headlight"]["data"]["HEADLIGHT_STORE"]
    (port,) = applied()["Service/headlight-store"]["spec"]["ports"]
    assert store == f"redis://headlight-store:{port['port']}/0"


def test_the_proxy_reaches_the_app_which_reaches_dns_and_the_store_and_nothing_else() -> None:
    app = applied()["NetworkPolicy/headlight"]["spec"]
    (let_in,) = app["ingress"]
    (controller,) = let_in["from"]
    assert controller.keys() == {"namespaceSelector"}
    assert let_in["ports"] == [{"protocol": "TCP", "port": "http"}]
    dns, to_store = app["egress"]
    (resolver,) = dns["to"]
    assert resolver["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}
    assert {(each["protocol"], each["port"]) for each in dns["ports"]} == {("UDP", 53), ("TCP", 53)}
    (store,) = to_store["to"]
    assert selected(store["podSelector"]["matchLabels"]) == ["headlight-store"]
    assert (
        to_store["ports"][0]["port"] == container_of("headlight-store")["ports"][0]["containerPort"]
    )
    stores = applied()["NetworkPolicy/headlight-store"]["spec"]
    (let_in,) = stores["ingress"]
    (who,) = let_in["from"]
    assert selected(who["podSelector"]["matchLabels"]) == ["headlight"]
    for policy in (app, stores):
        assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in stores  # to nowhere
