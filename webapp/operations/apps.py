from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "webapp.operations"
    verbose_name = "Operations"

    def ready(self) -> None:
        from . import reports  # noqa: F401  notes each sweep
