"""The site's addresses with those that the local settings add."""

from django.urls import include, path

from webapp.urls import urlpatterns as site_patterns

urlpatterns = [*site_patterns, path("dev/", include("webapp.devstack.urls"))]
