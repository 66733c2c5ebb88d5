# -*- coding: utf-8 -*-
"""One job from the plug-in's side: what is sent, what is told, what comes back. Knows no GIMP."""

import os

from . import npy
from .client import BackendError


class Order(object):
    """What the user asked for: a recipe whose style's picture is still to be sent.

    `content` and `style` are the bytes of pictures (.npy or an image file), `style_name` is for people.
    """

    def __init__(self, content, style, style_name, recipe):
        self.content, self.style, self.style_name, self.recipe = content, style, style_name, recipe


def read_file(path):
    """The bytes of a style picture. Raises BackendError when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (IOError, OSError) as error:
        raise BackendError("The style picture “%s” cannot be read: %s." % (path, error.strerror))


def carry_out(client, order, tell):
    """Sends the order, calls `tell` with each event of the job, and returns (samples, recipe as carried out).

    What `tell` raises ends the job, on the backend's side too. Raises BackendError when the job fails.
    """
    content = client.add_picture(order.content)
    style = dict(order.recipe["style"][0], image=client.add_picture(order.style))
    job = client.submit(dict(order.recipe, style=[style]), content)
    events = client.events(job)
    try:
        for event in events:
            if event["type"] == "failed":
                raise BackendError(event["message"])
            if event["type"] == "cancelled":
                raise BackendError("The job was cancelled. Your image is as it was.")
            if event["type"] == "preview":
                event["png"] = client.preview(job)
            tell(event)
            if event["type"] == "done":
                recipe = dict(event["recipe"], style=[dict(style, image=order.style_name)])
                return npy.unpack(client.result(job))[0], recipe
    finally:
        events.close()
    raise BackendError("The backend ended the job without a result. Try again.")


def time_left(seconds):
    """A rough remaining time in words."""
    if seconds < 5:
        return "a few seconds left"
    if seconds < 60:
        return "%d seconds left" % (5 * int(round(seconds / 5.0)))
    minutes = int(round(seconds / 60.0))
    return "1 minute left" if minutes == 1 else "%d minutes left" % minutes


def short_name(path):
    """A file's name without folder and ending, for a layer's name."""
    return os.path.splitext(os.path.basename(path))[0]
