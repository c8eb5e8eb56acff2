from allauth.account.signals import password_changed, password_set
from allauth.usersessions.apps import UserSessionsConfig
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "webapp.accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from . import checks, signals  # noqa: F401  connects them


class SessionsConfig(UserSessionsConfig):
    """allauth's, but `signals` notes a login: it takes those as well that did not come over the network."""

    def ready(self) -> None:
        from allauth.usersessions.signals import on_password_changed

        for changed in (password_changed, password_set):
            changed.connect(on_password_changed)
