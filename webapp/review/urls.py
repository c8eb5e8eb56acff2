from django.urls import path

from . import views

app_name = "review"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("<uuid:case_id>/", views.decide, name="decide"),
    path("undo/", views.undo, name="undo"),
    path("stop/", views.stop, name="stop"),
    path("log/", views.log, name="log"),
]
