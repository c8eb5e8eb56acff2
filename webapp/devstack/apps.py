from django.apps import AppConfig


class DevstackConfig(AppConfig):
    name = "webapp.devstack"
    verbose_name = "local stack"
