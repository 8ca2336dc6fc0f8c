// The page's state in one place: actions go in, listeners hear what it was and what it is.

export interface Store<S, A> {
  state: () => S;
  dispatch: (action: A) => void;
  /** Called after every change, in the order of subscribing, until what is returned is called. */
  subscribe: (listener: (now: S, before: S) => void) => () => void;
}

export function createStore<S, A>(initial: S, reduce: (state: S, action: A) => S): Store<S, A> {
  let state = initial;
  const listeners = new Set<(now: S, before: S) => void>();
  const queue: A[] = [];
  const dispatch = (action: A) => {
    // What a listener dispatches waits until all have heard of the change before it.
    queue.push(action);
    if (queue.length > 1) return;
    try {
      for (; queue.length; queue.shift()) {
        const before = state;
        state = reduce(state, queue[0]!);
        if (state !== before) for (const listener of listeners) listener(state, before);
      }
    } finally {
      // Where one throws, what waits behind it goes with it, and the next action is heard again.
      queue.length = 0;
    }
  };
  const subscribe = (listener: (now: S, before: S) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return { state: () => state, dispatch, subscribe };
}

/** One piece of work at a time: a new one cancels the one before. */
export interface Latest<A extends unknown[]> {
  start: (...args: A) => void;
  cancel: () => void;
}

/** `work` must do nothing to the page once its signal is aborted; `fail` hears of what it throws before that. */
export function latest<A extends unknown[]>(
  work: (signal: AbortSignal, ...args: A) => Promise<void>,
  fail: (error: unknown) => void,
): Latest<A> {
  let controller = new AbortController();
  const start = (...args: A) => {
    controller.abort();
    const mine = new AbortController();
    controller = mine;
    work(mine.signal, ...args).catch((error: unknown) => {
      if (!mine.signal.aborted) fail(error);
    });
  };
  return { start, cancel: () => controller.abort() };
}
