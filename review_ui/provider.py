"""Signing in at an OpenID provider: the code flow with PKCE, state and nonce (OpenID Connect Core).

What is checked of the answer: that this browser began it (state), that the code is ours (PKCE),
the ID token's signature, issuer, audience, expiry and nonce, and the issuer of the response
(RFC 9207). Nothing else of it is believed.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from httpx2 import HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from models.accounts.identities import Identity
from review_ui.security import Began, ProviderError

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures that only the provider can make: none of a shared secret, and never ``none``."""

_KEPT_SECONDS = 3600
_TIMEOUT = 10.0
_LEEWAY = 60
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Provider:
    """One OpenID provider, as its discovery document describes it."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, return_to: str) -> None:
        self.issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._return_to = return_to
        self._known: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._known_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What the provider is called on the page."""
        return urlsplit(self.issuer).netloc

    def begin(self, path: str) -> tuple[str, Began]:
        """Where to send the browser, and what it is to keep until it comes back.

        Raises:
            ProviderError: the provider does not answer.
        """
        known, _ = self._discover()
        began = Began(*(secrets.token_urlsafe(32) for _ in range(3)), path)
        with self._client() as client:
            address, _ = client.create_authorization_url(
                known["authorization_endpoint"],
                state=began.state,
                nonce=began.nonce,
                code_verifier=began.verifier,
            )
        return str(address), began

    def finish(self, began: Began, *, state: str, code: str, issuer: str) -> Identity:
        """Who came back.

        Args:
            issuer: what the response says of its issuer; "" where it says nothing.

        Raises:
            ProviderError: something of it cannot be believed.
        """
        if not hmac.compare_digest(began.state.encode(), state.encode()):
            raise ProviderError("the response belongs to no sign-in of this browser")
        known, _ = self._discover()
        says = bool(known.get("authorization_response_iss_parameter_supported"))
        if (issuer or says) and issuer != self.issuer:
            raise ProviderError(f"the response is of another issuer: {issuer!r}")
        if not code:
            raise ProviderError("the response has no code")
        try:
            with self._client() as client:
                answer = client.fetch_token(
                    known["token_endpoint"],
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=began.verifier,
                )
        except (AuthlibBaseError, HTTPError, ValueError) as error:
            raise ProviderError(f"the code was not taken: {error}") from error
        return self._read(answer, began.nonce)

    def _read(self, answer: Any, nonce: str) -> Identity:
        """Who an ID token is about (OpenID Connect Core, section 3.1.3.7)."""
        given = answer.get("id_token")
        if not isinstance(given, str):
            raise ProviderError("the answer has no ID token")
        try:
            token = self._decode(given)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self._client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(leeway=_LEEWAY)
        except (AuthlibBaseError, JoseError, ValueError, TypeError) as error:
            raise ProviderError(f"the ID token is refused: {error}") from error
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
            raise ProviderError("the ID token names nobody")
        said = [claims.get(key) for key in ("preferred_username", "name")]
        username, name = (value if isinstance(value, str) else "" for value in said)
        return Identity(self.issuer, subject, username, name)

    def _decode(self, given: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        try:
            return jwt.decode(given, self._discover()[1], registry=registry)
        except (JoseError, ValueError):
            # The provider may have new keys: looked up once more, and no more than once.
            return jwt.decode(given, self._discover(anew=True)[1], registry=registry)

    def _discover(self, *, anew: bool = False) -> tuple[dict[str, Any], KeySet]:
        with self._lock:
            old = time.monotonic() - self._known_at > _KEPT_SECONDS
            if anew or old or self._keys is None:
                self._known = self._fetch(f"{self.issuer.rstrip('/')}{_DISCOVERY}")
                self._check_known()
                self._keys = _read_keys(self._fetch(self._known["jwks_uri"]))
                self._known_at = time.monotonic()
            return self._known, self._keys

    def _check_known(self) -> None:
        if self._known.get("issuer") != self.issuer:
            raise ProviderError(f"the provider calls itself {self._known.get('issuer')!r}")
        scheme = urlsplit(self.issuer).scheme
        for key in _ENDPOINTS:
            endpoint = self._known.get(key)
            if not isinstance(endpoint, str) or urlsplit(endpoint).scheme not in ("https", scheme):
                raise ProviderError(f"the provider's {key} cannot be used")

    def _fetch(self, address: str) -> dict[str, Any]:
        try:
            with self._client() as client:
                answer = client.request("GET", address, withhold_token=True)
                answer.raise_for_status()
                found = answer.json()
        except (HTTPError, ValueError) as error:
            raise ProviderError(f"{address} does not answer as it should: {error}") from error
        if not isinstance(found, dict):
            raise ProviderError(f"{address} does not answer as it should")
        return found

    def _client(self) -> Any:
        return OAuth2Client(
            self._client_id,
            self._client_secret or None,
            scope="openid profile",
            redirect_uri=self._return_to,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._client_secret else "none",
            timeout=_TIMEOUT,
            follow_redirects=False,
        )


_DISCOVERY = "/.well-known/openid-configuration"


def _read_keys(found: dict[str, Any]) -> KeySet:
    try:
        return KeySet.import_key_set(found)  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"the provider's keys cannot be read: {error}") from error
