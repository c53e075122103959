"""deploy/Containerfile and deploy/compose.yaml, as far as that can be told without an engine."""

import re
import subprocess
import sys
import tomllib
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import yaml

from tests.servers import ROOT
from tools.serve import DEADLINE, LIVES

CONTAINERFILE = ROOT / "deploy/Containerfile"
COMPOSE = ROOT / "deploy/compose.yaml"


@cache
def services() -> dict[str, dict[str, Any]]:
    read: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return dict(read["services"])


def test_hadolint_finds_nothing_in_the_containerfile() -> None:
    command = [str(Path(sys.executable).parent / "hadolint"), str(CONTAINERFILE)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_compose_file_keeps_to_its_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_image_has_all_that_the_app_imports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = set(project["tool"]["importlinter"]["root_packages"]) - {"bench", "library", "tools"}
    text = CONTAINERFILE.read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (\w+) \1$", text, re.MULTILINE))
    assert needed | {"locale"} <= copied
    ignored = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    files = {name for line in re.findall(r"^COPY (?!--)(.+)", text, re.M) for name in line.split()}
    assert sent <= files  # and so nothing of a checkout that isn't copied
    assert copied <= sent
    assert (ROOT / ".dockerignore").read_bytes() == (ROOT / ".containerignore").read_bytes()


def test_the_image_asks_the_app_and_starts_it_without_a_shell() -> None:
    text = CONTAINERFILE.read_text(encoding="utf-8")
    assert f"127.0.0.1:8501{LIVES}'" in text
    assert re.search(r'^ENTRYPOINT \["/usr/bin/tini", "--", ', text, re.MULTILINE)
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)


def test_no_container_may_do_more_than_it_needs() -> None:
    for name, service in services().items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        assert service.get("mem_limit") or limits["memory"], name
        assert service["pids_limit"] > 0, name


def test_each_container_reaches_what_it_needs_alone() -> None:
    networks = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["networks"]
    assert {name for name, each in networks.items() if (each or {}).get("internal")} == {
        "inside",
        "store",
    }
    assert set(services()["proxy"]["networks"]) == {"outside", "inside"}
    assert set(services()["app"]["networks"]) == {"inside", "store"}
    assert set(services()["store"]["networks"]) == {"store"}
    assert [name for name, each in services().items() if "ports" in each] == ["proxy"]


def test_no_app_takes_the_proxys_address() -> None:
    networks = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["networks"]
    (pool,) = networks["inside"]["ipam"]["config"]
    address = ip_address(services()["proxy"]["networks"]["inside"]["ipv4_address"])
    assert address in ip_network(pool["subnet"])
    assert address not in ip_network(pool["ip_range"])


def test_the_app_trusts_the_proxy_and_has_time_to_end() -> None:
    proxy, app = services()["proxy"], services()["app"]
    address = proxy["networks"]["inside"]["ipv4_address"]
    assert app["environment"]["HEADLIGHT_PROXY"] == address
    assert float(app["environment"]["HEADLIGHT_DEADLINE"]) == DEADLINE
    assert int(app["stop_grace_period"].removesuffix("s")) > DEADLINE
    assert int(proxy["stop_grace_period"].removesuffix("s")) > DEADLINE
    assert proxy["environment"]["HEADLIGHT_WORKERS"] == app["deploy"]["replicas"]


def test_the_proxy_is_told_all_that_its_file_asks_for() -> None:
    config = (ROOT / "deploy/haproxy.cfg").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)", config))
    optional = set(re.findall(r"defined\((\w+)\)", config))
    assert asked - optional == {"HEADLIGHT_BIND", "HEADLIGHT_WORKERS", "HEADLIGHT_COOKIE_KEY"}
    told = set(services()["proxy"]["environment"])
    assert asked - optional <= told <= asked


def test_systemd_waits_for_the_end() -> None:
    unit = (ROOT / "deploy/headlight.service").read_text(encoding="utf-8")
    wait = re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert wait is not None
    assert int(wait[1]) > DEADLINE
    options = re.search(r"-m tools\.serve (.+)$", unit, re.MULTILINE)
    assert options is not None
    assert options[1].split() == ["--workers=${WORKERS}", "--port=${PORT}"]
