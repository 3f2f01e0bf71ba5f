/**
 * The door for the layers above that is closed to users: functions of the engine that are not
 * public.
 *
 * Imported by `src/wsgi` and `src/server`; `mod.ts` is the public door.
 *
 * @module
 */

export { handleRejection } from "./operations/until.ts";
export { NOT_YET } from "./operation.ts";
export { launch, start } from "./scheduler.ts";
