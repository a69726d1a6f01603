// What the workers of products.mjs have in common: matrices, checks and the clock.

/** Numbers between -1 and 1, the same in each library. */
export function matrix(n, seed) {
  let state = seed;
  return Float32Array.from({ length: n * n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
}

/** Throws where the element at [1, 2] is not what it is in float64. */
function check(n, product) {
  const [a, b] = [matrix(n, 1), matrix(n, 2)];
  let sum = 0;
  for (let k = 0; k < n; k++) sum += a[n + k] * b[k * n + 2];
  if (!(Math.abs(sum - product[n + 2]) < 1e-3)) throw new Error(`${product[n + 2]} instead of ${sum}`);
}

/**
 * Answers the messages of the page: `start()` says how many threads there are, `prepare(n)` returns a function that multiplies and
 * one that reads the product, either may be asynchronous.
 */
export function serve({ start, prepare }) {
  let multiply;
  let readAndCheck;
  const answer = async (message) => {
    if (message.start) return { threads: await start() };
    if (message.prepare) {
      const made = await prepare(message.prepare);
      multiply = made.multiply;
      readAndCheck = async () => check(message.prepare, await made.read());
      await multiply();
      await readAndCheck();
      return {};
    }
    const samples = [];
    const end = performance.now() + message.run;
    do {
      const before = performance.now();
      const result = multiply();
      if (result instanceof Promise) await result;
      samples.push(performance.now() - before);
    } while (performance.now() < end);
    await readAndCheck();
    return { milliseconds: samples.sort((a, b) => a - b)[samples.length >> 1] };
  };
  globalThis.onmessage = ({ data }) =>
    answer(data).then(postMessage, (error) => postMessage({ error: String(error?.stack ?? error) }));
}
