"""The apps for Python's servers: WSGI, and the same as ASGI."""

import json

HELLO = b"Hello, World!"
BLOCKS = [
    b"<!doctype html><title>Hello</title>\n",
    b"<p>Hello, World! This came as soon as it was made.\n",
    b"<p>And this is the end of it.\n",
]
TEXT = "text/plain"
JSON = "application/json"


def wsgi_hello(environ, start_response):
    start_response("200 OK", [("Content-Type", TEXT), ("Content-Length", str(len(HELLO)))])
    return [HELLO]


def wsgi_stream(environ, start_response):
    start_response("200 OK", [("Content-Type", TEXT)])
    yield BLOCKS[0]
    yield BLOCKS[1]
    yield BLOCKS[2]


def wsgi_echo(environ, start_response):
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    answer = dump(json.loads(body))
    start_response("200 OK", [("Content-Type", JSON), ("Content-Length", str(len(answer)))])
    return [answer]


def dump(value):
    """As JavaScript writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def head(content_type, length=None):
    headers = [(b"content-type", content_type.encode())]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": 200, "headers": headers}


def block(body, more_body=False):
    return {"type": "http.response.body", "body": body, "more_body": more_body}


async def asgi_hello(scope, receive, send):
    await send(head(TEXT, len(HELLO)))
    await send(block(HELLO))


async def asgi_stream(scope, receive, send):
    await send(head(TEXT))
    for body in BLOCKS:
        await send(block(body, True))
    await send(block(b""))


async def asgi_echo(scope, receive, send):
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    answer = dump(json.loads(body))
    await send(head(JSON, len(answer)))
    await send(block(answer))
