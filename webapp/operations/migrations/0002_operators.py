from typing import Any

from django.db import migrations

# To see why a photo failed, to run it again, and to act on dead letters; not to delete.
MAY = {"view_photo": "Can view photo", "change_photo": "Can change photo"}


def let_operators(apps: Any, _schema_editor: Any) -> None:
    """Django itself makes permissions behind all migrations, and takes those that are there."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="photos", model="photo"
    )
    permissions = apps.get_model("auth", "Permission").objects
    operators, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Operators")
    for codename, name in MAY.items():
        permission, _ = permissions.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
        operators.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0001_initial"),
        ("accounts", "0007_roles"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(let_operators, migrations.RunPython.noop)]
