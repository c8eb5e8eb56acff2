from django.urls import path

from pipeline_lambdas.photo_pipeline import contract

from . import arranging, links, shared, shared_report, views

app_name = "albums"
A_PHOTO = "s/<str:token>/<str:entry_id>/"
urlpatterns = [
    path("albums/", views.albums, name="albums"),
    path("albums/add/", views.add, name="add"),
    path("albums/choice/", views.choice, name="choice"),
    path("albums/<uuid:album_id>/", views.album, name="album"),
    path("albums/<uuid:album_id>/rename/", views.rename, name="rename"),
    path("albums/<uuid:album_id>/remove/", views.remove, name="remove"),
    path("albums/<uuid:album_id>/delete/", views.delete, name="delete"),
    path("albums/<uuid:album_id>/arrange/", arranging.arrange, name="arrange"),
    path("albums/<uuid:album_id>/links/", links.links, name="links"),
    path("albums/<uuid:album_id>/links/<int:link_id>/revoke/", links.revoke, name="revoke"),
    path("photos/<uuid:photo_id>/share/", links.share_photo, name="share_photo"),
    path("s/<str:token>/", shared.album, name="shared"),
    path(A_PHOTO, shared.photo, name="shared_photo"),
    path(f"{A_PHOTO}report/", shared_report.report, name="shared_report"),
    path(f"{A_PHOTO}thumb.webp", shared.picture, {"rendition": contract.THUMB}, name="shared_thumb"),
    path(f"{A_PHOTO}display.webp", shared.picture, {"rendition": contract.DISPLAY}, name="shared_display"),
]
