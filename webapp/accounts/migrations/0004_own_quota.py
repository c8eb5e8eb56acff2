from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_keep_place"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="quota_bytes",
            field=models.PositiveBigIntegerField(
                blank=True, help_text="Empty: as much as everybody.", null=True, verbose_name="bytes at most"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="quota_photos",
            field=models.PositiveIntegerField(
                blank=True, help_text="Empty: as many as everybody.", null=True, verbose_name="photos at most"
            ),
        ),
    ]
