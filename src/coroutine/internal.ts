/**
 * The functions that the layers above need and that are not public.
 *
 * The engine imports this file, and so does the bus, for {@linkcode start}. The public names are in `mod.ts`.
 *
 * @module
 */

export { BASE } from "./base_members.ts";
export { checkedOptions, checkFunction, NO_OPTIONS } from "./call_checks.ts";
export { callAfterPoll, setTimerInParts } from "./clock.ts";
export { type CurrentStep, currentStep } from "./current_step.ts";
export { describeThrown, isOf, nameOf } from "./error_text.ts";
export { callHook, describeFailed, faultlessLog, indentEntry } from "./failure_log.ts";
export { isPlain } from "./base_members.ts";
export { NOT_YET } from "./operation.ts";
export { notePerformed } from "./origin.ts";
export { checkMembers } from "./option_checks.ts";
export { handleRejection, handleRejectionsIn } from "./interop/promises.ts";
export { type Ready, ReadyQueue } from "./kernel/ready_queue.ts";
export { Roster, type RosterMember } from "./kernel/roster.ts";
export {
  handleFailures,
  launch,
  type LaunchedTask,
  noteWait,
  start,
  tellMistakes,
} from "./scheduler.ts";
