// Whether this browser has seen the walk through a run, or was told of it and declined.

const KEY = "pathpatch-tour-seen";

export function hasSeenTour(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    // A browser that keeps nothing is not asked again at each visit.
    return true;
  }
}

export function tourIsSeen(): void {
  try {
    localStorage.setItem(KEY, "1");
  } catch {
    // A browser that keeps nothing is asked only while it does.
  }
}
