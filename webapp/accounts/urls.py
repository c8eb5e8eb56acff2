from django.urls import path

from . import views

urlpatterns = [
    path("notifications/", views.settings_notifications, name="settings_notifications"),
    path("email/stop/<str:token>/", views.stop_email_change, name="settings_stop_email_change"),
    path("devices/<int:session_id>/end/", views.end_session, name="settings_end_session"),
]
