from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("photos", "0005_timeline_indexes")]

    operations = [
        migrations.AddField(
            "batch", "is_open", models.BooleanField(default=False, help_text="More photos may join it.")
        ),
    ]
