# -*- coding: utf-8 -*-
"""One job from the plug-in's side: what is sent, what is told, what comes back. Knows no GIMP."""

from __future__ import unicode_literals

import os

from . import npy
from .client import BackendError, as_text, spoken
from .refusals import UNREADABLE
from .words import _


class Job(object):
    """What the user asks for.

    `content` is the picture that is worked on, until it is sent; `pictures` are those that the recipe refers to, by the
    names that it has for them (paths, names of layers); both are bytes (.npy or an image file). `number` is what the
    backend calls it, None before it is sent.
    """

    def __init__(self, content, pictures, recipe):
        self.content, self.pictures, self.recipe = content, pictures, recipe
        self.number = None


def read_file(path):
    """The bytes of a style picture. Raises BackendError when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (IOError, OSError) as error:
        raise BackendError(UNREADABLE % (as_text(path), as_text(error.strerror)))


def run(client, job, tell, previews=False, quick=False):
    """Sends the job, calls `tell` with each event of the job, and returns (samples as a memoryview, recipe as carried
    out).

    With `previews`, those events have the picture so far as "png"; without, they are left out. A `quick` job, of a
    small picture, waits for no other. What `tell` raises ends the job, on the backend's side too. Raises BackendError
    when the job fails.
    """
    content = client.add_picture(job.content)
    job.content = None  # it may be hundreds of megabytes, and the result is as many
    ids = dict((name, client.add_picture(data)) for name, data in job.pictures.items())
    names = dict((number, name) for name, number in ids.items())
    job.number = number = client.submit(_renamed(job.recipe, ids), content, quick)
    events = client.events(number)
    try:
        for event in events:
            if event["type"] == "failed":
                raise BackendError(_said(event, names))
            if event["type"] == "cancelled":
                raise BackendError(_("The job was cancelled. Your layer is as it was."))
            if event["type"] == "preview" and not (previews and _fetch_preview(client, number, event)):
                continue
            if event["type"] == "warning":
                event["message"] = _said(event, names)
            tell(event)
            if event["type"] == "done":
                recipe = _carried_out(event, names, job.recipe, ids)
                return _samples(client.result(number)), recipe
    finally:
        events.close()
    raise _without_a_result()


def _said(event, names):
    try:
        said = spoken(event, names)
    except (KeyError, TypeError, AttributeError):
        said = None
    if not said or not isinstance(said, type("")):  # damaged on its way
        raise _without_a_result()
    return said


def _carried_out(event, names, asked, ids):
    try:
        return _as_asked(_renamed(event["recipe"], names), asked, ids)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _without_a_result()


def _samples(result):
    try:
        return npy.unpack(result)[0]
    except ValueError:
        raise _without_a_result()


def _without_a_result():
    return BackendError(_("The backend ended the job without a result. Try again."))


#: The fields of a recipe that name pictures, within the entries of a list and by themselves.
_IN_LISTS = (("style", "image"), ("style", "mask"), ("dream", "guide"))
_ALONE = ("content_mask", "init")
_NO_PICTURE = (None, "content", "noise")


def references(recipe):
    """The names of the pictures that a recipe refers to, those of frames left out."""
    found = [entry.get(name) for field, name in _IN_LISTS for entry in recipe.get(field) or []]
    return [name for name in found + [recipe.get(field) for field in _ALONE] if name not in _NO_PICTURE]


def _renamed(recipe, names):
    """The recipe with other names for the pictures of its styles, masks, guides and frames."""
    recipe = dict(recipe)
    for field, reference in _IN_LISTS:
        if recipe.get(field):
            recipe[field] = [
                dict(entry, **{str(reference): names[entry[reference]]}) if entry.get(reference) else dict(entry)
                for entry in recipe[field]
            ]
    for field in _ALONE:
        if recipe.get(field) not in _NO_PICTURE:
            recipe[field] = names[recipe[field]]
    if recipe.get("before"):
        recipe["before"] = dict((field, names[name]) for field, name in recipe["before"].items())
    return recipe


def _as_asked(recipe, asked, ids):
    """The recipe as carried out, its pictures by the names that were asked for: two of equal bytes have one id, which
    leads back to only one name. `ids` are those of all names."""
    for field, reference in (("style", "image"), ("style", "mask"), ("dream", "guide")):
        for entry, wanted in zip(recipe.get(field) or [], asked.get(field) or []):  # noqa: B905 - Python 2.7
            name = wanted.get(reference)
            if name and ids[name] == ids.get(entry.get(reference)):
                entry[str(reference)] = name
    if asked.get("before"):
        recipe["before"] = dict(asked["before"])
    return recipe


def _fetch_preview(client, number, event):
    """Puts the picture so far into the event; False when it is gone, because the job has ended meanwhile."""
    try:
        event["png"] = client.preview(number)
    except BackendError as error:
        if error.status != 404:
            raise
        return False
    return True


def status(event):
    """What a job is at, in words, as its event tells; None where that tells nothing of it."""
    if event["type"] == "starting":
        return _("Starting Reverie's backend, %d s") % event["seconds"]
    if event["type"] == "fetching":
        size = event["total"] // 10**6
        return _("Fetching the network's weights (%d MB; licence: %s)") % (size, event["licence"])
    if event["type"] == "queued" and event["position"]:
        return _("Waiting: the backend is busy with something else, which comes first.")
    if event["type"] == "progress":
        return _("Painting, %s") % time_left(event["seconds_left"])
    return None


def time_left(seconds):
    """A rough remaining time in words."""
    if seconds < 5:
        return _("a few seconds left")
    if seconds < 60:
        return _("%d seconds left") % (5 * int(round(seconds / 5.0)))
    minutes = int(round(seconds / 60.0))
    return _("1 minute left") if minutes == 1 else _("%d minutes left") % minutes


def duration(seconds):
    """A rough time in words."""
    if seconds < 1.5:
        return _("about a second")
    if seconds < 60:
        return _("about %d seconds") % (int(round(seconds)) if seconds < 15 else 5 * int(round(seconds / 5.0)))
    minutes = int(round(seconds / 60.0))
    if minutes < 90:
        return _("about a minute") if minutes == 1 else _("about %d minutes") % minutes
    return _("about %d hours") % int(round(minutes / 60.0))


def short_name(path):
    """A file's name without folder and ending, for a layer's name."""
    return as_text(os.path.splitext(os.path.basename(path))[0])
