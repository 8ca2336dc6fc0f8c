// Long vertical runs of edges, each in a gap between two columns of the lattice.
//
// A head's edge to the logits, and the input's edge to a head, would run over the nodes between. They run in the gaps
// instead: the strongest edge has the first choice of a gap, and edges that share one at the same height run side by
// side, each in a track of its own.

export interface LaneRequest {
  key: string;
  /** Gaps that are as good as each other, the better one first. */
  gaps: readonly number[];
  /** From where to where it runs, in any order. */
  span: readonly [number, number];
}

export interface Lane {
  gap: number;
  /** Which of the gap's tracks, from 0, and how many there are. */
  track: number;
  tracks: number;
}

/** A lane for each request; those that come first choose first. */
export function lanesOf(requests: readonly LaneRequest[]): Map<string, Lane> {
  const gaps = new Map<number, (readonly [number, number])[][]>();
  const tracksOf = (gap: number) => gaps.get(gap) ?? [];
  const freeTrack = (gap: number, span: LaneRequest["span"]) => {
    const found = tracksOf(gap).findIndex((track) => track.every((other) => !overlaps(other, span)));
    return found < 0 ? tracksOf(gap).length : found;
  };
  const chosen = requests.map(({ key, gaps: wanted, span }) => {
    const options = wanted.map((gap) => ({ gap, track: freeTrack(gap, span) }));
    const best = options.reduce((a, b) => (b.track < a.track ? b : a));
    const tracks = tracksOf(best.gap);
    tracks[best.track] = [...(tracks[best.track] ?? []), span];
    gaps.set(best.gap, tracks);
    return { key, ...best };
  });
  return new Map(chosen.map(({ key, gap, track }) => [key, { gap, track, tracks: tracksOf(gap).length }]));
}

function overlaps([a, b]: readonly [number, number], [c, d]: readonly [number, number]): boolean {
  return Math.max(Math.min(a, b), Math.min(c, d)) < Math.min(Math.max(a, b), Math.max(c, d));
}
