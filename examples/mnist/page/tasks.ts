// Watches for tasks that kept the page from answering for more than 50 ms, where the browser reports them.

/** `changed` hears a line about them, empty where the browser does not tell. */
export function watchTasks(changed: (text: string) => void): void {
  if (!PerformanceObserver.supportedEntryTypes.includes("longtask")) {
    changed("");
    return;
  }
  let count = 0;
  let longest = 0;
  const say = (): void =>
    changed(
      count === 0
        ? " · no task over 50 ms on this page’s thread"
        : ` · ${count} task${count > 1 ? "s" : ""} over 50 ms on this page’s thread, the longest ${Math.round(longest)} ms`,
    );
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      count++;
      longest = Math.max(longest, duration);
    }
    say();
  }).observe({ type: "longtask", buffered: true });
  say();
}
