/**
 * The door for the layers above that is closed to users: functions of the engine that are not
 * public.
 *
 * Imported by `src/wsgi` and `src/server`; `mod.ts` is the public door.
 *
 * @module
 */

export { handleRejection } from "./operations/until.ts";
export { describeFailed } from "./failure_log.ts";
export { NOT_YET } from "./operation.ts";
export { handleFailures, launch, start } from "./scheduler.ts";
