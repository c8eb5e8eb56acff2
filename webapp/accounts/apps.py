from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "webapp.accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from . import signals  # noqa: F401  connects them
