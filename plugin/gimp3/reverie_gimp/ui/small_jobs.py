"""Small jobs for pictures in a dialog: what one sees before anything is painted. Weights are never fetched for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shared import jobs, npy
from shared.client import BackendError, Client
from shared.words import _

_QUICK = 10**6  # pixels of a picture that the backend paints between those of a longer job


def carry_out(job: jobs.Job, client: Client, tell: Callable[[dict[str, Any]], None]) -> None:
    """The task of a thread: tells the job's events, and at last its “result” with the “picture” as 8-bit RGBA samples,
    width and height."""
    _refuse_download(client, job.recipe)
    width, height = npy.unpack(job.content)[1:3]
    samples, _recipe = jobs.run(client, job, tell, previews=True, quick=width * height <= _QUICK)
    tell({"type": "result", "picture": (bytes(samples), width, height)})


def _refuse_download(client: Client, recipe: dict[str, Any]) -> None:
    """Raises BackendError where the backend would have to fetch weights first: that is only done when OK is pressed."""
    one_pass = recipe.get("fast") and not recipe.get("style")
    if one_pass or recipe.get("method", "optimise") != "optimise":
        return
    named = any(dream.get("class_name") for dream in recipe.get("dream") or [])
    if recipe.get("network", "auto") == "auto":
        fit = [row for row in client.networks() if "logits" in row["layers"] or not named]
    else:
        fit = [row for row in client.networks() if row["name"] == recipe["network"]]
    if fit and not any(row["available"] for row in fit):
        raise BackendError(_("No preview: the network's weights are not on this machine. Painting fetches them first."))
