import { createRequire } from "node:module";
import { spawn } from "node:child_process";
const { chromium } = createRequire(process.cwd() + "/")("playwright-core");
const s = spawn("npx", ["vite", "preview", "--port", "4193", "--strictPort"], { stdio: "ignore", detached: true });
await new Promise(r => setTimeout(r, 2500));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
await page.goto("http://localhost:4193/models/ioi-demo/config.json");
const session = await page.context().newCDPSession(page);
await session.send("Storage.overrideQuotaForOrigin", { origin: "http://localhost:4193", quotaSize: 4e5 });
console.log(await page.evaluate(async () => {
  const src = `onmessage = async () => { const out = []; try {
    out.push(JSON.stringify(await navigator.storage.estimate()));
    const root = await navigator.storage.getDirectory();
    const f = await root.getFileHandle("x", {create: true});
    const h = await f.createSyncAccessHandle();
    for (let i = 0; i < 8; i++) { try { const n = h.write(new Uint8Array(1e5), {at: i*1e5}); out.push("wrote " + n + " size " + h.getSize()); } catch (e) { out.push(String(e) + " size " + h.getSize()); } }
    try { h.flush(); out.push("flushed " + h.getSize()); } catch (e) { out.push("flush " + e); }
    h.close(); out.push("blob " + (await f.getFile()).size); 
    out.push(JSON.stringify(await navigator.storage.estimate()));
    } catch (e) { out.push("E " + e) } postMessage(out); }`;
  const w = new Worker(URL.createObjectURL(new Blob([src])));
  return new Promise(r => { w.onmessage = e => r(e.data); w.postMessage(0); });
}));
await browser.close(); process.kill(-s.pid);
