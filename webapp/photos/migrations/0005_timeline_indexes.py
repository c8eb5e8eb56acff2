from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    # Apart from the rows that 0004 fills: PostgreSQL alters no table with changes of the same transaction pending.
    dependencies = [("photos", "0004_timeline_and_trash")]

    operations = [
        migrations.AlterField(
            "photo",
            "timeline_at",
            models.DateTimeField(help_text="Where it stands in the timeline: taken then, or else uploaded."),
        ),
        migrations.AlterField("photolabel", "timeline_at", models.DateTimeField()),
        migrations.AddIndex(
            "photo", models.Index(fields=["owner", "-timeline_at", "-id"], name="photo_timeline")
        ),
        migrations.AddIndex(
            "photo", models.Index(fields=["owner", "status", "-timeline_at", "-id"], name="photo_by_status")
        ),
        migrations.AddIndex(
            "photo",
            models.Index(
                fields=["owner", "-timeline_at", "-id"], condition=Q(favourite=True), name="photo_favourites"
            ),
        ),
        migrations.AddIndex(
            "photo",
            models.Index(fields=["trashed_at"], condition=Q(trashed_at__isnull=False), name="photo_trash"),
        ),
        migrations.AddIndex(
            "photolabel",
            models.Index(fields=["owner", "name", "-timeline_at", "-photo"], name="photolabel_timeline"),
        ),
        migrations.AddConstraint(
            "photo",
            models.CheckConstraint(
                condition=Q(cleared=False) | Q(status="ready", trashed_at__isnull=True), name="photo_cleared_is_ready"
            ),
        ),
    ]
