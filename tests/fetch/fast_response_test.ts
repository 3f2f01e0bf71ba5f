/** `FastResponse` beside the runtime's own `Response`: each member, made in each way, and sent. */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { FastResponse, fromFetch, installFastResponse } from "../../src/fetch/mod.ts";
import { testClient } from "../../src/testing/mod.ts";

type ResponseClass = typeof Response;
type Fields = NonNullable<ConstructorParameters<typeof Headers>[0]>;

/** Bun tells no media type of a string. */
const tellsType = new Response("a").headers.has("content-type");

function streamOf(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

/** Ways to make a response. */
const MADE: Readonly<Record<string, (Class: ResponseClass) => Response>> = {
  "no body": (Class) => new Class(),
  "null": (Class) => new Class(null, { status: 204 }),
  "undefined": (Class) => new Class(undefined, undefined),
  "a string": (Class) => new Class("aé€"),
  "an empty string": (Class) => new Class(""),
  "a lone surrogate": (Class) => new Class("a\ud800b"),
  "a byte order mark": (Class) => new Class("\ufeffa"),
  JSON: (Class) => new Class(`{"a":1}`, { headers: { "Content-Type": "application/json" } }),
  bytes: (Class) => new Class(new Uint8Array([97, 98])),
  "the field of a stream": (Class) =>
    new Class("a", { headers: { "Content-Type": "a/b", "Transfer-Encoding": "chunked" } }),
  "a part of a buffer": (Class) => new Class(new Uint8Array([97, 98, 99, 100]).subarray(1, 3)),
  "a view": (Class) => new Class(new DataView(new Uint8Array([97, 98, 99]).buffer, 1)),
  "a buffer": (Class) => new Class(new Uint8Array([97]).buffer),
  "search parameters": (Class) => new Class(new URLSearchParams({ a: "1" })),
  "a blob": (Class) => new Class(new Blob(["abc"], { type: "a/b" })),
  "a stream": (Class) => new Class(streamOf("abc")),
  "a number": (Class) => new Class(5 as unknown as string),
  "a status and a phrase": (Class) => new Class("a", { status: 404, statusText: "Not Here" }),
  "a plain object of fields": (Class) =>
    new Class("a", { headers: { "X-B": "2", "x-a": "1", "Content-Type": "a/b" } }),
  "spaces around a value": (Class) => new Class("a", { headers: { "X-A": " 1\t" } }),
  "names in two cases": (Class) => new Class("a", { headers: { "X-A": "1", "x-a": "2" } }),
  "a list of fields": (Class) =>
    new Class("a", { headers: [["X-A", "1"], ["x-a", "2"], ["Set-Cookie", "a"]] }),
  "a value that is a number": (Class) =>
    new Class("a", { headers: { "X-A": 1 } as unknown as Fields }),
  "Headers with cookies": (Class) =>
    new Class("a", { headers: new Headers([["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]]) }),
  "another response": (Class) =>
    new Class("b", new Class("a", { status: 201, statusText: "Made", headers: { "X-A": "1" } })),
  "the parts of another response": (Class) => {
    const old = new Class("abc", { status: 201, headers: { "X-A": "1" } });
    old.headers.set("X-B", "2");
    return new Class(old.body, old);
  },
  "a response of the runtime": (Class) => new Class("b", new Response("a", { status: 202 })),
  "static json": (Class) => Class.json({ a: [1] }),
  "static json with fields": (Class) =>
    Class.json("é", { status: 201, headers: { "X-A": "1", "Content-Type": "a/json" } }),
  "static redirect": (Class) => Class.redirect("http://localhost/a", 307),
  "static error": (Class) => Class.error(),
  "a clone": (Class) => new Class("abc", { headers: { "X-A": "1" } }).clone(),
  "a clone of bytes": (Class) => new Class(new Uint8Array(3)).clone(),
  "a clone of a stream": (Class) => new Class(streamOf("abc")).clone(),
  "a clone that was read before": (Class) => {
    const old = new Class("abc");
    old.body?.getReader().releaseLock();
    return old.clone();
  },
  "changed fields": (Class) => {
    const made = new Class("abc", { headers: { "X-A": "1", "X-B": "2" } });
    made.headers.delete("x-a");
    made.headers.append("X-B", "3");
    return made;
  },
  "a changed media type": (Class) => {
    const made = new Class("a=1");
    void made.body;
    made.headers.set("Content-Type", "application/x-www-form-urlencoded");
    return made;
  },
  "an object of fields that changes later": (Class) => {
    const headers: Record<string, string> = { "X-A": "1" };
    const made = new Class("a", { headers });
    headers["X-A"] = "2";
    return made;
  },
  "bytes that change later": (Class) => {
    const bytes = new Uint8Array([97]);
    const made = new Class(bytes);
    bytes[0] = 98;
    return made;
  },
  "a subclass": (Class) => new (class extends Class {})("abc", { status: 201 }),
};

/** The questions about a response; each of them gets a response of its own. */
const MEMBERS: Readonly<Record<string, (response: Response) => unknown>> = {
  status: (it) => it.status,
  statusText: (it) => it.statusText,
  ok: (it) => it.ok,
  type: (it) => it.type,
  url: (it) => it.url,
  redirected: (it) => it.redirected,
  headers: (it) => [...it.headers],
  "the same headers": (it) => it.headers === it.headers,
  bodyUsed: (it) => it.bodyUsed,
  body: (it) => it.body === null ? "none" : it.body instanceof ReadableStream,
  "the same body": (it: Response) => it.body === it.body,
  "the body as text": async (it: Response) =>
    it.body === null ? "none" : await new Response(it.body).text(),
  text: (it) => it.text(),
  json: (it) => it.json(),
  arrayBuffer: async (it) => [...new Uint8Array(await it.arrayBuffer())],
  bytes: async (it) => "bytes" in it ? [...await it.bytes()] : "none",
  blob: async (it) => await (await it.blob()).text(),
  "the type of blob": async (it) => tellsType ? (await it.blob()).type : "",
  formData: async (it) => [...await it.formData()],
  "text twice": async (it) => {
    await it.text();
    return [it.bodyUsed, await it.text()];
  },
  clone: async (it) => [await it.clone().text(), await it.text(), it.bodyUsed],
  "clone after text": async (it) => {
    await it.text();
    return it.clone().status;
  },
  "fields of a clone": (it) => {
    const copy = it.clone();
    copy.headers.set("x-copy", "1");
    return [[...copy.headers], it.headers.has("x-copy")];
  },
  "the parts in the runtime's own": async (it) => {
    const copy = new Response(it.body, it);
    return [copy.status, copy.statusText, copy.headers.get("x-a"), await copy.text()];
  },
  instanceof: (it) => it instanceof Response,
  "the instanceof of FastResponse": (it) => it instanceof FastResponse,
  toString: (it: Response) => String(it),
  "an own property": (it) => {
    Object.assign(it, { extra: 1 });
    return (it as Response & { extra: number }).extra;
  },
  keys: (it) => Object.keys(it),
};

/** The answer to a question, or the kind of its error. */
async function answered(question: () => unknown): Promise<unknown> {
  try {
    return await question();
  } catch (error) {
    return `throws ${(error as Error).name}`;
  }
}

/** Whether the runtime's own class adds a media type which Bun does not. */
function withoutType(answer: unknown): unknown {
  if (tellsType || !Array.isArray(answer)) return answer;
  const type = (entry: unknown) =>
    Array.isArray(entry) && entry[0] === "content-type" && `${entry[1]}`.startsWith("text/plain");
  return answer.filter((entry) => !type(entry)).map(withoutType);
}

/** Members of a runtime's own that the standard has otherwise: Bun keeps lone surrogates, Deno loses a field. */
const FAULTY: ReadonlySet<string> = new Set([
  ...["clone of a lone surrogate", "clone of a byte order mark", "fields of a clone of JSON"],
]);

for (const [name, make] of Object.entries(MADE)) {
  test(`a FastResponse of ${name} has the members of the runtime's own`, async () => {
    const fast: Record<string, unknown> = {};
    const own: Record<string, unknown> = {};
    for (const [member, ask] of Object.entries(MEMBERS)) {
      if (FAULTY.has(`${member} of ${name}`)) continue;
      fast[member] = withoutType(await answered(() => ask(make(FastResponse))));
      own[member] = withoutType(await answered(() => ask(make(Response))));
    }
    assertEquals(fast, own);
  });
}

test("FastResponse refuses what the runtime refuses", () => {
  const calls: readonly ((Class: ResponseClass) => unknown)[] = [
    (Class) => new Class("a", { status: 99 }),
    (Class) => new Class("a", { status: 600 }),
    (Class) => new Class("a", { statusText: "a\r\nb" }),
    (Class) => new Class("a", { headers: { "a b": "c" } }),
    (Class) => new Class("a", { headers: { a: "b\r\nc: d" } }),
    (Class) => new Class("a", { headers: { a: "€" } }),
    (Class) => new Class("a", { headers: [["a"]] as unknown as Fields }),
    (Class) => Class.json(undefined),
    (Class) => Class.json(5n),
    (Class) => (Class as unknown as () => unknown)(),
  ];
  for (const call of calls) {
    const kind = (Class: ResponseClass) => {
      try {
        call(Class);
      } catch (error) {
        return (error as Error).name;
      }
    };
    assertEquals(kind(FastResponse), kind(Response), String(call));
  }
});

test("all members of the runtime's own are there", () => {
  const fast = FastResponse.prototype as unknown as Record<string | symbol, unknown>;
  for (const key of Reflect.ownKeys(Response.prototype)) {
    assert(Object.hasOwn(fast, key), String(key));
  }
  for (const name of ["json", "error", "redirect"] as const) {
    assertEquals(typeof FastResponse[name], "function");
  }
});

/** Sends each response, and gives the raw bytes without the date. */
async function sent(make: () => Response): Promise<string> {
  await using client = testClient(fromFetch(make));
  const { raw } = await client.get("/");
  client.takeErrors();
  return new TextDecoder().decode(raw).replace(/\r\ndate: [^\r]*/i, "");
}

/** Responses that the runtime's own class sends in chunks, as it does not tell that they have a length. */
const SENT_BETTER: ReadonlySet<string> = new Set([
  ...["a clone", "a clone of bytes", "a clone that was read before"],
  ...["the parts of another response", "a byte order mark"],
]);

test("a FastResponse is sent as the runtime's own", async () => {
  const made: Record<string, () => Response> = {};
  for (const [name, make] of Object.entries(MADE)) {
    made[`fast ${name}`] = () => make(FastResponse);
    made[`own ${name}`] = () => make(Response);
  }
  await using client = testClient(fromFetch(({ headers }) => {
    return made[headers.get("x-name") ?? ""]?.() ?? new Response("none");
  }));
  const sentAs = async (name: string) => {
    const { raw } = await client.get("/", { headers: { "X-Name": name } });
    const text = new TextDecoder().decode(raw).replace(/\r\ndate: [^\r]*/i, "");
    return tellsType ? text : text.replace(/\r\ncontent-type: text\/plain[^\r]*/i, "");
  };
  for (const name of Object.keys(MADE)) {
    if (SENT_BETTER.has(name)) continue;
    assertEquals(await sentAs(`fast ${name}`), await sentAs(`own ${name}`), name);
  }
  client.takeErrors();
});

test("a copy of the parts of a FastResponse keeps its length", async () => {
  const makes: readonly (() => Response)[] = [
    () => new FastResponse("abc").clone(),
    () => new FastResponse(new Uint8Array(3)).clone(),
    () => {
      const old = new FastResponse("abc", { headers: { "X-A": "1" } });
      return new FastResponse(old.body, old);
    },
    () => {
      const old = new FastResponse(new FastResponse("abc").body);
      return new Response(old.body, old);
    },
    () => {
      const old = new FastResponse("abc");
      void old.clone();
      return new FastResponse(old.body, old);
    },
  ];
  for (const make of makes) assertStringIncludes(await sent(make), "Content-Length: 3");
});

/** Responses that cannot be sent: the body was read, or another reader has it. */
const UNSENDABLE: Readonly<Record<string, (Class: ResponseClass) => Promise<Response>>> = {
  "was read": async (Class) => {
    const response = new Class("abc");
    await response.text();
    return response;
  },
  "is locked": async (Class) => {
    const response = new Class("abc");
    response.body?.getReader();
    return await Promise.resolve(response);
  },
  // Deno makes another stream of the source of the first one.
  "was made of a body that another reader has by now": async (Class) => {
    const { body } = new Class("abc");
    const response = new Class(body);
    body?.getReader();
    return await Promise.resolve(response);
  },
};

for (const [name, make] of Object.entries(UNSENDABLE)) {
  test(`a FastResponse that ${name} is answered as the runtime's own`, async () => {
    await using client = testClient(fromFetch(({ url }) => {
      return make(url.endsWith("own") ? Response : FastResponse);
    }));
    const statuses = [(await client.get("/fast")).status, (await client.get("/own")).status];
    assertEquals(statuses[0], statuses[1]);
    assertEquals(client.takeErrors().length, statuses[0] === 500 ? 2 : 0);
  });
}

test("a FastResponse is sent once, and one without a body again", async () => {
  const once = new FastResponse("abc");
  const empty = new FastResponse(null, { status: 204 });
  await using client = testClient(fromFetch(({ url }) => url.endsWith("empty") ? empty : once));
  assertEquals((await client.get("/")).text, "abc");
  assertEquals([once.bodyUsed, await answered(() => once.text())], [true, "throws TypeError"]);
  assertEquals((await client.get("/")).status, 500);
  assertEquals(client.takeErrors().length, 1);
  assertEquals((await client.get("/empty")).status, 204);
  assertEquals((await client.get("/empty")).status, 204);
});

test("an installed FastResponse is the class of the program until it is put back", () => {
  const scope = { Response };
  const restore = installFastResponse(scope);
  assert(scope.Response === FastResponse);
  assert(Response.error() instanceof scope.Response);
  restore();
  assert(scope.Response === Response);
  assertThrows(() => installFastResponse({}), TypeError, "expected globalThis");
});
