from django.urls import path

from . import views

app_name = "photos"
urlpatterns = [
    path("upload/", views.upload, name="upload"),
    path("gallery/", views.gallery, name="gallery"),
    path("gallery/tiles/", views.tiles, name="tiles"),
    path("photos/<uuid:photo_id>/", views.photo, name="photo"),
    path("photos/<uuid:photo_id>/delete/", views.delete, name="delete"),
    path("photos/<uuid:photo_id>/retry/", views.retry, name="retry"),
]
