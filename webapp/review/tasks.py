from celery import shared_task

from . import telling


@shared_task
def tell_owners() -> int:
    """Tell owners of decisions that can no longer be undone; how many."""
    return telling.tell_due()
