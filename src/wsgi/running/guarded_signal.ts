/**
 * An abort signal with listeners that cannot end the process.
 *
 * The runtime reports an error of a listener as uncaught, and the process ends: one client that
 * leaves would end all requests. Therefore each listener is wrapped, and its error goes to the log.
 *
 * The trap: signals made of this one, such as by `AbortSignal.any`, have listeners of their own, which the
 * engine does not see.
 *
 * The `cogen` of a request calls this when an app first asks for the signal.
 *
 * @module
 */

type Listener = (event: unknown) => unknown;
type AnyListener = Listener | { handleEvent(event: unknown): unknown } | null;
type Register = (type: string, listener: unknown, options?: unknown) => void;

/**
 * Guards the listeners that are added to a signal from now on.
 *
 * @param signal A signal without listeners.
 * @param report Takes the error of a listener, or the rejection of an async listener.
 * @returns The same signal, which is still an `AbortSignal` of the runtime.
 */
export function guardListeners(
  signal: AbortSignal,
  report: (error: unknown) => void,
): AbortSignal {
  /** One wrapper for each listener, so that the runtime still sees a listener that is added twice. */
  const wrappers = new WeakMap<object, Listener>();
  const wrapped = (listener: AnyListener): AnyListener => {
    const isListener = typeof listener === "function" || typeof listener === "object";
    if (!isListener || listener === null) return listener;
    const known = wrappers.get(listener);
    if (known !== undefined) return known;
    const wrapper = (event: unknown) => {
      try {
        const given = typeof listener === "function"
          ? listener.call(signal, event)
          : listener.handleEvent(event);
        if (given instanceof Promise) given.catch(report);
      } catch (error) {
        report(error);
      }
    };
    wrappers.set(listener, wrapper);
    return wrapper;
  };
  const guarded = (register: Register) =>
    descriptor({
      value: (type: string, listener: AnyListener, options?: unknown) =>
        register.call(signal, type, wrapped(listener), options),
      configurable: true,
      writable: true,
    });
  const add = signal.addEventListener as Register;
  const remove = signal.removeEventListener as Register;
  let onabort: AnyListener = null;
  Object.defineProperties(signal, {
    addEventListener: guarded(add),
    removeEventListener: guarded(remove),
    onabort: descriptor({
      get: () => onabort,
      set: (handler: AnyListener) => {
        remove.call(signal, "abort", wrapped(onabort));
        onabort = typeof handler === "function" ? handler : null;
        if (onabort !== null) add.call(signal, "abort", wrapped(onabort));
      },
      configurable: true,
    }),
  });
  return signal;
}

/** A descriptor that inherits nothing, since an app may have added `get` or `value` to `Object.prototype`. */
function descriptor(members: PropertyDescriptor): PropertyDescriptor {
  return Object.assign(Object.create(null) as PropertyDescriptor, members);
}
