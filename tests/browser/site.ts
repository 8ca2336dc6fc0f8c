// Where the built site is served to the tests. SITE_PORT changes the port, so that a second run can stand beside the first.

export const SITE_PORT = Number(process.env.SITE_PORT ?? 4173);
export const SITE = `http://localhost:${SITE_PORT}`;
