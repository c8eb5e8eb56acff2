from django.urls import path

from . import campaign_views, views

app_name = "operations"
urlpatterns = [
    path("", views.pipeline, name="pipeline"),
    path("failures/", views.failures_of, name="failures"),
    path("labels/", views.labels, name="labels"),
    path("campaigns/", campaign_views.campaigns, name="campaigns"),
    path("campaigns/<uuid:campaign_id>/", campaign_views.campaign, name="campaign"),
]
