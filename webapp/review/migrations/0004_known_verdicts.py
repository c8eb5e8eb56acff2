from django.db import migrations
from django.db.models import F
from django.utils import timezone


def write_down(apps, _schema_editor):
    """What was decided so far, the oldest first: for copies of one file the last decision holds. Where there is no
    moment nobody decided, and a copy was taken for what another one was; databases differ in where they put such."""
    Case, Verdict = apps.get_model("review", "Case"), apps.get_model("review", "Verdict")
    decided = Case.objects.filter(photo__review__in=["approved", "rejected"]).exclude(photo__sha256="")
    oldest_first = decided.select_related("photo").order_by(F("decided_at").asc(nulls_first=True), "pk")
    for case in oldest_first.iterator(chunk_size=500):
        Verdict.objects.create(
            owner_id=case.owner_id,
            sha256=case.photo.sha256,
            review=case.photo.review,
            reason=case.reason,
            decided_by_id=case.decided_by_id,
            decided_at=case.decided_at or timezone.now(),
            appealed_at=None if case.is_open else case.appealed_at,
            is_settled=True,  # what people decided about copies, each by itself, stays
        )


class Migration(migrations.Migration):
    dependencies = [("review", "0003_verdicts")]
    operations = [migrations.RunPython(write_down, migrations.RunPython.noop)]
