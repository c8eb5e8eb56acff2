from django.urls import path

from webapp.notices.views import send_test_notice

from . import address_views, data_views, notice_views, views

urlpatterns = [
    path("notifications/", views.settings_notifications, name="settings_notifications"),
    path("notifications/test/", send_test_notice, name="send_test_notice"),
    path("phone/code/", notice_views.send_phone_code, name="send_phone_code"),
    path("phone/confirm/", notice_views.confirm_phone, name="confirm_phone"),
    path("mail/again/", notice_views.resume_mail, name="resume_mail"),
    path("email/agree/<str:token>/", address_views.agree_to_email_change, name="settings_agree_to_email_change"),
    path("email/second-factor/", address_views.agree_by_second_factor, name="settings_agree_by_second_factor"),
    path("email/stop/<str:token>/", views.stop_email_change, name="settings_stop_email_change"),
    path("devices/<int:session_id>/end/", views.end_session, name="settings_end_session"),
    path("data/", data_views.settings_data, name="settings_data"),
    path("data/export/", data_views.begin_export, name="begin_export"),
    path("data/export/cancel/", data_views.cancel_export, name="cancel_export"),
    path("data/export/<uuid:export_id>/", data_views.download_export, name="download_export"),
    path("data/delete/", data_views.close_account, name="close_account"),
    path("data/keep/", data_views.keep_account, name="keep_account"),
]
