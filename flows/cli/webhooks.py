"""kiyome webhooks"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.moments import tell_moment
from flows.cli.opening import opened
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.webhooks.subscriptions import Webhook


@click.group()
def webhooks() -> None:
    """Tell other systems what happens here, with signed requests.

    The review page's server sends them (`kiyome review`, `kiyome up`). Where it does not run all
    the time, run `kiyome webhooks send` from cron. docs/webhooks.md tells receivers how to verify.
    """


@webhooks.command("add")
@click.argument("url")
@click.option("--topic", "topics", multiple=True, help="Only this topic; may be repeated.")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="File with a secret that the receiver has already (whsec_…).",
)
@workspace_option
def add(
    url: str, topics: tuple[str, ...], secret_file: Path | None, workspace: Path | None
) -> None:
    """Tell URL what happens from now on, and print the secret that signs it.

    Topics: ruling.taken, ruling.undone, takedown.acknowledged, release.published, run.finished,
    run.failed. Without --topic it is told of all.
    """
    from models.accounts.events import COMMAND_LINE
    from models.webhooks.posting import rules_of
    from models.webhooks.subscriptions import add_webhook

    given = secret_file.read_text("utf-8", "replace").strip() if secret_file else ""
    with opened(workspace, create=True) as (settings, database):
        rules = rules_of(settings)
        with database.transaction() as session:
            made, secret = add_webhook(session, url, topics, COMMAND_LINE, rules, given)
    click.echo(f"Webhook {made.id}: {made.origin}")
    if not given:
        click.echo("Its secret, shown this once:")
        click.echo(f"  {secret}")


@webhooks.command("list")
@click.option("--deliveries", is_flag=True, help="Also the last ten deliveries of each.")
@workspace_option
def list_them(deliveries: bool, workspace: Path | None) -> None:
    """List the webhooks, with what waits and what was given up."""
    from models.webhooks.deliveries import list_deliveries
    from models.webhooks.subscriptions import list_webhooks

    with opened(workspace) as (_, database), database.snapshot() as session:
        found = list_webhooks(session)
        sent = {each.id: list_deliveries(session, each.id, limit=10) for each in found}
    for each in found:
        click.echo(_describe(each))
        for one in sent[each.id] if deliveries else ():
            why = f"  {one.failure} {one.status or ''}".rstrip()
            click.echo(f"    {one.number:>6}  {one.topic}  {one.state}{why}  {one.id}")
    if not found:
        click.echo("No webhooks.")


@webhooks.command("test")
@click.argument("webhook_id")
@workspace_option
def test(webhook_id: str, workspace: Path | None) -> None:
    """Send a test event to WEBHOOK_ID now, after what waits for it, and say what came of it."""
    from models.errors import WebhookError
    from models.webhooks.deliveries import find_delivery
    from models.webhooks.handing import hand_test
    from models.webhooks.sending import make_sender
    from models.webhooks.subscriptions import find_webhook

    with opened(workspace) as (settings, database):
        sender = make_sender(database, settings)
        with database.transaction() as session:
            find_webhook(session, webhook_id)
            delivery_id = hand_test(session, webhook_id, settings.webhook_days)
        sender.send_to(webhook_id)
        with database.snapshot() as session:
            done = find_delivery(session, delivery_id)
    if done is not None and done.state == "delivered":
        click.echo(f"Taken, with status {done.status}.")
        return
    why = f"{done.failure} {done.status or ''}".strip() if done and done.failure else ""
    raise WebhookError(
        f"It was not taken: {why}." if why else "It was not sent yet.",
        "It is tried again. `kiyome webhooks list --deliveries` shows what waits before it.",
    )


@webhooks.command("remove")
@click.argument("webhook_id")
@workspace_option
def remove(webhook_id: str, workspace: Path | None) -> None:
    """Tell WEBHOOK_ID nothing more; what waited for it is dropped."""
    from models.accounts.events import COMMAND_LINE
    from models.webhooks.subscriptions import remove_webhook

    with opened(workspace) as (_, database), database.transaction() as session:
        remove_webhook(session, webhook_id, COMMAND_LINE)
    click.echo("Removed.")


@webhooks.command("resume")
@click.argument("webhook_id")
@click.option("--pause", is_flag=True, help="Send nothing more until it is resumed.")
@workspace_option
def resume(webhook_id: str, pause: bool, workspace: Path | None) -> None:
    """Send to WEBHOOK_ID again, and try again what was given up."""
    from models.accounts.events import COMMAND_LINE
    from models.webhooks.deliveries import send_again
    from models.webhooks.subscriptions import pause_webhook, resume_webhook

    again = 0
    with opened(workspace) as (settings, database), database.transaction() as session:
        if pause:
            pause_webhook(session, webhook_id, COMMAND_LINE)
        else:
            resume_webhook(session, webhook_id, COMMAND_LINE)
            again = send_again(session, webhook_id, COMMAND_LINE, settings.webhook_days)
    click.echo("Paused." if pause else f"Resumed; {again} that were given up are tried again.")


@webhooks.command("send")
@workspace_option
def send(workspace: Path | None) -> None:
    """Send what is due, once, and stop. Several at a time do no harm."""
    from models.webhooks.sending import make_sender
    from models.webhooks.subscriptions import list_webhooks

    with opened(workspace) as (settings, database):
        make_sender(database, settings).send_now()
        with database.snapshot() as session:
            found = list_webhooks(session)
    for each in found:
        click.echo(_describe(each))


def _describe(each: Webhook) -> str:
    topics = ", ".join(each.topics) or "all topics"
    state = "" if each.paused_ms is None else f", paused since {tell_moment(each.paused_ms)}"
    last = f", last taken {tell_moment(each.delivered_ms)}" if each.delivered_ms else ""
    counts = f"{each.waiting} wait, {each.dead} given up"
    return f"{each.id}  {each.origin}  {topics}: {counts}{last}{state}"
