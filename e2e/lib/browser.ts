// A real Chromium with a fake camera.
import { chromium, type Browser, type BrowserContext } from "playwright-core";

const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
];

export async function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: flags, headless: true });
}

export async function openContext(browser: Browser, size = { width: 1280, height: 800 }, locale = "en-US"): Promise<BrowserContext> {
  return browser.newContext({
    viewport: size,
    locale,
    permissions: ["camera", "microphone", "clipboard-read", "clipboard-write"],
  });
}
