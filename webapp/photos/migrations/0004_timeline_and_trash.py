from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


def fill(apps, _schema_editor):
    photo, label = apps.get_model("photos", "Photo"), apps.get_model("photos", "PhotoLabel")
    photo.objects.update(timeline_at=Coalesce("taken_at", "uploaded_at"))
    its_photo = photo.objects.filter(pk=OuterRef("photo"))
    label.objects.update(timeline_at=Subquery(its_photo.values("timeline_at")[:1]))


class Migration(migrations.Migration):
    dependencies = [("photos", "0003_sweep_cursor")]

    operations = [
        migrations.RemoveConstraint("photo", "photo_cleared_is_ready"),
        migrations.RemoveIndex("photolabel", "photolabel_filter"),
        migrations.AddField("photo", "favourite", models.BooleanField(default=False)),
        migrations.AddField("photo", "timeline_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "photo",
            "trashed_at",
            models.DateTimeField(null=True, blank=True, help_text="Its owner threw it away then."),
        ),
        migrations.AddField("photolabel", "timeline_at", models.DateTimeField(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
