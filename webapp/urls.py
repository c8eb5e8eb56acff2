from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from webapp.accounts import notice_views
from webapp.notices import listing

from . import views

# Staff log in where everyone does: with its rate limits and verified address.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.enable_nav_sidebar = False  # the tables have pictures and need the room

handler400 = "webapp.views.bad_request"
urlpatterns = [
    path("", views.home, name="home"),
    path("", include("webapp.photos.urls")),
    path("", include("webapp.albums.urls")),
    path("notices/", listing.notices, name="notices"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("accounts/", include("webapp.accounts.provider_urls")),
    path("unsubscribe/<str:token>/", notice_views.unsubscribe, name="unsubscribe"),
    path("settings/", include("webapp.accounts.urls")),
    path("admin/review/", include("webapp.review.urls")),
    path("admin/cost/", include("webapp.costs.urls")),
    path("admin/pipeline/", include("webapp.operations.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", set_language, name="set_language"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    *(path(prefix, include(urlconf)) for prefix, urlconf in settings.EXTRA_URLS),
]
