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
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from models.errors import SettingsError

SETTINGS_FILE = "kiyome.toml"

ScheduledFlow = Literal["recleanse", "watch", "anchor", "draw-sample", "back-up"]
"""Flows beside the cleansing that can be scheduled."""

SECRETS = frozenset(
    (
        "database_url",
        "motif_index_url",
        "consent_rpc",
        "ipfs_gateways",
        "arweave_gateways",
        "ledger_rpc",
        "ledger_signer",
        "oidc_client_secret",
        "metrics_token",
        "alert_smtp",
    )
)
"""Settings that may hold a password or a key: they stand in no file, page or database of a run."""


class Settings(BaseSettings):
    """Where things lie and how a run behaves. What is right and wrong stands in the policy."""

    model_config = SettingsConfigDict(env_prefix="KIYOME_", extra="forbid", frozen=True)

    workspace: Path = Field(
        default=Path("workspace"),
        description="Folder for everything large: stage outputs, releases, thumbnails, the ledger.",
    )
    new_workspace: Literal["unless-known", "always", "never"] = Field(
        default="unless-known",
        description=(
            "Whether a workspace is begun where there is none: unless-known (not where the "
            "database knows releases already, or a disk of /etc/fstab is not mounted), always, or "
            "never (for a disk that may be away: operations.md)."
        ),
    )
    policy: Path = Field(default=Path("policy.toml"), description="The policy file.")
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL of the database. Empty: SQLite in the workspace.",
    )
    encoder: str = Field(
        default="builtin:layout",
        description=(
            "Image encoder: builtin:layout, builtin:art, or open_clip:<model>/<pretrained tag or "
            "file>."
        ),
    )
    encoder_backend: Literal["torch", "openvino"] = Field(
        default="torch",
        description=(
            "What runs the encoder's network: torch, or openvino, which is faster on a processor "
            "and needs the extra `openvino`."
        ),
    )
    motif_calibration: Path | None = Field(
        default=None,
        description=(
            "File that says how what detectors see of a motif becomes a risk, as `kiyome motifs "
            "calibrate` writes it. Empty: the one that comes with Kiyome."
        ),
    )
    motif_index: Literal["files", "pgvector"] = Field(
        default="files",
        description=(
            "Where the embeddings of registered motifs are searched: files of the workspace, or a "
            "PostgreSQL database with pgvector (motif-index.md)."
        ),
    )
    motif_index_url: str = Field(
        default="",
        description=(
            "SQLAlchemy URL of that database, as in postgresql+psycopg://user@host/motifs. Empty: "
            "database_url."
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
        description=(
            "Threads that examine assets at the same time; with another runner, processes that "
            "are started on this machine."
        ),
    )
    max_bytes: int = Field(
        default=256 * 1024**2, ge=1, description="Larger image files are not read."
    )
    max_pixels: int = Field(
        default=64_000_000, ge=1, description="Larger pictures are not decoded."
    )
    runner: Literal["threads", "dask", "ray"] = Field(
        default="threads",
        description=(
            "What runs the shards of a flow at the same time: threads of its process, or the "
            "processes of a Dask or Ray cluster, which need the extra of that name (scaling.md)."
        ),
    )
    runner_address: str = Field(
        default="",
        pattern=r"^((tcp|tls|ray)://[^\s@/]+|[A-Za-z0-9.\[\]:-]+:[0-9]{1,5})?$",
        description=(
            "Address of a cluster that runs already, as in tcp://host:8786 (Dask) or "
            "ray://host:10001 (Ray). Empty: one is started on this machine for each run."
        ),
    )
    release_target: str = Field(
        default="",
        pattern=r"^([a-z][a-z0-9+]*://[^\s@]+)?$",
        description=(
            "Where releases and the public part of the ledger are copied to after publication: an "
            "fsspec URL as in s3://bucket/kiyome. Credentials stand in the environment, never here."
        ),
    )
    ledger_origin: str = Field(
        default="kiyome.local/usage-ledger",
        description="Name of the ledger in its signed checkpoints.",
    )
    ledger_chain: Literal["files", "tester", "rpc"] = Field(
        default="files",
        description=(
            "Where the ledger's heads are anchored: files (nowhere: signed checkpoints alone), "
            "tester (an EVM inside the process, for trying), or rpc (the chain behind ledger_rpc)."
        ),
    )
    ledger_rpc: str = Field(
        default="", description="JSON-RPC endpoint of the chain that heads are anchored on."
    )
    ledger_chain_id: int = Field(
        default=0,
        ge=0,
        lt=2**53,
        description="Its EIP-155 number: an endpoint of another chain is refused.",
    )
    ledger_contract: str = Field(
        default="",
        pattern=r"^(0x[0-9a-fA-F]{40})?$",
        description="Address of the ledger's contract, as `kiyome ledger deploy` prints it.",
    )
    ledger_payouts: str = Field(
        default="",
        pattern=r"^(0x[0-9a-fA-F]{40})?$",
        description=(
            "Address of the contract that pays owners, as `kiyome ledger payouts deploy` prints it."
        ),
    )
    ledger_keystore: Path | None = Field(
        default=None,
        description="Encrypted key file (Web3 Secret Storage) of the account that anchors.",
    )
    ledger_keystore_password_file: Path | None = Field(
        default=None,
        description="File with its password, readable by its owner alone. Empty: it is asked for.",
    )
    ledger_signer: str = Field(
        default="",
        description=(
            "JSON-RPC endpoint of an external signer (eth_signTransaction), in place of a key file."
        ),
    )
    ledger_max_fee_gwei: float = Field(
        default=100.0, gt=0, description="Most that a unit of gas may cost, in gwei."
    )
    ledger_confirmations: int = Field(
        default=64,
        ge=1,
        description=(
            "Blocks that have to follow an anchor's, where the chain knows no finalized block."
        ),
    )
    ledger_commit_manifests: bool = Field(
        default=False,
        description="Also record each anchor's manifest as an ERC-7053 commit, for indexers.",
    )
    ledger_explorer: str = Field(
        default="",
        pattern=r"^(https?://[^\s<>\"]*\{tx\}[^\s<>\"]*)?$",
        description=(
            "Address of a block explorer's page about a transaction, with {tx} in it. Owners' "
            "pages link to it."
        ),
    )
    ledger_rpc_public: str = Field(
        default="",
        pattern=r"^(https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?)?$",
        description=(
            "JSON-RPC endpoint without a secret that owners' browsers may ask about the contract: "
            "it has to allow requests from other sites (CORS). Empty: browsers ask no chain."
        ),
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
    golden_share: float = Field(
        default=0.0,
        description=(
            "Share of what a reviewer gets that has a known answer: 0.02 to 0.05, or 0 for none."
        ),
    )
    review_due_days: int = Field(
        default=7,
        ge=1,
        le=365,
        description="Days within which an item should be decided; the page shows what is late.",
    )
    owner_answer_days: int = Field(
        default=14,
        ge=1,
        le=365,
        description="Days after which an item comes back that an owner has not answered about.",
    )
    review_origin: str = Field(
        default="",
        pattern=r"^(https?://[^/\s@?#]+)?$",
        description=(
            "Address at which browsers reach the review page, as in https://review.example. Links "
            "are made from it. Empty: the review_host and review_port."
        ),
    )
    review_proxies: tuple[str, ...] = Field(
        default=(),
        description=(
            "Addresses or networks of the reverse proxies in front of the review page: their "
            "X-Forwarded-For and X-Forwarded-Proto are believed, and nobody else's."
        ),
    )
    api_rate: int = Field(
        default=600,
        ge=1,
        description="Requests a minute that one account may send to the API of one server.",
    )
    webhook_allow: tuple[str, ...] = Field(
        default=(),
        description=(
            "Private networks, or host:port, that webhooks may be sent to. Everything private, and "
            "every port but 443, is refused otherwise; only what stands here may be plain http."
        ),
    )
    webhook_days: int = Field(
        default=3,
        ge=1,
        le=30,
        description="Days after which a delivery that a webhook never took is given up.",
    )
    review_certificate: Path | None = Field(
        default=None,
        description="Certificate (PEM) with which the review page is served over https by itself.",
    )
    review_certificate_key: Path | None = Field(default=None, description="Its private key (PEM).")
    oidc_issuer: str = Field(
        default="",
        pattern=r"^(https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[^\s?#]*)?)?$",
        description=(
            "OpenID provider at which people may sign in on the review page, as it names itself in "
            "its discovery document. Empty: passwords only."
        ),
    )
    oidc_client_id: str = Field(
        default="", description="What the review page is called at the provider."
    )
    oidc_client_secret: str = Field(
        default="", description="Its secret there. Empty: a public client, with PKCE alone."
    )
    oidc_new_accounts: Literal["refuse", "reviewer", "lead", "owner"] = Field(
        default="refuse",
        description=(
            "Role of the account that is made for whoever signs in at the provider for the first "
            "time, or refuse: only those that were made for them."
        ),
    )
    owner_wallets: Literal["refuse", "known", "anyone"] = Field(
        default="refuse",
        description=(
            "For which wallets an owner's account is made when they first sign in: refuse (only "
            "those that were bound for them), known (those that speak in statements about assets), "
            "or anyone."
        ),
    )
    prefect_port: int = Field(
        default=4200, ge=1, le=65535, description="Port of the Prefect server of `kiyome up`."
    )
    metrics_token: str = Field(
        default="",
        description="Secret with which a Prometheus server reads /metrics of the review page "
        "(Authorization: Bearer). Empty: there is no such page.",
    )
    alert_mail_to: tuple[str, ...] = Field(
        default=(), description="Mail addresses that are told what needs a person."
    )
    alert_mail_from: str = Field(
        default="", description="Address that these mails come from. Empty: the first of them."
    )
    alert_smtp: str = Field(
        default="",
        description="Mail server, as in smtps://user:password@host; needed for alert_mail_to.",
    )
    alert_queue_days: float = Field(
        default=7, ge=0, description="Tell when an item of the queue waits for so many days; 0: no."
    )
    alert_overdue_hours: float = Field(
        default=48,
        ge=0,
        description="Tell when no run of a dataset ended well for so many hours; 0: no.",
    )
    alert_anchor_hours: float = Field(
        default=6,
        ge=0,
        description="Tell when the ledger's head is not anchored for so many hours; 0: no.",
    )
    alert_outbox_hours: float = Field(
        default=1,
        ge=0,
        description="Tell when an event was not passed on for so many hours; 0: no.",
    )
    alert_opt_in_points: float = Field(
        default=5,
        ge=0,
        description="Tell when the opt-in share falls by so many percentage points; 0: no.",
    )
    alert_error_points: float = Field(
        default=5,
        ge=0,
        description="Tell when the share of assets that cannot be examined grows by so many "
        "percentage points; 0: no.",
    )
    alert_free_gib: float = Field(
        default=5,
        ge=0,
        description="Tell when less than so many GiB are free where the workspace is; 0: no.",
    )
    schedule: str = Field(
        default="0 3 * * *", description="Cron expression of the scheduled cleansing."
    )
    notice_after: float = Field(
        default=60.0,
        ge=0,
        description=(
            "Seconds of quiet after an owner's request or a ruling until the standing system "
            "starts a run that applies it; ten times as many at most."
        ),
    )
    timezone: str = Field(default="UTC", description="Time zone of the schedules.")
    schedules: dict[ScheduledFlow, str] = Field(
        default_factory=dict,
        description="When other flows run: recleanse, watch, anchor, draw-sample, back-up; as in "
        '{ watch = "every 10 minutes", back-up = "30 1 * * *" }: cron, every N '
        "minutes/hours/days/weeks, RRULE:…, or never. By default watch runs every 10 minutes, "
        "anchor every hour where there is a chain, the others never.",
    )
    backup_folder: Path | None = Field(
        default=None, description="Folder for scheduled backups, on another disk."
    )
    backup_keep: int = Field(
        default=14, ge=1, description="How many scheduled backups are kept there."
    )

    @property
    def review_address(self) -> str:
        """Where browsers reach the review page; never taken from what a request says."""
        if self.review_origin:
            return self.review_origin
        host = f"[{self.review_host}]" if ":" in self.review_host else self.review_host
        return f"http://{host}:{self.review_port}"

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

    @field_validator("golden_share")
    @classmethod
    def _share_is_bearable(cls, value: float) -> float:
        if value and not 0.02 <= value <= 0.05:
            raise ValueError("choose from 0.02 to 0.05, or 0 for none")
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

    @property
    def motif_index_database(self) -> str:
        """URL of the database in which motifs are searched; "" where it is done in files.

        Raises:
            SettingsError: a database is asked for, and none that could do it is named.
        """
        if self.motif_index == "files":
            return ""
        url = self.motif_index_url or self.database_url
        if not url.startswith("postgresql"):
            raise SettingsError(
                'motif_index is "pgvector", but no PostgreSQL database is named.',
                "Set motif_index_url, or database_url.",
            )
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then variables, then files of secrets, then the settings file."""
        file = find_settings_file()
        return (
            init_settings,
            env_settings,
            _SecretFiles(settings_cls),
            TomlConfigSettingsSource(settings_cls, file),
        )


class _SecretFiles(PydanticBaseSettingsSource):
    """Secrets from files that ``KIYOME_<NAME>_FILE`` names, as containers and systemd give them."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of a secret's file, without the white space at its ends."""
        name = f"KIYOME_{field_name.upper()}_FILE"
        path = os.environ.get(name) if field_name in SECRETS else None
        if path is None:
            return None, field_name, False
        try:
            text = Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The file that {name} names cannot be read: {path}.",
                "Name a file of text that this user may read.",
            ) from error
        return text, field_name, self.field_is_complex(field)

    def __call__(self) -> dict[str, Any]:
        """All secrets that are in files."""
        found: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            value, key, is_complex = self.get_field_value(field, name)
            if value is not None:
                found[key] = self.prepare_field_value(key, field, value, is_complex)
        return found


def find_settings_file() -> Path:
    """The file that settings are read from, whether or not it is there."""
    return Path(os.environ.get("KIYOME_SETTINGS", SETTINGS_FILE))


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
            f"Look in {find_settings_file()} and at the KIYOME_* variables.",
        ) from error
    except ValueError as error:
        raise SettingsError(f"{find_settings_file()} is not valid TOML: {error}.") from error


def _explain(error: Any) -> str:
    if error["type"] == "string_pattern_mismatch":
        # Neither the pattern, which helps nobody, nor the value, which may hold a password.
        described = Settings.model_fields[str(error["loc"][0])].description
        return f"not written as it has to be. {described}"
    if error["type"] != "extra_forbidden":
        return str(error["msg"]).removeprefix("Value error, ")
    near = difflib.get_close_matches(str(error["loc"][-1]), sorted(Settings.model_fields), n=1)
    return "no such setting" + (f"; did you mean {near[0]!r}?" if near else "")
