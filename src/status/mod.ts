/**
 * A view inside a running server: its requests and coroutines with their waits, its counts, and metrics.
 *
 * @module
 */

export type { StatusGuard } from "./guard.ts";
export type { MinuteView } from "./last_minute.ts";
export { statusApp, type StatusOptions } from "./status_app.ts";
export { metricsApp, type MetricsOptions } from "./metrics_app.ts";
export {
  formatMetrics,
  type Metric,
  type MetricsSnapshot,
  type Sample,
  sumMetrics,
} from "./metrics.ts";
export { MetricsRecorder } from "./metrics_recorder.ts";
export {
  type CoroutineView,
  type OtherCoroutineView,
  type RequestView,
  type ServerView,
  StatusRecorder,
  type StatusView,
} from "./status_recorder.ts";
