from celery import shared_task

from . import telling, verdicts


@shared_task
def tell_owners() -> int:
    """Tell owners of decisions that can no longer be undone; how many. Before that, have copies of what was decided
    follow that did not yet."""
    verdicts.settle_left()
    return telling.tell_due()
