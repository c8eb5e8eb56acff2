from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env


def providers(env: Env) -> dict[str, Any]:
    """Who else may say who somebody is: Google, GitHub, and any one provider that speaks OpenID Connect, each when its
    variables are set. Raises ImproperlyConfigured where some of them are missing."""
    google = _variables(env, "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET")
    github = _variables(env, "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET")
    other = _variables(env, "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_SERVER_URL", "OIDC_NAME")
    return {
        "google": {"APPS": _apps(*google), "OAUTH_PKCE_ENABLED": True, "SCOPE": ["openid", "email"]},
        "github": {"APPS": _apps(*github), "OAUTH_PKCE_ENABLED": True},
        "openid_connect": {
            "APPS": _apps(*other),
            "OAUTH_PKCE_ENABLED": True,
            "SCOPE": ["openid", "email"],
            "provider_class": "webapp.accounts.oidc.Provider",
        },
    }


def _variables(env: Env, *names: str) -> list[str]:
    """Their values, or none of them."""
    values = [env.str(name, default="") for name in names]
    if any(values) and not all(values):
        missing = ", ".join(name for name, value in zip(names, values, strict=True) if not value)
        raise ImproperlyConfigured(f"Set these environment variables too, or none of their kind: {missing}")
    return values if all(values) else []


def _apps(client_id: str = "", secret: str = "", server_url: str = "", name: str = "") -> list[dict[str, Any]]:
    if not client_id:
        return []
    app: dict[str, Any] = {"client_id": client_id, "secret": secret, "settings": {}}
    if server_url:
        app |= {"provider_id": "oidc", "name": name, "settings": {"server_url": server_url.rstrip("/")}}
    return [app]
