// Serves the app until the process ends, and prints its address.

import { createServer } from "vite";

const server = await createServer({ logLevel: "error", server: { port: 0 } });
await server.listen();
console.log(server.resolvedUrls.local[0]);
