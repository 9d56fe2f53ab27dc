"""Settings: kiyome.toml, overridden by KIYOME_* variables, overridden by the command line."""

from __future__ import annotations

import difflib
import json
import os
import re
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from models.errors import SettingsError

SETTINGS_FILE = "kiyome.toml"

SECRETS = frozenset(
    ("database_url", "chain_rpc_url", "consent_rpc", "ipfs_gateways", "arweave_gateways")
)
"""Settings that may hold a password or a key: they stand in no file, page or database of a run."""


class Settings(BaseSettings):
    """Where things lie and how a run behaves. What is right and wrong stands in the policy."""

    model_config = SettingsConfigDict(env_prefix="KIYOME_", extra="forbid", frozen=True)

    workspace: Path = Field(
        default=Path("workspace"),
        description="Folder for everything large: stage outputs, releases, thumbnails, the ledger.",
    )
    policy: Path = Field(default=Path("policy.toml"), description="The policy file.")
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of the database. Empty: SQLite in the workspace.",
    )
    encoder: str = Field(
        default="builtin:layout",
        description="Image encoder: builtin:layout, or open_clip:<model>/<pretrained tag or file>.",
    )
    motif_calibration: Path | None = Field(
        default=None,
        description=(
            "File that says how what detectors see of a motif becomes a risk, as `kiyome motifs "
            "calibrate` writes it. Empty: the one that comes with Kiyome."
        ),
    )
    noun_models: tuple[str, ...] = Field(
        default=(),
        description=(
            "Models that look for names too: spaCy packages, folders that `kiyome train-ner` "
            "wrote, or gliner:<model>."
        ),
    )
    noun_components: tuple[str, ...] = Field(
        default=(),
        description=("spaCy components of your own in the nouns pipeline, each as module:factory."),
    )
    read_lettering: bool = Field(
        default=False,
        description=(
            "Look for names in the pictures' own lettering too, by character recognition: needs "
            "the extra `ocr`, and up to about a second of a core an image."
        ),
    )
    shard_size: int = Field(default=2000, ge=1, description="Assets in a shard, on average.")
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="Threads that examine assets at the same time.",
    )
    max_bytes: int = Field(
        default=256 * 1024**2, ge=1, description="Larger image files are not read."
    )
    max_pixels: int = Field(
        default=64_000_000, ge=1, description="Larger pictures are not decoded."
    )
    runner: Literal["threads"] = Field(
        default="threads", description="What runs the shards of a flow at the same time."
    )
    ledger_origin: str = Field(
        default="kiyome.local/usage-ledger",
        description="Name of the ledger in its signed checkpoints.",
    )
    chain_rpc_url: str = Field(
        default="", description="JSON-RPC endpoint of an EVM chain. Empty: checkpoints only."
    )
    consult: tuple[Literal["chain", "documents", "web"], ...] = Field(
        default=("chain",),
        description=(
            "Which sources outside the dataset a run asks about consent: chain (the policy's "
            "collections and registries), documents (licences that statements point at), web "
            "(the sites that images came from). What was gathered before counts either way."
        ),
    )
    consent_rpc: dict[str, str] = Field(
        default_factory=dict,
        description='JSON-RPC endpoint by chain, as in { "eip155:1" = "https://…" }.',
    )
    ipfs_gateways: tuple[str, ...] = Field(
        default=("https://trustless-gateway.link",),
        description="IPFS gateways that serve verifiable blocks; every byte is checked.",
    )
    arweave_gateways: tuple[str, ...] = Field(
        default=("https://arweave.net",), description="Gateways for ar:// addresses."
    )
    fetch_allow: tuple[str, ...] = Field(
        default=(),
        description=(
            "Private networks, or host:port, that may be fetched from, such as a gateway of your "
            "own. Everything private is refused otherwise."
        ),
    )
    fetch_slots: int = Field(
        default=8, ge=1, le=64, description="Requests to sources outside at the same time."
    )
    fetch_delay: float = Field(
        default=0.5, ge=0, description="Seconds between two requests to one site."
    )
    fetch_contact: str = Field(
        default="", description="Address for site owners, sent with every request."
    )
    review_host: str = Field(default="127.0.0.1", description="Address of the review page.")
    review_port: int = Field(default=8620, ge=1, le=65535, description="Port of the review page.")
    prefect_port: int = Field(
        default=4200, ge=1, le=65535, description="Port of the Prefect server of `kiyome up`."
    )
    schedule: str = Field(
        default="0 3 * * *", description="Cron expression of the scheduled cleansing."
    )
    timezone: str = Field(default="UTC", description="Time zone of the schedule.")

    @property
    def without_secrets(self) -> dict[str, Any]:
        """JSON-ready values of all settings but those of ``SECRETS``."""
        return self.model_dump(mode="json", exclude=set(SECRETS))

    def as_variables(self, *, only_secrets: bool = False) -> dict[str, str]:
        """The settings as ``KIYOME_*`` variables, for a process that is to work with the same."""
        values = self.model_dump(mode="json", include=set(SECRETS) if only_secrets else None)
        return {
            f"KIYOME_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in values.items()
            if value is not None
        }

    @field_validator("consent_rpc")
    @classmethod
    def _chains_are_named(cls, value: dict[str, str]) -> dict[str, str]:
        for chain in value:
            if not re.fullmatch(r"eip155:[1-9][0-9]{0,19}", chain):
                raise ValueError(f'name the chain as in "eip155:1", not {chain!r}')
        return value

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(
                f"there is no time zone {value!r}; one is, e.g., Asia/Tokyo"
            ) from error
        return value

    @property
    def resolved_database_url(self) -> str:
        """The database URL in force.

        Raises:
            SettingsError: the workspace's path cannot stand in a URL.
        """
        if self.database_url:
            return self.database_url
        path = str(self.workspace.absolute() / "kiyome.db")
        if "?" in path:  # the URL would end there, and the database lie somewhere else
            raise SettingsError(
                f"The path of the workspace {self.workspace} holds a question mark.",
                "Name another folder with --workspace, or set database_url.",
            )
        return f"sqlite:///{path}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then variables, then the file."""
        file = Path(os.environ.get("KIYOME_SETTINGS", SETTINGS_FILE))
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file))


def load_settings(**overrides: Any) -> Settings:
    """The settings in force; ``overrides`` that are None count as not given.

    Raises:
        SettingsError: a file or variable holds something that cannot be used.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(p) for p in e['loc'])}: {_explain(e)}"
            for e in error.errors(include_url=False)
        ]
        raise SettingsError(
            "The settings cannot be used:\n" + "\n".join(lines) + "\n",
            f"Look in {SETTINGS_FILE} and at the KIYOME_* variables.",
        ) from error
    except ValueError as error:
        raise SettingsError(f"{SETTINGS_FILE} is not valid TOML: {error}.") from error


def _explain(error: Any) -> str:
    if error["type"] != "extra_forbidden":
        return str(error["msg"]).removeprefix("Value error, ")
    near = difflib.get_close_matches(str(error["loc"][-1]), sorted(Settings.model_fields), n=1)
    return "no such setting" + (f"; did you mean {near[0]!r}?" if near else "")
