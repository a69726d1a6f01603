// Waiting no longer than until a signal.

/** Settles as a promise does, but rejects as soon as the signal is aborted, where that may `end` it. */
export function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal | null,
  end = (): boolean => true,
): Promise<T> {
  if (!signal) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = () => end() && reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).then(() => signal.removeEventListener("abort", abort));
  });
}
