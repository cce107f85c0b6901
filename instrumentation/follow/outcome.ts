// An outcome is where it is reported how something that a function of the user returned came to its end: a promise
// that settled, a stream that was read, an iterator that was left. Only the first report counts.

export interface Outcome {
  /** It is over; `value` is what it resolved to or returned last. */
  readonly completed: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
  /** Its reader went before its end, it was aborted, or nobody can read it any more. */
  readonly left: () => void;
  /** It gave this value and goes on. */
  readonly gave?: (value: unknown) => void;
  /** Somebody waits for it: from here on it cannot be collected before it ends. */
  readonly asked?: () => void;
  /** It is in hands in which its end cannot be seen: a raw response, a piped stream. */
  readonly handedOn: (value: unknown) => void;
}

/** An outcome of which only the first report is passed on. */
export function onlyOnce(outcome: Outcome): Outcome {
  let isOver = false;
  const first = (report: () => void): void => {
    if (isOver) return;
    isOver = true;
    report();
  };
  return {
    ...outcome,
    completed: (value) => {
      first(() => {
        outcome.completed(value);
      });
    },
    failed: (error) => {
      first(() => {
        outcome.failed(error);
      });
    },
    left: () => {
      first(() => {
        outcome.left();
      });
    },
    handedOn: (value) => {
      first(() => {
        outcome.handedOn(value);
      });
    },
  };
}
