/**
 * Functions of the engine that the layers above need, and that are not public.
 *
 * Imported by `src/wsgi` and `src/server`; `mod.ts` is the public door.
 *
 * @module
 */

export { handleRejection } from "./operations/until.ts";
export { describeFailed } from "./failure_log.ts";
export { isPlain } from "./option_checks.ts";
export { NOT_YET } from "./operation.ts";
export { handleFailures, launch, start } from "./scheduler.ts";
