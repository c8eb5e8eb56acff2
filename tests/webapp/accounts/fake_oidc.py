"""A provider of OpenID Connect: keeps to the specification, but for what a test has it do wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET, CODE = "shoebox", "a secret of two", "code-1"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class FakeProvider:
    """`answer(path, form)` is what it answers as JSON. Changes: `claims` of the id_token (None takes one away), what
    `userinfo` tells, `signed_with` another key or algorithm, `token` that is sent beside the id_token."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = new_key()
        self.asked: dict[str, str] = {}  # with which parameters somebody came last
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {"sub": "kim-1", "email": "Kim@example.org", "email_verified": True}
        self.signed_with: dict[str, Any] = {}
        self.token: dict[str, Any] = {}

    def authorize(self, query: str) -> str:
        """Somebody comes, and is known; where they are led back to."""
        self.asked = {name: values[0] for name, values in parse_qs(query).items()}
        assert self.asked["client_id"] == CLIENT_ID
        return f"{self.asked['redirect_uri']}?code={CODE}&state={self.asked['state']}"

    def answer(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        return {
            "/.well-known/openid-configuration": self._configuration,
            "/token": self._token,
            "/userinfo": lambda _form: self.userinfo,
            "/keys": self._keys,
        }[path](form)

    def _configuration(self, _form: dict[str, str]) -> dict[str, Any]:
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token"}
        paths |= {"userinfo_endpoint": "userinfo", "jwks_uri": "keys"}
        return {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in paths.items()}

    def _keys(self, _form: dict[str, str]) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [public | {"kid": "first", "alg": "RS256", "use": "sig"}]}

    def _token(self, form: dict[str, str]) -> dict[str, Any]:
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert (form["code"], form["client_secret"]) == (CODE, CLIENT_SECRET)
        assert (challenge, "S256") == (self.asked["code_challenge"], self.asked["code_challenge_method"])
        return {"access_token": "access", "token_type": "Bearer", "id_token": self._id_token()} | self.token

    def _id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": "kim-1", "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims |= {"nonce": self.asked["nonce"]} | self.claims
        how: dict[str, Any] = {"key": self.key, "algorithm": "RS256", "headers": {"kid": "first"}} | self.signed_with
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, **how)
