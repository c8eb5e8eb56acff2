"""OpenID Connect as its specification asks for: allauth trusts the connection where this looks at the signature too."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jwt
import requests
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

# By a key of the provider's that nobody else has: no shared secret, and not "none".
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
LEEWAY = 60  # seconds, for clocks that differ


class Client(OAuth2Client):
    def get_redirect_url(self, authorization_url: str, scope: list[str], extra_params: dict[str, str]) -> str:
        """The nonce is PKCE's challenge: made for this login alone, and known again from what the session keeps."""
        params = extra_params | {"nonce": extra_params["code_challenge"]}
        url: str = super().get_redirect_url(authorization_url, scope, params)
        return url


def challenge_of(verifier: str) -> str:
    """PKCE's challenge (S256) of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Adapter(OpenIDConnectOAuth2Adapter):
    client_class = Client
    nonce = ""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Where it answers no question, its person is told, on the way there and on the way back."""
        try:
            config: dict[str, Any] = super().openid_config
        except requests.RequestException as error:
            page = render_authentication_error(self.request, self.get_provider(), exception=error)
            raise ImmediateHttpResponse(page) from error
        return config

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Client, pkce_code_verifier: str | None = None
    ) -> Any:
        self.nonce = challenge_of(pkce_code_verifier or "")
        return super().get_access_token_data(request, app, client, pkce_code_verifier)

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> SocialLogin:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("the provider sent no id_token")
        login: SocialLogin = super().complete_login(request, app, token, **kwargs)
        told = login.account.extra_data
        if told["userinfo"].get("sub") != told["id_token"]["sub"]:
            raise OAuth2Error("userinfo is about somebody else")
        return login

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key=self._key(id_token),
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=LEEWAY,
                options={"require": REQUIRED},
            )
        except jwt.PyJWTError as error:
            raise OAuth2Error("the id_token is not good") from error
        if not constant_time_compare(claims["nonce"], self.nonce):
            raise OAuth2Error("the id_token is of another login")
        return claims

    def _key(self, id_token: str) -> jwt.PyJWK:
        """The provider's key that the token says to be signed with."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        keys = jwt.PyJWKSet.from_dict(answer.json()).keys
        name = jwt.get_unverified_header(id_token).get("kid")
        found = [key for key in keys if name in (key.key_id, None)]
        if len(found) != 1:
            raise OAuth2Error("the provider has no such key")
        return found[0]


class Provider(OpenIDConnectProvider):
    oauth2_adapter_class = Adapter

    def extract_email_addresses(self, data: dict[str, Any]) -> list[EmailAddress]:
        """Some say "false" in words, which is no more true than false."""
        found: list[EmailAddress] = super().extract_email_addresses(data)
        for each in found:
            each.verified = each.verified in (True, "true")
        return found


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """allauth's, with the adapter from above."""
    try:
        answer: HttpResponse = OAuth2CallbackView.adapter_view(Adapter(request, provider_id))(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return answer
