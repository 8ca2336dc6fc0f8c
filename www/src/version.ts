// The version of this build, that of Cargo.toml; the build writes it in.

declare const PATHPATCH_VERSION: string;

export const VERSION = PATHPATCH_VERSION;
