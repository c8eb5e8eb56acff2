from django.urls import path

from . import views

urlpatterns = [path("notifications/", views.settings_notifications, name="settings_notifications")]
