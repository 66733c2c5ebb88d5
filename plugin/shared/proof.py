# -*- coding: utf-8 -*-
"""How a backend proves that it knows its token, before anybody shows it."""

import hashlib
import hmac


def proof(token, host, nonce):
    """What only one who knows the token can say to a number used once: hexadecimal digits.

    `host` is the name and port by which the backend was asked ("127.0.0.1:7870", the Host of HTTP): it answers to its
    own alone, so that nobody on another port can pass the question on to it. All three are text; the token and the
    host are ASCII.
    """
    told = "Reverie %s %s" % (host, nonce)
    return hmac.new(token.encode("utf-8"), told.encode("utf-8"), hashlib.sha256).hexdigest()
