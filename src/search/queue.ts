// A queue that is read as an async iterable, by any number of readers at the same time.

export interface Queue<T> extends AsyncIterableIterator<T> {
  push(item: T): void;
  /** Nothing comes any more; what was pushed is still read. */
  close(): void;
  fail(error: unknown): void;
}

export function createQueue<T>(): Queue<T> {
  const items: T[] = [];
  const readers: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void }[] = [];
  let ended: { error?: unknown } | null = null;
  const settle = (): void => {
    while (readers.length > 0) {
      if (items.length > 0) readers.shift()?.resolve({ done: false, value: items.shift() as T });
      else if (!ended) return;
      else if ("error" in ended) readers.shift()?.reject(ended.error);
      else readers.shift()?.resolve({ done: true, value: undefined });
    }
  };
  const self: Queue<T> = {
    push(item) {
      items.push(item);
      settle();
    },
    close() {
      ended ??= {};
      settle();
    },
    fail(error) {
      ended ??= { error };
      settle();
    },
    next: () =>
      new Promise((resolve, reject) => {
        readers.push({ resolve, reject });
        settle();
      }),
    return() {
      items.length = 0;
      self.close();
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => self,
  };
  return self;
}
