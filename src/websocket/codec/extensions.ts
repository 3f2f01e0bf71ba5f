/**
 * The field `Sec-WebSocket-Extensions` (RFC 6455 §9.1), and the negotiation of `permessage-deflate` (RFC 7692
 * §5 and §7.1).
 *
 *     extension-list  = 1#extension
 *     extension       = extension-token *( ";" extension-param )
 *     extension-param = token [ "=" ( token | quoted-string ) ]
 *
 * The list follows RFC 9110 §5.6.1: white space around its parts and empty members are allowed. A field with
 * another syntax fails the handshake. An offer with a parameter that is unknown, repeated, or has a wrong value is
 * only declined, and the next offer may be taken.
 *
 * The handshake calls this.
 *
 * @module
 */

/** One offer of a client. */
export interface ExtensionOffer {
  /** The name of the extension. */
  readonly name: string;
  /** The names and values of the parameters, in their order. */
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/** `tchar` (RFC 9110 §5.6.2): the characters of a token. */
const TCHAR = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
/** `token`, with the white space around it. */
const TOKEN = new RegExp(`[ \\t]*(${TCHAR}+)[ \\t]*`, "y");
/** `token` or `quoted-string`, with the white space around it. */
const VALUE = new RegExp(`[ \\t]*(?:(${TCHAR}+)|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*`, "y");
const COMMAS = /[ \t]*(?:,[ \t]*)*/y;
const WHOLE_TOKEN = new RegExp(`^${TCHAR}+$`);

/** Whether a text is a token (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return WHOLE_TOKEN.test(text);
}

/**
 * Reads the extensions that a client offers.
 *
 * @param field The value of the field; several lines are joined by commas.
 * @returns The offers in their order; `undefined` if the syntax is wrong.
 */
export function parseExtensions(field: string): ExtensionOffer[] | undefined {
  const offers: ExtensionOffer[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(field);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  match(COMMAS);
  do {
    const name = match(TOKEN)?.[1];
    if (name === undefined) return undefined;
    const parameters: [string, string | undefined][] = [];
    while (field[at] === ";") {
      at++;
      const parameter = match(TOKEN)?.[1];
      if (parameter === undefined) return undefined;
      let value: string | undefined;
      if (field[at] === "=") {
        at++;
        const found = match(VALUE);
        value = found?.[1] ?? found?.[2]?.replace(/\\(.)/g, "$1");
        // RFC 6455 §9.1: the value of a quoted string is a token, too.
        if (value === undefined || !isToken(value)) return undefined;
      }
      parameters.push([parameter, value]);
    }
    offers.push({ name, parameters });
    if (at < field.length && field[at] !== ",") return undefined;
    match(COMMAS);
  } while (at < field.length);
  return offers;
}

/** The name of the extension of RFC 7692. */
const DEFLATE = "permessage-deflate";

/** The parameters of `permessage-deflate`, as both ends have agreed on them (RFC 7692 §7.1). */
export interface DeflateParameters {
  /** Whether the server compresses each message by itself. */
  readonly serverNoContextTakeover: boolean;
  /** Whether the client compresses each message by itself. */
  readonly clientNoContextTakeover: boolean;
  /** The window of the server, as a power of two: 8 to 15. */
  readonly serverMaxWindowBits: number;
  /** The window of the client, as a power of two: 8 to 15. */
  readonly clientMaxWindowBits: number;
}

/** An agreement on `permessage-deflate`, and its text in the answer of the handshake. */
export interface DeflateAgreement extends DeflateParameters {
  /** The value of `Sec-WebSocket-Extensions` in the answer. */
  readonly field: string;
}

/**
 * Takes the first valid offer of `permessage-deflate`.
 *
 * @param offers The offers of a client.
 * @param own The most that the server uses and allows.
 * @returns The agreement; `undefined` if no offer is valid.
 */
export function agreeOnDeflate(
  offers: readonly ExtensionOffer[],
  own: DeflateParameters,
): DeflateAgreement | undefined {
  for (const offer of offers) {
    const asked = offer.name === DEFLATE ? askedBy(offer) : undefined;
    if (asked !== undefined) return agreement(asked, own);
  }
  return undefined;
}

/** The valid values of the window, in decimal without a leading zero (RFC 7692 §7.1.2). */
const WINDOW_BITS = /^(?:[89]|1[0-5])$/;

/** The parameters of an offer by name: `true` without a value. `undefined` if the offer is invalid. */
function askedBy({ parameters }: ExtensionOffer): Map<string, number | true> | undefined {
  const asked = new Map<string, number | true>();
  for (const [name, value] of parameters) {
    const isFlag = name === "server_no_context_takeover" || name === "client_no_context_takeover";
    const isWindow = name === "server_max_window_bits" || name === "client_max_window_bits";
    if (asked.has(name) || !isFlag && !isWindow) return undefined;
    if (value === undefined) {
      // A client may say that it knows the parameter, but not for the server's window.
      if (name === "server_max_window_bits") return undefined;
      asked.set(name, true);
    } else {
      if (isFlag || !WINDOW_BITS.test(value)) return undefined;
      asked.set(name, Number(value));
    }
  }
  return asked;
}

function agreement(
  asked: ReadonlyMap<string, number | true>,
  own: DeflateParameters,
): DeflateAgreement {
  const serverBits = asked.get("server_max_window_bits") ?? 15;
  const clientBits = asked.get("client_max_window_bits");
  const agreed: DeflateParameters = {
    serverNoContextTakeover: own.serverNoContextTakeover || asked.has("server_no_context_takeover"),
    clientNoContextTakeover: own.clientNoContextTakeover || asked.has("client_no_context_takeover"),
    serverMaxWindowBits: Math.min(Number(serverBits), own.serverMaxWindowBits),
    // RFC 7692 §7.1.2.2: without the parameter in the offer, the server must not limit the client.
    clientMaxWindowBits: clientBits === undefined
      ? 15
      : Math.min(clientBits === true ? 15 : clientBits, own.clientMaxWindowBits),
  };
  const parts = [
    DEFLATE,
    ...(agreed.serverNoContextTakeover ? ["server_no_context_takeover"] : []),
    ...(agreed.clientNoContextTakeover ? ["client_no_context_takeover"] : []),
    ...(agreed.serverMaxWindowBits < 15 || asked.has("server_max_window_bits")
      ? [`server_max_window_bits=${agreed.serverMaxWindowBits}`]
      : []),
    ...(agreed.clientMaxWindowBits < 15
      ? [`client_max_window_bits=${agreed.clientMaxWindowBits}`]
      : []),
  ];
  return { ...agreed, field: parts.join("; ") };
}
