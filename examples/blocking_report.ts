/**
 * A report that computes for long, in threads: the greeting beside it answers at once.
 *
 *     curl 'http://127.0.0.1:8000/report?200000' & curl http://127.0.0.1:8000/
 */

import type { Mounts } from "../mod.ts";
import { blocking } from "../src/blocking/mod.ts";
import { serveWhenMain } from "./main.ts";

/** The report in threads, and a greeting in the main thread. */
export const reports: Mounts = {
  "/report": blocking(new URL("./blocking_report_app.ts#report", import.meta.url), {
    threads: 2,
    deadline: 30,
  }),
  "/": (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["hello\n"];
  },
};

await serveWhenMain(import.meta, reports);
