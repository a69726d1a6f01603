// The one error class. It stands at the bottom so that the machine can throw it too.

/** What kind of mistake or failure an error is. */
export type ErrorCode =
  | "invalid-argument" // a value of the wrong type or out of its range
  | "unknown-option" // an option key that does not exist
  | "shape-mismatch" // shapes, ranks or lengths that do not fit each other
  | "dtype-mismatch" // float32 where int32 is wanted, or the other way round
  | "empty-data" // nothing to compute on
  | "non-finite" // a loss or tensor became NaN or infinite
  | "not-ready" // something is read before it exists
  | "busy" // the machine is running a step
  | "disposed" // a disposed model, or a machine given up
  | "bad-file" // a file that is not what it claims to be
  | "out-of-memory" // WebAssembly memory cannot grow
  | "unsupported" // cannot be done in this environment
  | "state-lost"; // a step was interrupted after it had begun to change variables

/**
 * Every error that this library throws on purpose. `message` says where, what was expected, what came and
 * what to do; `code` is for programs.
 */
export class LanewiseError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LanewiseError";
    this.code = code;
  }
}

/** A memory that cannot be had. Node before 24 reserves ten gigabytes of addresses for each, however small. */
export const memoryRefused = (bytes: number, cause: unknown): LanewiseError =>
  new LanewiseError(
    "out-of-memory",
    `A WebAssembly memory of ${bytes} bytes could not be created. Close other pages or models, or ask for less; where the address space is limited (ulimit -v), start Node with --disable-wasm-trap-handler.`,
    { cause },
  );
