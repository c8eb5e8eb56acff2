from django.urls import path

from . import views

app_name = "devstack"
urlpatterns = [
    path("inbox/", views.show_inbox, name="inbox"),
    path("inbox/<slug:message_id>/", views.show_message, name="message"),
]
