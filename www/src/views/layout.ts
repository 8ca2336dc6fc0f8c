// Where the page's parts stand: beside each other, or one below the other. They are moved, not only shown elsewhere, so
// that the Tab key and a screen reader go through them in the order in which they are seen.

/** From here on there are two columns; the style sheet says the same. */
const WIDE = "(min-width: 900px)";

export interface Parts {
  header: HTMLElement;
  /** The last part of the header. */
  end: HTMLElement;
  left: HTMLElement;
  right: HTMLElement;
  views: HTMLElement;
  says: HTMLElement;
  picture: HTMLElement;
}

export function create({ header, end, left, right, views, says, picture }: Parts): void {
  const wide = matchMedia(WIDE);
  const arrange = () => {
    const focused = document.activeElement;
    if (wide.matches) {
      header.insertBefore(views, end);
      right.prepend(says);
    } else {
      left.insertBefore(says, picture);
      left.insertBefore(views, picture);
    }
    // What is moved loses the focus.
    if (focused instanceof HTMLElement && focused !== document.activeElement) focused.focus({ preventScroll: true });
  };
  arrange();
  wide.addEventListener("change", arrange);
}
