"""docker-compose.yaml, read as docker compose reads it: for tests that check it, and for those that run it."""

from __future__ import annotations

import base64
import io
import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

ROOT = Path(__file__).parent.parent
COMPOSE = ROOT / "docker-compose.yaml"
EXAMPLE = ROOT / ".env.example"
# https://docs.docker.com/reference/compose-file/interpolation/: $$, $NAME, ${NAME}, ${NAME:-default}, ${NAME:?message}
VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<plain>\w+)|\{(?P<name>\w+)(?::?(?P<sign>[-?+])(?P<rest>(?:[^{}]|\{[^{}]*\})*))?\})"
)
ASKED_FOR = re.compile(r"^([A-Z_]+)=$", re.M)
INSTEAD = re.compile(r"^# Instead of your own two systems.*\n((?:# [A-Z_]+=.*\n?)+)", re.M)
# What decides what runs is read; what only fences it in is left to docker. Anything else must not pass unseen.
READ = {"image", "command", "environment", "volumes", "configs", "ports", "healthcheck", "profiles", "depends_on"}
FENCES = {"build", "restart", "stop_grace_period", "security_opt", "cap_drop", "cap_add", "init", "networks", "tmpfs"}
FENCES |= {"read_only", "mem_limit", "pids_limit", "shm_size", "logging", "labels"}


class MissingVariableError(Exception):
    """Docker compose refuses to start, because a variable has no value."""


@dataclass(frozen=True)
class Service:
    """One service.

    Attributes:
        image: Its image.
        command: The words of its command; empty when the image has one of its own.
        environment: What its processes find in their environment.
        mounts: Folders and named volumes, by the path at which the container has them.
        files: Contents of its `configs`, by the path at which the container has them.
        health: The words of its health check; one that a shell runs begins with `sh -c`.
        profiles: Empty when it starts with the others.
    """

    name: str
    image: str
    command: list[str]
    environment: dict[str, str]
    mounts: dict[str, str]
    files: dict[str, str]
    health: list[str]
    profiles: list[str]


def services(variables: Mapping[str, str], text: str | None = None) -> dict[str, Service]:
    """Read every service, with the variables of an .env file filled in.

    Raises:
        MissingVariableError: A variable is asked for and has no value.
        ValueError: A service has a key that this reader does not know.
    """
    whole = fill_in(yaml.safe_load(COMPOSE.read_text() if text is None else text), variables)
    configs = {name: config["content"] for name, config in whole.get("configs", {}).items()}
    return {name: _service(name, body, variables, configs) for name, body in whole["services"].items()}


def _service(name: str, body: dict[str, Any], variables: Mapping[str, str], configs: dict[str, str]) -> Service:
    unknown = body.keys() - READ - FENCES
    if unknown:
        raise ValueError(f"{COMPOSE.name}: service {name}: this reader does not know {', '.join(sorted(unknown))}")
    command = body.get("command", [])
    return Service(
        name=name,
        image=body["image"],
        command=shlex.split(command) if isinstance(command, str) else command,
        environment=_environment(body.get("environment", {}), variables),
        mounts={mount.split(":")[1]: mount.split(":")[0] for mount in body.get("volumes", [])},
        files={file["target"]: configs[file["source"]] for file in body.get("configs", [])},
        health=_health(body.get("healthcheck", {}).get("test", [])),
        profiles=body.get("profiles", []),
    )


def _environment(declared: dict[str, str | None] | list[str], variables: Mapping[str, str]) -> dict[str, str]:
    if isinstance(declared, list):
        pairs = (item.partition("=") for item in declared)
        declared = {name: value if equals else None for name, equals, value in pairs}
    # A name without a value takes over what .env says, and is absent where .env says nothing.
    given = {name: variables.get(name) if value is None else value for name, value in declared.items()}
    return {name: value for name, value in given.items() if value is not None}


def _health(test: list[str]) -> list[str]:
    kind, *words = test or ["NONE"]
    return {"CMD": words, "CMD-SHELL": ["sh", "-c", *words], "NONE": []}[kind]


def fill_in(value: Any, variables: Mapping[str, str]) -> Any:
    """Fill the variables into every text of a structure; keys stay as they are."""
    if isinstance(value, dict):
        return {key: fill_in(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [fill_in(item, variables) for item in value]
    return VARIABLE.sub(lambda match: _value(match, variables), value) if isinstance(value, str) else value


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match["dollar"]:
        return "$"
    name, rest = match["plain"] or match["name"], fill_in(match["rest"] or "", variables)
    value = variables.get(name, "")
    if match["sign"] == "+":
        return rest if value else ""
    if match["sign"] == "?" and not value:
        raise MissingVariableError(f"{name}: {rest}")
    return value or rest


def example(**more: str) -> dict[str, str]:
    """Make the variables that a person gets from .env.example: secrets filled in, and the twin in place of accounts."""
    text = EXAMPLE.read_text()
    twin = INSTEAD.search(text)
    assert twin, f"{EXAMPLE.name} does not tell how to try the topology without accounts"
    told = dotenv_values(stream=io.StringIO(twin[1].replace("# ", "")), interpolate=False)
    filled = {name: secret(name) for name in ASKED_FOR.findall(text)}
    return filled | {name: value for name, value in told.items() if value is not None} | more


def secret(name: str) -> str:
    """Make one secret as .env.example says."""
    if name.endswith("FERNET_KEY"):
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return secrets.token_hex(32)
