/**
 * Middleware: apps around apps.
 *
 * Each file is a model to copy: it imports the engine through the public `mod.ts` of each layer, as the
 * code of a user does. `compress` has a subpath of its own, because it loads `node:zlib`.
 *
 * @module
 */

export { accessLog, type AccessLogOptions } from "./access_log.ts";
export type { AccessLogEntry, AccessLogFormat } from "./access_log_formats.ts";
export { basicAuth, type BasicAuthOptions } from "./basic_auth.ts";
export { HTTPException } from "../wsgi/mod.ts";
export { cors, type CORSOptions } from "./cors.ts";
export { delegate } from "./delegate.ts";
export { errorPage, type ErrorResponse } from "./error_page.ts";
export { lazyStartResponse } from "./lazy_start_response.ts";
export { type BlockStage, passThrough } from "./pass_through.ts";
export { requestId, type RequestIdOptions } from "./request_id.ts";
export { staticFiles, type StaticFilesOptions } from "./static_files/static_files.ts";
export { type SyncApp, type SyncEnviron, syncInput } from "./sync_input.ts";
export { FORWARDED_FIELDS, type ForwardedField } from "./trust_proxy/forwarded_fields.ts";
export { trustProxy, type TrustProxyOptions } from "./trust_proxy/trust_proxy.ts";
export { WSGIValidationError } from "./validator/validation_error.ts";
export { validator } from "./validator/validator.ts";
