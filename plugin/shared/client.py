# -*- coding: utf-8 -*-
"""Speaks to the backend over HTTP: on this machine, or where the settings say that one runs.

`http.client` and not `urllib`: the latter would go through the user's web proxy.

Whoever listens where a backend should be gets neither token nor picture before it has proved that it knows the token:
each connection begins with a question of which only the two of them know the answer, and nothing else goes over a
connection on which it was not answered.
"""

import binascii
import hmac
import json
import os
import socket

from . import proof, words
from .words import _

try:
    from http.client import HTTPConnection, HTTPException, IncompleteRead
    from urllib.parse import quote
except ImportError:  # Python 2.7
    from urllib import quote

    from httplib import HTTPConnection, HTTPException, IncompleteRead

#: Seconds without a byte after which the backend counts as gone. It gives a sign of life every half second while a job
#: runs; only taking in a large picture keeps it silent for longer.
SILENCE = 30.0

_MOST = 1 << 16  # bytes of what an unknown server says of itself


class BackendError(Exception):
    """Something that the user should read: a sentence, `args[0]` (`str()` of it too in Python 3).

    `status` is the HTTP status of a refusal, None when there was no answer; `reason` then says what the network did,
    and `timed_out` that it did nothing.
    """

    def __init__(self, message, status=None, reason=None, timed_out=False):
        super(BackendError, self).__init__(message)
        self.status, self.reason, self.timed_out = status, reason, timed_out


def spoken(told, names=()):
    """What the backend tells, {"message", "template", "values"}, in the user's language where there is a translation.
    `names` are those of pictures by their ids: {id: name}."""
    values = dict((str(name), dict(names).get(value, value)) for name, value in (told.get("values") or {}).items())
    try:
        sentence = words._(told["template"])
        return sentence.format(**values) if values else sentence
    except (KeyError, ValueError, IndexError, AttributeError, TypeError):  # an older backend has no templates
        return told["message"]


class Client(object):
    """One backend. Every method raises BackendError when the backend refuses or is gone."""

    def __init__(self, host, port, token):
        self._host, self._port, self._token = host, port, token

    def health(self, timeout=2.0):
        """What the backend says of itself: version, protocol, device, queue…; and whether it has "proved" to be the one
        that the token is of. Shows it nothing."""
        connection, health = self._connect(timeout)
        connection.close()
        return health

    def shut_down(self):
        """Tells the backend to end."""
        self._json("POST", "/v1/shutdown")

    def classes(self):
        """The things that networks know by name, for dreams."""
        return self._json("GET", "/v1/classes")["classes"]

    def networks(self):
        """The networks with their layers; see docs/http.md."""
        return self._json("GET", "/v1/networks")["networks"]

    def styles(self):
        """The fast styles, dictionaries with a "name"; see docs/http.md."""
        return self._json("GET", "/v1/styles")["styles"]

    def style_thumbnail(self, name):
        """A picture in a fast style as the bytes of a PNG."""
        return self._bytes("GET", "/v1/styles/%s/thumbnail" % quote(name.encode("utf-8")))

    def forget_style(self, name):
        """Removes a fast style that did not come with Reverie."""
        self._json("DELETE", "/v1/styles/%s" % quote(name.encode("utf-8")))

    def learn(self, name, picture):
        """Has a fast style of that name learnt from a sent picture; see docs/http.md."""
        body = json.dumps({"name": name, "picture": picture}).encode("utf-8")
        self._json("POST", "/v1/lessons", body, "application/json")

    def lessons(self):
        """How the styles stand that are learnt, dictionaries with "name", "state", "fraction"…; the newest first."""
        return self._json("GET", "/v1/lessons")["lessons"]

    def stop_learning(self, name):
        """Stops a lesson."""
        self._json("DELETE", "/v1/lessons/%s" % quote(name.encode("utf-8")))

    def atlas(self, network, layer, first=0):
        """Yields what the channels of a layer like to see, from the channel `first` on: dictionaries with a "type".
        Closing the generator before the end stops the work."""
        return self._stream("/v1/networks/%s/layers/%s/atlas?first=%d" % (quote(network), quote(layer), first))

    def estimate(self, recipe, width, height, pictures, wait=True):
        """How long a recipe will take on a picture of that size, {"seconds", "reason", …}; see docs/http.md. `pictures`
        are the sizes of those that it names, {name: (width, height)}, as far as they are known. Without `wait`, a time
        that has yet to be measured is None."""
        sizes = dict((name, {"width": size[0], "height": size[1]}) for name, size in pictures.items())
        wanted = {"recipe": recipe, "width": width, "height": height, "pictures": sizes, "wait": wait}
        body = json.dumps(wanted).encode("utf-8")
        return self._json("POST", "/v1/estimate", body, "application/json")

    def add_picture(self, data):
        """Sends a picture (a .npy, or an image file's bytes); returns its id."""
        return self._json("POST", "/v1/images", data, "application/octet-stream")["id"]

    def submit(self, recipe, content, quick=False):
        """Asks for a recipe (a dictionary) to be carried out on a sent picture; returns the job's id. A quick one is
        painted between the iterations of others. Where nobody reads its events any more, since GIMP or a dialog was
        closed, it ends."""
        job = {"recipe": recipe, "content": content, "quick": quick, "cancel_on_close": True}
        return self._json("POST", "/v1/jobs", json.dumps(job).encode("utf-8"), "application/json")["id"]

    def finish(self, job):
        """Has a job end with the picture as it is by then; one that has ended already stays as it is."""
        body = json.dumps({"finish": True}).encode("utf-8")
        try:
            self._json("PATCH", "/v1/jobs/%s" % job, body, "application/json")
        except BackendError as error:
            if error.status not in (404, 409):
                raise

    def events(self, job):
        """Yields the events of a job, dictionaries with a "type". Closing the generator before the end cancels it."""
        return self._stream("/v1/jobs/%s/events" % job)

    def preview(self, job):
        """The picture so far as the bytes of a PNG."""
        return self._bytes("GET", "/v1/jobs/%s/preview" % job)

    def result(self, job):
        """The finished picture as the bytes of a .npy (a bytearray where that saves a copy)."""
        return self._bytes("GET", "/v1/jobs/%s/result" % job, read=_whole)

    def _stream(self, path):
        """Yields the dictionaries of a stream, up to the one that says that it is the last."""
        connection, response = self._open("GET", path)
        finished = False
        try:
            while not finished:
                line = self._guarded(lambda: _line(response))
                if not line:
                    raise BackendError(
                        _(
                            "The backend ended in the middle of the job. Your layer is as it was. Try again; if it "
                            "happens again, Reverie's log says why."
                        )
                    )
                try:
                    event = json.loads(line.decode("utf-8"))
                    finished = event["type"] in ("done", "failed", "cancelled")
                except (ValueError, KeyError, TypeError):
                    raise self._stranger()
                yield event
        finally:
            connection.close()

    def _json(self, method, path, body=None, kind=None, timeout=SILENCE):
        data = self._bytes(method, path, body, kind, timeout)
        try:
            return json.loads(data.decode("utf-8"))
        except ValueError:
            raise self._stranger()

    def _stranger(self):
        return BackendError(_("What answers on port %d is not Reverie's backend.") % self._port)

    def _connect(self, timeout):
        """A connection, and the health that the server at its other end tells."""
        connection = HTTPConnection(self._host, self._port, timeout=timeout)
        name = ("[%s]:%d" if ":" in self._host else "%s:%d") % (self._host, self._port)
        nonce = binascii.hexlify(os.urandom(16)).decode("ascii")

        def ask():
            connection.connect()
            connection.auto_open = 0  # what is proved is proved of this connection, and not of the next one
            connection.request("GET", "/v1/health?nonce=" + nonce, headers={"Host": name})
            response = connection.getresponse()
            return response.status, response.read(_MOST)

        try:
            status, told = self._guarded(ask)
            if status >= 400:
                raise BackendError(_message(told, status), status)
            try:
                health = json.loads(told.decode("utf-8"))
                given = str(health.get("proof")).encode("utf-8")
            except (ValueError, AttributeError, RuntimeError):  # the last, when it is nested without end
                raise self._stranger()
        except BackendError:
            connection.close()
            raise
        health["proved"] = hmac.compare_digest(given, proof.proof(self._token, name, nonce).encode("ascii"))
        return connection, health

    def _bytes(self, method, path, body=None, kind=None, timeout=SILENCE, read=lambda response: response.read()):
        connection, response = self._open(method, path, body, kind, timeout)
        try:
            return self._guarded(lambda: read(response))
        finally:
            connection.close()

    def _open(self, method, path, body=None, kind=None, timeout=SILENCE):
        """Sends a request; returns the connection and a response that is no refusal."""
        connection, health = self._connect(timeout)
        if not health["proved"]:
            connection.close()
            raise self._stranger()
        headers = {"Authorization": "Bearer " + self._token}
        if kind:
            headers["Content-Type"] = kind

        def send():
            try:
                connection.request(method, path, body, headers)
            except socket.timeout:
                raise
            except socket.error:
                # A backend that refuses a picture answers before it has all of it, and closes: its words are there.
                if connection.sock is None:
                    raise
            return connection.getresponse()

        try:
            response = self._guarded(send)
            if response.status >= 400:
                raise BackendError(_message(self._guarded(response.read), response.status), response.status)
        except BackendError:
            connection.close()
            raise
        return connection, response

    @staticmethod
    def _guarded(action):
        """Does something over the network; its failures become sentences."""
        try:
            return action()
        except socket.timeout:
            raise BackendError(
                _("The backend does not answer. Your layer is as it was. Try again in a moment."),
                reason=_("no answer"),
                timed_out=True,
            )
        except (HTTPException, socket.error, EnvironmentError) as error:
            reason = as_text(str(error) or type(error).__name__)
            raise BackendError(
                _(
                    "The connection to the backend broke (%s). Your layer is as it was. Try again; the backend is "
                    "started anew if it ended."
                )
                % reason,
                reason=reason,
            )


def as_text(value):
    """Text for a sentence. Paths and the system's words are bytes in Python 2.7, and do not mix with text there; and a
    file's name may be no text in any language, which no window could show."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.encode("utf-8", "replace").decode("utf-8")


def _whole(response):
    """All bytes of a large response. Python's own `read` holds it twice, while it puts the pieces together."""
    if response.length is None or not hasattr(response, "readinto"):  # Python 2.7
        return response.read()
    body = bytearray(response.length)
    if response.readinto(body) < len(body):
        raise IncompleteRead(b"")
    return body


def _line(response):
    """The next line of a response; empty at its end."""
    if hasattr(response, "readline"):
        return response.readline()
    line = b""  # Python 2.7
    while not line.endswith(b"\n"):
        byte = response.read(1)
        if not byte:
            break
        line += byte
    return line


def _message(body, status):
    """The sentence in a refusal."""
    try:
        return spoken(json.loads(body.decode("utf-8"))["error"])
    except (ValueError, KeyError, TypeError):
        return _("The backend refused the request (HTTP status %d).") % status
