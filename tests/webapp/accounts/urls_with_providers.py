"""The site's addresses where every provider is set up."""

from django.urls import include, path

from webapp import urls
from webapp.accounts.provider_urls import OF_PROVIDER, patterns_for

handler400 = urls.handler400
everything = patterns_for({name: {"APPS": [{}]} for name in OF_PROVIDER})
urlpatterns = [path("accounts/", include(everything)), *urls.urlpatterns]
