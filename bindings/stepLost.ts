// What an engine says of a thread: between those who run steps, never to users. Apart from their errors, because who computes in
// threads needs no more of these.

/** A thread was lost during a run: `next` is the index of the furthest instruction that had begun. */
export class StepLost extends Error {
  readonly next: number;
  constructor(next: number, reason: string) {
    super(reason);
    this.next = next;
  }
}
