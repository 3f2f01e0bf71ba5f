/** Static files with compression: the app serves the sources of these examples, to try ranges and caches. */

import type { Mounts } from "../mod.ts";
import { compress } from "../src/middleware/compress/mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, page, sources } from "./site/pages.ts";

export const files: Mounts = { "/files": page("files.html"), "/source": compress(sources) };

await serveWhenMain(import.meta, { ...alone(page("files.html")), ...files });
