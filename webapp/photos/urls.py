from django.urls import path

from . import bulk_views, gallery_views, photo_views, upload_views, views

app_name = "photos"
urlpatterns = [
    path("upload/", upload_views.upload, name="upload"),
    path("upload/begin/", upload_views.begin, name="upload_begin"),
    path("upload/addresses/", upload_views.addresses, name="upload_addresses"),
    path("upload/cancel/", upload_views.cancel, name="upload_cancel"),
    path("upload/finish/", upload_views.finish, name="upload_finish"),
    path("gallery/", gallery_views.gallery, name="gallery"),
    path("gallery/tiles/", gallery_views.tiles, name="tiles"),
    path("gallery/facets/", gallery_views.facet_counts, name="facets"),
    path("gallery/labels/", gallery_views.labels, name="labels"),
    path("gallery/months/", gallery_views.timeline_months, name="months"),
    path("photos/<uuid:photo_id>/", photo_views.photo, name="photo"),
    path("photos/bulk/", bulk_views.bulk, name="bulk"),
    path("photos/<uuid:photo_id>/trash/", bulk_views.trash_photo, name="trash_photo"),
    path("trash/", bulk_views.trash_page, name="trash"),
    path("trash/undo/", bulk_views.undo, name="undo"),
    path("trash/empty/", bulk_views.empty_trash, name="empty_trash"),
    path("photos/<uuid:photo_id>/favourite/", photo_views.favourite, name="favourite"),
    path("photos/<uuid:photo_id>/original/", photo_views.original, name="original"),
    path("photos/<uuid:photo_id>/retry/", photo_views.retry, name="retry"),
    path("photos/<uuid:photo_id>/appeal/", photo_views.appeal, name="appeal"),
    path("photos/<uuid:photo_id>/labels/add/", photo_views.add_label, name="add_label"),
    path("photos/<uuid:photo_id>/labels/deny/", photo_views.deny_label, name="deny_label"),
    path("photos/<uuid:photo_id>/labels/undo/", photo_views.undo_label, name="undo_label"),
    path("settings/photos/", views.settings, name="settings"),
]
