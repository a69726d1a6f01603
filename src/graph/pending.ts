// Modules on their way that a program will need. Whoever asks for the machine, and so everything that compiles a program, awaits
// them first.

const pending = new Set<Promise<unknown>>();

/** One that fails stays, and whoever awaits it is told. */
export function awaitedModule(loading: Promise<unknown>): void {
  pending.add(loading);
  loading.then(
    () => pending.delete(loading),
    () => {},
  );
}

/** Null where nothing is on its way. */
export function awaitedModules(): Promise<unknown> | null {
  return pending.size > 0 ? Promise.all(pending) : null;
}
