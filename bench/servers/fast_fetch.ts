/** Fetch handlers on our server, with the class `FastResponse` in place of the runtime's own. */

import { installFastResponse } from "../../src/fetch/mod.ts";

installFastResponse(globalThis);
await import("./from_fetch.ts");
