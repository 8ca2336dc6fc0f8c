// One table of edges that grows: what the worker tells of it, and how the page's copy follows.

import type { EdgesProgress } from "./messages";
import type { EdgesResult, EdgesUpdate, EdgeTable } from "./types";

/** Follows a call of `edges`; `onUpdate` gets the one table each time. */
export function growing(onUpdate: ((update: EdgesUpdate) => void) | undefined) {
  let table: EdgeTable | undefined;
  return {
    onProgress: ({ table: whole, changed, ...progress }: EdgesProgress): void => {
      if (!table && !whole) return;
      const isFirst = !table;
      table ??= whole!;
      const { values, state, stdDev } = table;
      changed.indices.forEach((place, i) => {
        values[place] = changed.values[i]!;
        state[place] = changed.state[i]!;
        stdDev[place] = changed.stdDev[i]!;
      });
      onUpdate?.({ progress, table, changed: isFirst ? known(table) : changed.indices });
    },
    /** The result, whose table is the one that was told. */
    whole: (result: EdgesResult): EdgesResult => {
      if (!table) return result;
      table.values.set(result.table.values);
      table.state.set(result.table.state);
      table.stdDev.set(result.table.stdDev);
      return { ...result, table };
    },
  };
}

/** Places of which something is known. */
function known({ state }: EdgeTable): Uint32Array {
  return Uint32Array.from(state, (_, place) => place).filter((place) => state[place]! >= 2);
}
