// A file for the reader.

/** By when a download has surely begun. */
const DOWNLOAD_MS = 60_000;

/** Hand a file to the reader. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Some browsers take hold of it well after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_MS);
}
